/** The API on a host in memory with some objects, which stay there whatever random requests remove. */
import { pino } from 'pino';
import { buildApp } from '#daemon/app.ts';
import { FakeHost } from '#host/fake/driver.ts';
import { createContainer, createImage, start, startEngine } from '#test/engine/fixture.ts';
import { TESTNET_CONFIG } from '#test/engine/testnet.ts';

/** More objects of a kind than this are pruned. */
const CROWD = 20;

export async function startApi(host = new FakeHost()) {
	const fixture = await startEngine(host);
	const { engine } = fixture;
	/** Lines of the log of level error. */
	const errors: string[] = [];
	const write = (line: string) => void errors.push(line);
	const app = await buildApp(engine, pino({ level: 'error' }, { write }));

	/** Brings back the image, the network and the running container that requests refer to. */
	async function tend(): Promise<void> {
		if (!engine.images.list().some(({ name, tag }) => name === 'Base' && tag === 'latest')) await createImage(engine);
		const networks = engine.networks.list();
		if (networks.length > CROWD) await engine.networks.prune({ dryRun: false });
		if (!networks.some(({ name }) => name === TESTNET_CONFIG.name))
			await engine.networks.create(TESTNET_CONFIG, { dryRun: false }).catch(() => {});
		const containers = await engine.containers.list(true);
		if (containers.length > CROWD) await engine.containers.prune();
		if (containers.length === 0) await start(fixture, await createContainer(fixture, 'web'));
	}
	await engine.networks.create(TESTNET_CONFIG, { dryRun: false });
	await tend();
	return { ...fixture, app, errors, tend };
}
