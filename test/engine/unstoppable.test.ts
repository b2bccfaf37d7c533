/** Containers whose processes could not be ended: they run, and are not taken for stopped ones. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, createContainer, EXECUTE, onHost, start, startEngine } from './fixture.ts';
import { TESTNET_CONFIG } from './testnet.ts';

async function withWeb() {
	const fixture = await startEngine();
	await fixture.engine.networks.create(TESTNET_CONFIG, EXECUTE);
	const id = await createContainer(fixture, 'web');
	await connect(fixture, 'web', 'testnet');
	const stopped = onHost(fixture);
	await start(fixture, 'web');
	// The first step of a stop ends the processes.
	fixture.host.failAt = 0;
	return { ...fixture, id, stopped };
}

test('a container that could not be stopped runs, cannot be removed, and is stopped by the next attempt', async () => {
	const fixture = await withWeb();
	const { engine, store, stopped } = fixture;
	await assert.rejects(engine.containers.stop('web', 0), { code: 'HOST_FAILED' });
	assert.equal(engine.containers.inspect('web').running, true);
	await assert.rejects(engine.containers.remove('web'), { code: 'CONTAINER_RUNNING' });
	await engine.containers.stop('web', 0);
	assert.deepEqual(onHost(fixture), stopped);
	assert.deepEqual(store.journal.unfinished(), []);
	await start(fixture, 'web');
	const restarted = await startEngine(fixture.host, store);
	assert.equal(restarted.engine.containers.inspect('web').running, true);
});

test('the next daemon finishes the stop', async () => {
	const fixture = await withWeb();
	const { engine, host, store, stopped } = fixture;
	await assert.rejects(engine.containers.stop('web', 0), { code: 'HOST_FAILED' });
	const restarted = await startEngine(host, store);
	assert.equal(restarted.engine.containers.inspect('web').running, false);
	assert.deepEqual(onHost(restarted), stopped);
});

test('the removal of a container takes along a mount that the end of its run has left', async () => {
	const fixture = await withWeb();
	const { engine, host } = fixture;
	// The last step of a stop.
	const steps = (await engine.containers.describeStop('web')).length;
	host.failAt = steps - 1;
	await assert.rejects(engine.containers.stop('web', 0), { code: 'HOST_FAILED' });
	assert.ok(onHost(fixture).includes(`root-mount ${fixture.id}`));
	await engine.containers.remove('web');
	assert.ok(!onHost(fixture).some((identity) => identity.includes(fixture.id)));
});
