import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KleeneError } from '#errors/kleene-error.ts';
import { identityOf } from '#model/part.ts';
import { connect, createContainer, EXECUTE, onHost, start, startEngine } from './fixture.ts';
import { TESTNET_CONFIG } from './testnet.ts';

/** Container `web` is connected to `testnet` and does not run. */
async function startWithWeb() {
	const fixture = await startEngine();
	await fixture.engine.networks.create(TESTNET_CONFIG, EXECUTE);
	const id = await createContainer(fixture, 'web');
	await connect(fixture, 'web', 'testnet');
	return { ...fixture, id };
}

test('a network whose creation fails at any step leaves host and store as they were', async () => {
	for (let step = 0; ; step += 1) {
		const fixture = await startEngine();
		const before = onHost(fixture);
		fixture.host.failAt = step;
		const outcome = await fixture.engine.networks.create(TESTNET_CONFIG, EXECUTE).catch((error) => error);
		if (!(outcome instanceof Error)) {
			assert.equal(step, 4, 'interface, address, filter and resolver were each made to fail once');
			return;
		}
		assert.equal((outcome as KleeneError).code, 'HOST_FAILED');
		assert.deepEqual(onHost(fixture), before);
		assert.deepEqual(fixture.engine.networks.list(), []);
		assert.deepEqual(fixture.store.journal.unfinished(), []);
	}
});

test('a container whose start fails at any step leaves nothing of its run, and starts the next time', async () => {
	for (let step = 0; ; step += 1) {
		const fixture = await startWithWeb();
		const before = onHost(fixture);
		fixture.host.failAt = step;
		const outcome = await start(fixture, 'web').catch((error) => error);
		if (!(outcome instanceof Error)) {
			assert.equal(step, 8, 'mount, stack, epair, port, address, route, name servers and sandbox each failed once');
			return;
		}
		assert.equal((outcome as KleeneError).code, 'HOST_FAILED');
		assert.deepEqual(onHost(fixture), before);
		assert.equal(fixture.engine.containers.inspect('web').running, false);
		assert.equal(fixture.engine.containers.inspect('web').endpoints[0]?.epair, null);
		fixture.host.failAt = Number.POSITIVE_INFINITY;
		await start(fixture, 'web');
		assert.equal(fixture.engine.containers.inspect('web').running, true);
	}
});

test('connecting a running container that fails at any step leaves its other connection alone', async () => {
	for (let step = 0; ; step += 1) {
		const fixture = await startWithWeb();
		await fixture.engine.networks.create({ ...TESTNET_CONFIG, name: 'second', subnet: '10.4.7.0/24' }, EXECUTE);
		await start(fixture, 'web');
		const before = onHost(fixture);
		fixture.host.failAt = step;
		const outcome = await connect(fixture, 'web', 'second').catch((error) => error);
		if (!(outcome instanceof Error)) {
			assert.equal(
				step,
				5,
				'epair, port, address and where it may be sent from; the default route stays with the first network',
			);
			fixture.host.failAt = Number.POSITIVE_INFINITY;
			await fixture.engine.endpoints.disconnect({ container: 'web', network: 'second' }, EXECUTE);
			assert.deepEqual(onHost(fixture), before);
			return;
		}
		assert.deepEqual(onHost(fixture), before);
		assert.equal(fixture.engine.networks.inspect('second').endpoints.length, 0);
	}
});

test('a connection that could not take over the default route leaves it where it was, also at the next start', async () => {
	const fixture = await startEngine();
	const { engine, host, store } = fixture;
	const id = await createContainer(fixture, 'web');
	for (const [name, third] of [
		['first', 1],
		['preferred', 2],
		['joining', 3],
	] as const) {
		await engine.networks.create({ ...TESTNET_CONFIG, name, subnet: `10.4.${third}.0/24` }, EXECUTE);
		if (name === 'first') await connect(fixture, 'web', name);
	}
	const over = { container: 'web', ipAddress: '<auto>', ipAddress6: '', defaultRoute: true };
	await engine.endpoints.connect({ ...over, network: 'preferred' }, EXECUTE);
	await start(fixture, 'web');
	const before = store.endpoints.ofContainer(id);
	host.failAt = 2;
	const refused = engine.endpoints.connect({ ...over, network: 'joining' }, EXECUTE);
	await assert.rejects(refused, { code: 'HOST_FAILED' });
	assert.deepEqual(store.endpoints.ofContainer(id), before);
	await engine.containers.stop('web', 0);
	await start(fixture, 'web');
	const route = store.containers.parts(id).find((part) => part.kind === 'inside-route');
	assert.equal(route?.gateway, '10.4.2.1');
});

test('a daemon that is killed within a start finds what it had done and unmakes it', async () => {
	for (let done = 0; done <= 8; done += 1) {
		const fixture = await startWithWeb();
		const before = onHost(fixture);
		const apply = fixture.host.apply.bind(fixture.host);
		let left = done;
		fixture.host.apply = async (steps) => (left-- > 0 ? apply(steps) : new Promise(() => {}));
		void start(fixture, 'web');
		await new Promise((resolve) => setTimeout(resolve, 5));
		fixture.host.apply = apply;
		fixture.host.processes.clear();
		const restarted = await startEngine(fixture.host, fixture.store);
		assert.deepEqual(onHost(restarted), before, `killed after ${done} steps`);
		assert.equal(restarted.engine.containers.inspect('web').running, false);
		await start(restarted, 'web');
		assert.equal(restarted.engine.containers.inspect('web').running, true);
	}
});

test('a restarted daemon adopts what runs, and takes it down properly later', async () => {
	const fixture = await startWithWeb();
	const stopped = onHost(fixture);
	await start(fixture, 'web');
	const running = onHost(fixture);
	const restarted = await startEngine(fixture.host, fixture.store);
	assert.deepEqual(onHost(restarted), running);
	assert.equal(restarted.engine.containers.inspect('web').running, true);
	await restarted.engine.containers.stop('web', 0);
	assert.deepEqual(onHost(restarted), stopped);
});

test('a container that ended while no daemon ran is cleared away at the next start', async () => {
	const fixture = await startWithWeb();
	const stopped = onHost(fixture);
	await start(fixture, 'web');
	fixture.host.processes.clear();
	const restarted = await startEngine(fixture.host, fixture.store);
	assert.deepEqual(onHost(restarted), stopped);
	assert.equal(restarted.engine.containers.inspect('web').running, false);
});

test('what is below our root and unknown to the store is unmade at start', async () => {
	const fixture = await startEngine();
	const before = onHost(fixture);
	const [image] = fixture.engine.images.list();
	const leak = { kind: 'root-files', container: 'aaaaaaaaaaaa', layers: [image?.id ?? ''] } as const;
	fixture.host.parts.set(identityOf(leak), leak);
	await startEngine(fixture.host, fixture.store);
	assert.deepEqual(onHost(fixture), before);
});

test('a container that ends by itself leaves only what it has while stopped', async () => {
	const fixture = await startWithWeb();
	const stopped = onHost(fixture);
	const session = await start(fixture, 'web');
	fixture.host.endContainer(fixture.id, 3);
	assert.deepEqual(await session.ended, { code: 3, containerEnded: true });
	assert.deepEqual(onHost(fixture), stopped);
	assert.equal(fixture.engine.containers.inspect('web').running, false);
});
