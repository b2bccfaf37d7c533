import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { Admission } from './admission.ts';

const turns = () => new Promise((resolve) => setImmediate(resolve));

test('no more than so many are started at a time, in the order of asking', async () => {
	const admission = new Admission(2);
	const begun: number[] = [];
	const ends = Array.from({ length: 4 }, () => Promise.withResolvers<number>());
	const runs = ends.map(({ promise }, index) =>
		admission.run(() => {
			begun.push(index);
			return promise;
		}),
	);
	await turns();
	assert.deepEqual(begun, [0, 1]);
	ends[1]!.reject(new Error('failed'));
	await assert.rejects(runs[1]!, /failed/);
	await turns();
	assert.deepEqual(begun, [0, 1, 2]);
	ends[0]!.resolve(0);
	await turns();
	assert.deepEqual(begun, [0, 1, 2, 3]);
	for (const index of [2, 3]) ends[index]!.resolve(index);
	assert.deepEqual(await Promise.all([runs[0], runs[2], runs[3]]), [0, 2, 3]);
	assert.equal(await admission.run(async () => 'again'), 'again');
});

test('one that hangs keeps the others waiting for a while only', async () => {
	mock.timers.enable({ apis: ['setTimeout'] });
	try {
		const admission = new Admission(1);
		const hanging = Promise.withResolvers<void>();
		const first = admission.run(() => hanging.promise);
		const second = admission.run(async () => 'started');
		mock.timers.tick(2000);
		assert.equal(await second, 'started');
		hanging.resolve();
		await first;
		assert.equal(await admission.run(async () => 'free'), 'free');
	} finally {
		mock.timers.reset();
	}
});
