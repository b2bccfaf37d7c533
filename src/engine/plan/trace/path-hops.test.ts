import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mtuHops } from './path-hops.ts';

const segment = (...sizes: readonly number[]) => sizes.map((mtu, index) => ({ name: `if${index}`, mtu }));
const whats = (...segments: ReturnType<typeof segment>[]) => mtuHops(segments).map(({ what }) => what);

test('what does not fit is told by a router, and lost within a link', () => {
	assert.deepEqual(whats(segment(1500, 1500, 1500), segment(1500, 1500)), []);
	assert.deepEqual(whats(segment(1500), segment(1300)), [
		'packets of more than 1300 bytes do not fit through if0: their sender is told, and sends smaller ones',
	]);
	assert.deepEqual(whats(segment(1500, 1500, 1400, 1280)), [
		'packets of more than 1280 bytes are lost at if3, and nobody is told',
	]);
	assert.deepEqual(whats(segment(1300), segment(1500, 1400)), [], 'the sender sends nothing bigger');
	assert.equal(whats(segment(1500, 1400), segment(1300, 1290)).length, 3);
	assert.deepEqual(whats(segment(), segment(1400)), [], 'who sends knows its own');
});
