/** The end of a run in the store: whoever finishes it records it, and nothing but the next start forgets it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '#host/fake/driver.ts';
import type { Step } from '#model/step.ts';
import { createContainer, start, startEngine } from './fixture.ts';

const SECOND = 1000;

/** Stops answering when a step of this verb and kind was done: its daemon may as well be dead. */
class DyingHost extends FakeHost {
	dieAfter: string | undefined;

	override async apply(steps: readonly Step[], options: Parameters<FakeHost['apply']>[1] = {}): Promise<void> {
		await super.apply(steps, options);
		if (steps.some(({ verb, part }) => `${verb} ${part.kind}` === this.dieAfter)) await new Promise(() => {});
	}
}

test('a container has an end from its stop to its next start, with its time and reason', async () => {
	const fixture = await startEngine();
	const { engine, host, store } = fixture;
	const id = await createContainer(fixture, 'web', 'host');
	const endNow = () => engine.containers.inspect('web').container.end;
	assert.equal(endNow(), null);
	const session = await start(fixture, 'web');
	assert.equal(endNow(), null);
	host.endContainer(id, 3);
	await session.ended;
	assert.deepEqual([endNow()?.code, endNow()?.reason], [3, 'exited']);
	assert.ok(Date.now() - Date.parse(endNow()!.at) < 60 * SECOND);
	await start(fixture, 'web');
	assert.equal(endNow(), null);
	await engine.containers.stop('web', 0);
	assert.deepEqual([endNow()?.code, endNow()?.reason], [137, 'killed']);
	assert.deepEqual(store.containers.get(id)?.end, endNow());
});

test('an end that a daemon did not come to record is recorded by the next one', async () => {
	for (const dieAfter of ['unmake sandbox', 'unmake root-mount']) {
		const host = new DyingHost();
		const fixture = await startEngine(host);
		const id = await createContainer(fixture, 'web', 'host');
		await start(fixture, 'web');
		host.dieAfter = dieAfter;
		void fixture.engine.containers.stop('web', SECOND);
		await new Promise((resolve) => setImmediate(resolve));
		host.dieAfter = undefined;
		const { engine, store } = await startEngine(host, fixture.store);
		assert.deepEqual(store.journal.unfinished(), []);
		const { end } = engine.containers.inspect('web').container;
		assert.deepEqual([end?.code, end?.reason], [137, 'killed'], dieAfter);
		assert.equal(store.containers.isRunning(id), false);
	}
});

test('an end of a container that nobody can tell anything of', async () => {
	const host = new FakeHost();
	const fixture = await startEngine(host);
	const id = await createContainer(fixture, 'web', 'host');
	await start(fixture, 'web');
	// As after a restart of the host.
	host.processes.clear();
	host.ends.set(id, { code: null, at: null, cause: 'host-restarted' });
	// Without the Z: the daemon's times go on with microseconds here.
	const before = new Date().toISOString().slice(0, -1);
	const { engine } = await startEngine(host, fixture.store);
	const { end } = engine.containers.inspect('web').container;
	assert.deepEqual([end?.code, end?.reason], [null, 'host-restarted']);
	assert.ok(end!.at >= before, 'when it was found');
});

test('a start that fails is the end, whichever step fails', async () => {
	const fixture = await startEngine();
	const { engine, host } = fixture;
	await createContainer(fixture, 'web', 'host');
	for (const step of [0, 1]) {
		host.failAt = step;
		await assert.rejects(start(fixture, 'web'), /it was told to fail/);
		const { container, running } = engine.containers.inspect('web');
		assert.deepEqual([running, container.end?.code, container.end?.reason], [false, null, 'start-failed']);
		host.failAt = Number.POSITIVE_INFINITY;
		await start(fixture, 'web');
		assert.equal(engine.containers.inspect('web').container.end, null);
		await engine.containers.stop('web', 0);
	}
});
