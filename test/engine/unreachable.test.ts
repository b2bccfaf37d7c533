/** A host behind a connection that is lost at any step: nothing is done twice blindly, and nothing is left over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isKleeneError } from '#errors/kleene-error.ts';
import { connect, createContainer, EXECUTE, onHost, start, startEngine } from './fixture.ts';
import { TESTNET_CONFIG } from './testnet.ts';

function isUnreachable(error: unknown): boolean {
	return isKleeneError(error) && error.code === 'HOST_UNREACHABLE';
}

/** What follows a reconnection goes on by itself; nothing here waits for a clock. */
async function settled(): Promise<void> {
	for (let turns = 0; turns < 50; turns += 1) await sleep(0);
}

test('a start that loses the host is undone when the host is back', async () => {
	for (let step = 0; step < 9; step += 1) {
		const fixture = await startEngine();
		await fixture.engine.networks.create(TESTNET_CONFIG, EXECUTE);
		await createContainer(fixture, 'web');
		await connect(fixture, 'web', 'testnet');
		const before = onHost(fixture);
		fixture.host.loseAt = step;
		const outcome = await start(fixture, 'web').catch((error: unknown) => error);
		assert.ok(isUnreachable(outcome) || step >= 7, `step ${step}: ${outcome}`);
		if (!isUnreachable(outcome)) continue;
		fixture.host.reconnect();
		await settled();
		assert.deepEqual(onHost(fixture), before, `lost after step ${step}`);
		await start(fixture, 'web');
		assert.equal(fixture.engine.containers.inspect('web').running, true);
	}
});

test('a stop that loses the host is finished when the host is back', async () => {
	for (let step = 0; step < 6; step += 1) {
		const fixture = await startEngine();
		await fixture.engine.networks.create(TESTNET_CONFIG, EXECUTE);
		await createContainer(fixture, 'web');
		await connect(fixture, 'web', 'testnet');
		const before = onHost(fixture);
		await start(fixture, 'web');
		fixture.host.loseAt = step;
		const outcome = await fixture.engine.containers.stop('web', 0).catch((error: unknown) => error);
		if (!isUnreachable(outcome)) continue;
		fixture.host.reconnect();
		await settled();
		assert.deepEqual(onHost(fixture), before, `lost after step ${step}`);
		assert.equal(fixture.engine.containers.inspect('web').running, false);
	}
});

test('a container that runs on is kept, one that ended meanwhile is cleared away', async () => {
	const fixture = await startEngine();
	const [stays, ends] = [await createContainer(fixture, 'stays'), await createContainer(fixture, 'ends')];
	for (const name of ['stays', 'ends']) await start(fixture, name);
	fixture.host.loseAt = 0;
	const lost = await fixture.engine.networks.create(TESTNET_CONFIG, EXECUTE).catch((error: unknown) => error);
	assert.ok(isUnreachable(lost));
	fixture.host.processes.delete(ends);
	fixture.host.reconnect();
	await settled();
	assert.equal(fixture.engine.containers.inspect(stays).running, true);
	assert.equal(fixture.engine.containers.inspect(ends).running, false);
	assert.deepEqual(fixture.engine.networks.list(), []);
	assert.ok(!onHost(fixture).some((part) => part.startsWith('network-interface')));
});
