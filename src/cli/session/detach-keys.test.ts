import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DetachKeys } from './detach-keys.ts';

function typed(...pieces: readonly string[]) {
	const keys = new DetachKeys();
	let input = '';
	for (const piece of pieces) {
		const taken = keys.take(Buffer.from(piece));
		input += taken.input;
		if (taken.detached) return { input, detached: true };
	}
	return { input, detached: false };
}

test('Ctrl-P Ctrl-Q leaves, also in two pieces, and is not passed on', () => {
	assert.deepEqual(typed('ls\r\x10\x11rest'), { input: 'ls\r', detached: true });
	assert.deepEqual(typed('a\x10', '\x11'), { input: 'a', detached: true });
	assert.deepEqual(typed('\x10', '\x10', '\x11'), { input: '\x10', detached: true });
});

test('everything else is passed on', () => {
	assert.deepEqual(typed('\x10x', '\x11', 'y'), { input: '\x10x\x11y', detached: false });
	assert.deepEqual(typed('é\0\xff'), { input: 'é\0\xff', detached: false });
});
