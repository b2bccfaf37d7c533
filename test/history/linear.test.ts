/** The check itself: what it accepts, and what it must not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Move, unexplained } from './linear.ts';

/** A cell that is written and read. */
const write = (value: string, began: number, ended: number): Move => {
	return { began, ended, reads: false, what: `write ${value}`, next: () => value };
};
const read = (value: string, began: number, ended: number): Move => {
	return { began, ended, reads: true, what: `read ${value}`, next: (state) => (state === value ? state : undefined) };
};

test('operations at the same time may take effect in either order', () => {
	assert.equal(unexplained([write('a', 0, 3), read('', 1, 2)], ''), undefined);
	assert.equal(unexplained([write('a', 0, 3), read('a', 1, 2)], ''), undefined);
	assert.equal(unexplained([write('a', 0, 9), write('b', 1, 8), read('b', 2, 3), read('a', 4, 5)], ''), undefined);
});

test('what was over has taken effect, and nothing is read that was overwritten before', () => {
	assert.deepEqual(unexplained([write('a', 0, 1), read('', 2, 3)], ''), ['write a', 'read ']);
	assert.ok(unexplained([write('a', 0, 5), read('a', 1, 2), read('', 3, 4)], ''));
	assert.ok(unexplained([write('a', 0, 1), write('b', 2, 3), read('a', 4, 5)], ''));
});
