/** Ends of containers that could not be recorded: they can be tried again, and nobody gets what such a container has. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import { connect, createContainer, EXECUTE, onHost, start, startEngine } from './fixture.ts';
import { TESTNET_CONFIG } from './testnet.ts';

type Fixture = Awaited<ReturnType<typeof startEngine>>;

const FULL = new Error('database or disk is full');
const PORT = { interfaces: [], hostPort: '8080', containerPort: '80', protocol: 'tcp' } as const;

/** Container `web` publishes port 8080 and runs; `rival` would like that port as well. */
async function startWithRival(fixture?: Fixture) {
	const whole = fixture ?? (await startEngine());
	await whole.engine.networks.create(TESTNET_CONFIG, EXECUTE);
	const id = await createContainer(whole, 'web', 'vnet', [], [PORT]);
	await createContainer(whole, 'rival', 'vnet', [], [PORT]);
	for (const name of ['web', 'rival']) await connect(whole, name, 'testnet');
	const stopped = onHost(whole);
	await start(whole, 'web');
	return { ...whole, id, stopped };
}

/** The store cannot be written so many times, where a plan begins or where it is finished. */
function fill({ store }: Fixture, stage: 'begin' | 'finish' | 'end', times: number): void {
	let left = times;
	const write: (...args: never[]) => unknown = store.journal[stage].bind(store.journal);
	const writeWhereThereIsRoom = (...args: never[]) => {
		if (left-- > 0) throw FULL;
		return write(...args);
	};
	Object.assign(store.journal, { [stage]: writeWhereThereIsRoom });
}

test('a stop that could not begin, or not be recorded, is done by the next one; till then the port is held', async () => {
	// Where its processes were ended, that brings about a second try.
	for (const [stage, times] of [
		['begin', 1],
		['finish', 2],
	] as const) {
		const fixture = await startWithRival();
		const { engine, host, store, stopped } = fixture;
		fill(fixture, stage, times);
		await assert.rejects(engine.containers.stop('web', 0), FULL);
		assert.equal(engine.containers.inspect('web').running, true);
		await assert.rejects(start(fixture, 'rival'), { code: 'PORT_TAKEN', why: /container web already holds it/ });
		await engine.containers.stop('web', 0);
		assert.deepEqual(onHost(fixture), stopped, stage);
		assert.deepEqual(store.journal.unfinished(), [], 'nothing that would take down what is made next');
		await start(fixture, 'rival');
		await engine.containers.stop('rival', 0);
		await start(fixture, 'web');
		const restarted = await startEngine(host, store);
		assert.equal(restarted.engine.containers.inspect('web').running, true);
	}
});

test('a start that could not be recorded is undone, and the next one is not undone with it', async () => {
	const fixture = await startWithRival();
	const { engine, host, store, stopped } = fixture;
	await engine.containers.stop('web', 0);
	for (const stage of ['finish', 'end'] as const) fill(fixture, stage, 1);
	await assert.rejects(start(fixture, 'web'), FULL);
	assert.deepEqual(onHost(fixture), stopped);
	await start(fixture, 'web');
	const restarted = await startEngine(host, store);
	assert.equal(restarted.engine.containers.inspect('web').running, true);
});

test('whoever waits for the end of a container hears of it even where it could not be cleared away', async () => {
	const fixture = await startWithRival();
	const { engine, host, id } = fixture;
	await engine.containers.stop('web', 0);
	const session = await start(fixture, 'web');
	fill(fixture, 'begin', 1);
	host.endContainer(id, 3);
	assert.deepEqual(await session.ended, { code: 3, containerEnded: true });
	await engine.containers.stop('web', 0);
	await engine.containers.remove('web');
	assert.ok(!onHost(fixture).some((part) => part.includes(id)));
});

test('a stop that loses the host lets others settle when it is back, and the container start again', async () => {
	for (let step = 0; step < 5; step += 1) {
		const fixture = await startWithRival();
		const { engine, host, store, stopped } = fixture;
		const ended = await createContainer(fixture, 'ended');
		const before = [...stopped, `root-files ${ended}`].sort();
		await start(fixture, 'ended');
		host.loseAt = step;
		await assert.rejects(engine.containers.stop('web', 0), { code: 'HOST_UNREACHABLE' });
		host.processes.delete(ended);
		host.reconnect();
		for (const name of ['web', 'ended']) await untilStopped(fixture, name);
		await eventually('all is settled', () => store.journal.unfinished().length === 0, { every: 0 });
		assert.deepEqual(onHost(fixture), before, `lost after step ${step}`);
		await start(fixture, 'web');
	}
});

test('one container that cannot be adopted does not keep the others from it', async () => {
	const { engine, host, store, id } = await startWithRival();
	const other = await createContainer({ engine, host, store }, 'other');
	await start({ engine, host, store }, 'other');
	const [port] = store.containers.parts(id).filter((part) => part.kind === 'published-ports');
	store.containers.setParts(id, [...store.containers.parts(id), port!]);
	host.processes.delete(other);
	await host.close();
	const restarted = await startEngine(host, store);
	assert.equal(restarted.engine.containers.inspect('web').running, true);
	assert.equal(restarted.engine.containers.inspect('other').running, false);
	await restarted.engine.containers.stop('web', 0);
	await start(restarted, 'rival');
});

/** What follows a reconnection goes on by itself; nothing here waits for a clock. */
async function untilStopped({ engine }: Fixture, name: string): Promise<void> {
	for (let turns = 0; turns < 1000 && engine.containers.inspect(name).running; turns += 1)
		await new Promise((resolve) => setImmediate(resolve));
	assert.equal(engine.containers.inspect(name).running, false);
}
