import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { containerLock, KeyedLocks, locksOf, NETWORKS, networkLock, networkPartsLock, volumeLock } from './locks.ts';

const nothing = async () => {};

test('tasks of one key come one after the other, in the order of asking', async () => {
	const locks = new KeyedLocks();
	const said: string[] = [];
	const task = (name: string) => async () => {
		said.push(`${name} begins`);
		await turn();
		said.push(`${name} ends`);
	};
	await Promise.all([
		locks.run(NETWORKS, task('a')),
		locks.run(NETWORKS, task('b')),
		locks.run(networkLock('1'), nothing),
	]);
	assert.deepEqual(said, ['a begins', 'a ends', 'b begins', 'b ends']);
});

test('a lock that is held, or that comes before one that is, is refused instead of waited for', async () => {
	const locks = new KeyedLocks();
	for (const key of [containerLock('c2'), containerLock('c1'), networkPartsLock('n'), NETWORKS])
		await assert.rejects(
			locks.run(containerLock('c2'), () => locks.run(key, nothing)),
			/^Error: the lock of .* is asked for under that of container c2$/,
		);
	await locks.run(containerLock('c1'), () => locks.run(containerLock('c2'), () => locks.run(volumeLock('v'), nothing)));
	// Whoever asks for it next gets it.
	await locks.run(containerLock('c2'), nothing);
});

test('several are taken in that order, each once', async () => {
	const locks = new KeyedLocks();
	const keys = [volumeLock('b'), containerLock('c'), volumeLock('a'), containerLock('c'), networkLock('n')];
	await locks.runAll(keys, () => locks.run(volumeLock('c'), nothing));
	const both = [volumeLock('a'), volumeLock('b')];
	await Promise.all([locks.runAll(both, turn), locks.runAll(both.toReversed(), turn)]);
});

test('what goes on by itself may wait for the task that began it, during and after', async () => {
	const locks = new KeyedLocks();
	const ended = Promise.withResolvers<void>();
	let later = nothing;
	await locks.run(containerLock('c'), async () => {
		locks.apart(() => locks.run(containerLock('c'), nothing).then(ended.resolve, ended.reject));
		const { promise, resolve } = Promise.withResolvers<void>();
		const call = promise.then(() => locks.run(containerLock('c'), nothing));
		later = () => {
			resolve();
			return call;
		};
	});
	await ended.promise;
	await later();
});

test('parts say whose they are', () => {
	assert.deepEqual(
		locksOf([
			{ kind: 'stack', container: 'c' },
			{ kind: 'filter-member', network: 'n', interface: 'epair0a', internal: false },
			{ kind: 'volume-files', volume: 'v' },
			{ kind: 'network-interface', interface: 'kleene9', type: 'bridge', mac: '' },
		]),
		[containerLock('c'), networkLock('n'), networkPartsLock('n'), volumeLock('v'), NETWORKS],
	);
});
