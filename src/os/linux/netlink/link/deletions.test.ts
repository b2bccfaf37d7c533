import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkDeletions } from './deletions.ts';

function recorded({ refusesGroups = false } = {}) {
	const calls: string[] = [];
	const deletions = new LinkDeletions({
		group(index) {
			if (index === 404) throw new Error('no such link');
			calls.push(`group ${index}`);
		},
		async deleteOne(index) {
			calls.push(`delete ${index}`);
			if (index === 13) throw new Error('busy');
		},
		async deleteGroup() {
			calls.push('delete group');
			if (refusesGroups) throw new Error('not supported');
		},
	});
	return { calls, deletions };
}

test('one is deleted at once, those that come meanwhile together', async () => {
	const { calls, deletions } = recorded();
	await Promise.all([1, 2, 3].map((index) => deletions.delete(index)));
	assert.deepEqual(calls, ['delete 1', 'group 2', 'group 3', 'delete group']);
	await deletions.delete(4);
	assert.equal(calls.at(-1), 'delete 4');
});

test('one that is gone is told by itself', async () => {
	const { deletions } = recorded();
	const [one, gone, other] = [deletions.delete(1), deletions.delete(404), deletions.delete(2)];
	await assert.rejects(gone, /no such link/);
	await Promise.all([one, other]);
});

test('where a group cannot be deleted each is deleted by itself, and tells its own failure', async () => {
	const { calls, deletions } = recorded({ refusesGroups: true });
	const [one, two, busy] = [deletions.delete(1), deletions.delete(2), deletions.delete(13)];
	await assert.rejects(busy, /busy/);
	await Promise.all([one, two]);
	assert.deepEqual(calls.slice(-2), ['delete 2', 'delete 13']);
});
