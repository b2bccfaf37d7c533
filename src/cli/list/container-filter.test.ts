import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerFilter } from './container-filter.ts';

const end = { exit_code: 0, at: '2026-12-01T00:00:00Z', reason: 'exited' } as const;
const BASE = { running: true, end: null, health: null, options: {} };
const CONTAINERS = [
	{ ...BASE, id: '1', name: 'web', health: 'healthy' as const, options: { labels: { tier: 'front', new: '' } } },
	{ ...BASE, id: '2', name: 'web2', health: 'unhealthy' as const, options: { labels: { tier: 'front' } } },
	{ ...BASE, id: '3', name: 'db', running: false, end },
	{ ...BASE, id: '4', name: null, running: false },
];
const select = (...words: string[]) => {
	const { matches } = containerFilter(words);
	return CONTAINERS.filter(matches)
		.map(({ id }) => id)
		.join('');
};

test('values of one key are alternatives, keys go together, and so do labels', () => {
	assert.equal(select(), '1234');
	assert.equal(select('name=web'), '12');
	assert.equal(select('name=^web$', 'name=d'), '13');
	assert.equal(select('status=running'), '12');
	assert.equal(select('status=exited', 'status=created'), '34');
	assert.equal(select('status=stopped', 'name=db'), '3');
	assert.equal(select('health=healthy', 'health=none'), '134');
	assert.equal(select('label=tier=front'), '12');
	assert.equal(select('label=tier', 'label=new'), '1');
	assert.equal(select('label=tier=back'), '');
});

test('networks are for the daemon to tell, and a state of stopped containers includes them', () => {
	assert.deepEqual(containerFilter(['network=a', 'network=b']).networks, ['a', 'b']);
	assert.deepEqual(
		[containerFilter(['status=exited']).stopped, containerFilter(['status=running', 'name=x']).stopped],
		[true, false],
	);
});

test('what is no filter is refused', () => {
	for (const word of ['web', '=x', 'name=', 'size=3', 'status=paused', 'health=fine', 'name=('])
		assert.throws(() => containerFilter([word]), /cannot filter by/, word);
});
