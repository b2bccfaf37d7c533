/** Many endpoints at once: a thousand on a host in memory, and on a real one as many as the time is for. */
import { performance } from 'node:perf_hooks';
import type { Diagnosis } from '#api/diagnosis.ts';
import { createContainer, EXECUTE, start, startEngine } from '../engine/fixture.ts';
import { TESTNET_CONFIG } from '../engine/testnet.ts';
import { startHostWithImage } from '../testbed/base-image.ts';
import { requireConsistent } from './kills/consistency.ts';
import { type Budget, type Figures, messageOfFailure, type Part } from './part.ts';

const MANY = 1000;
/** Real containers that are started at the same time. */
const LANES = 4;
/** No operation's cost may grow with the number of endpoints it does not touch: last hundred against first. */
const MOST_GROWTH = 4;

async function inMemory(): Promise<string> {
	const fixture = await startEngine();
	const { engine, store, host } = fixture;
	await engine.networks.create({ ...TESTNET_CONFIG, subnet: '10.4.0.0/16' }, EXECUTE);
	const took: number[] = [];
	for (let index = 0; index < MANY; index += 1) {
		const began = performance.now();
		const id = await createContainer(fixture, `web-${index}`);
		await engine.endpoints.connect({ container: id, network: 'testnet', ipAddress: '<auto>', ipAddress6: '' }, EXECUTE);
		await start(fixture, id);
		took.push(performance.now() - began);
	}
	requireConsistent({ store, host, engine }, `with ${MANY} endpoints`);
	const median = (times: readonly number[]) => times.toSorted((one, other) => one - other)[times.length >> 1] ?? 0;
	const [first, last] = [median(took.slice(50, 150)), median(took.slice(-100))];
	if (last > MOST_GROWTH * first)
		throw new Error(`an endpoint took ${first.toFixed(1)} ms, then ${last.toFixed(1)} ms`);
	for (const { id } of store.containers.list()) {
		await engine.containers.stop(id, 0);
		await engine.containers.remove(id);
	}
	await engine.networks.remove('testnet', EXECUTE);
	requireConsistent({ store, host, engine }, 'afterwards');
	return `${MANY} endpoints in memory: ${first.toFixed(1)} ms each at first, ${last.toFixed(1)} ms at last`;
}

async function onRealHost(budget: Budget): Promise<{ note: string; endpoints: number }> {
	const host = await startHostWithImage();
	const running: string[] = [];
	let refused = '';
	try {
		await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.0.0/16', 'net');
		// Half of the time is for starting them, the rest for looking at them and removing them.
		const starting = budget.share(1 / 2);
		const lane = async () => {
			while (!starting.isSpent && running.length < MANY && refused === '') {
				const name = `web-${running.length}`;
				running.push(name);
				const options = ['--name', name, '-l', 'vnet', '-n', 'net', 'Debian', 'sleep', '3600'];
				const { code, stderr } = await host.klee('run', '-d', ...options);
				if (code !== 0) refused = stderr;
			}
		};
		await Promise.all(Array.from({ length: LANES }, lane));
		const { stdout } = await host.klee('network', 'doctor', '--json');
		// A bridge that is nearly full is one, and is said so.
		const findings = (JSON.parse(stdout) as Diagnosis).findings.filter(({ kind }) => kind !== 'capacity');
		if (findings.length > 0) throw new Error(`doctor: ${JSON.stringify(findings)}`);
	} finally {
		await host.close();
	}
	if (refused !== '' && !/^ hint: /m.test(refused)) throw new Error(`refused without a hint: ${refused}`);
	return {
		note: `${running.length} on a real host${refused === '' ? '' : ', then refused'}`,
		endpoints: running.length,
	};
}

export const endpoints: Part = {
	name: 'endpoints',
	what: 'a thousand endpoints on one network: costs do not grow, nothing is left',
	minutes: 5,
	async run(budget): Promise<Figures> {
		try {
			const memory = await inMemory();
			const { note, endpoints } = await onRealHost(budget);
			return { requests: 3 * (MANY + endpoints), leaks: 0, note: `${memory}; ${note}`, failures: [] };
		} catch (error) {
			return { failures: [messageOfFailure(error)] };
		}
	},
};
