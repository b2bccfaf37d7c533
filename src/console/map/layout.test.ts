import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CARD, EMPTY, type Member, place, TILE, UNCONNECTED } from './layout.ts';

const NETWORKS = Array.from({ length: 30 }, (_, index) => `net${index}`);
const MEMBERS: Member[] = Array.from({ length: 300 }, (_, index) => ({
	id: `c${index}`,
	networks: [`net${index % 30}`],
}));

test('nothing lies over anything else, and the map has the form of the window', () => {
	const { cards, tiles, width, height } = place(EMPTY, NETWORKS, MEMBERS, 1.6);
	assert.equal(tiles.size, 300);
	assert.ok(width / height > 0.8 && width / height < 3.2, `${width} x ${height}`);
	const boxes = [...cards.values()].map(({ x, y, height }) => ({ x, y, width: CARD.width, height }));
	const tileBoxes = [...tiles.values()].map(({ x, y }) => ({ x, y, ...TILE }));
	for (const all of [boxes, tileBoxes])
		for (const [index, one] of all.entries())
			for (const other of all.slice(index + 1)) {
				const apart = one.x + one.width <= other.x || other.x + other.width <= one.x;
				assert.ok(apart || one.y + one.height <= other.y || other.y + other.height <= one.y);
			}
});

test('what is there stays where it is when something comes or goes', () => {
	const before = place(EMPTY, NETWORKS, MEMBERS, 1.6);
	const fewer = MEMBERS.filter(({ id }) => id !== 'c7');
	const gone = place(before, NETWORKS, fewer, 1.6);
	for (const { id } of fewer) assert.deepEqual(gone.tiles.get(id), before.tiles.get(id), id);
	const again = place(gone, NETWORKS, [...fewer, { id: 'new', networks: ['net7'] }], 1.6);
	assert.deepEqual(again.tiles.get('new'), before.tiles.get('c7'), 'a new one takes the gap');
	const networks = place(before, [...NETWORKS, 'more'], MEMBERS, 0.5);
	for (const { id } of MEMBERS) assert.deepEqual(networks.tiles.get(id), before.tiles.get(id), id);
});

test('a container on several networks is drawn on its first, one on none on a card of its own', () => {
	const members = [
		{ id: 'both', networks: ['net1', 'net0'] },
		{ id: 'none', networks: [] },
	];
	const { cards } = place(EMPTY, ['net0', 'net1'], members, 1);
	assert.deepEqual(cards.get('net1')?.slots, ['both']);
	assert.deepEqual(cards.get('net0')?.slots, []);
	assert.deepEqual(cards.get(UNCONNECTED)?.slots, ['none']);
});
