/** Execution instances: what is kept of those that nobody starts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createContainer, start, startEngine } from './fixture.ts';

type Fixture = Awaited<ReturnType<typeof startEngine>>;

const GONE = { code: 'NO_SUCH_EXECUTION' } as const;

/** @returns the id of an execution instance that waits */
function create({ engine }: Fixture, container: string): string {
	return engine.executions.create({ container, cmd: [], user: '', env: [], tty: false });
}

function begin({ engine }: Fixture, execution: string) {
	return engine.executions.start(execution, { attach: true, startContainer: true, stdin: false }, () => {});
}

test('what was not started is gone with its container, however that is removed', async () => {
	const fixture = await startEngine();
	const { engine } = fixture;
	await createContainer(fixture, 'stays');
	const other = create(fixture, 'stays');
	for (const remove of [() => engine.containers.remove('web'), () => engine.containers.prune()]) {
		await engine.containers.update('stays', { persist: true });
		await createContainer(fixture, 'web');
		const waiting = [create(fixture, 'web'), create(fixture, 'web')];
		await remove();
		for (const id of waiting) assert.throws(() => engine.executions.containerOf(id), GONE);
	}
	const session = await begin(fixture, other);
	assert.equal(session.first, true);
});

test('a thousand of a container wait, then the oldest makes room; those that were started do not count', async () => {
	const fixture = await startEngine();
	const { engine } = fixture;
	for (const name of ['web', 'other']) await createContainer(fixture, name);
	const elsewhere = create(fixture, 'other');
	const running = create(fixture, 'web');
	await begin(fixture, running);
	const ids = Array.from({ length: 1001 }, () => create(fixture, 'web'));
	assert.throws(() => begin(fixture, ids[0]!), GONE);
	for (const id of [elsewhere, running, ...ids.slice(1)]) assert.ok(engine.executions.containerOf(id));
	await begin(fixture, ids[1]!);
	create(fixture, 'web');
	assert.ok(engine.executions.containerOf(ids[2]!), 'there was room for one more');
	await start(fixture, 'other');
});
