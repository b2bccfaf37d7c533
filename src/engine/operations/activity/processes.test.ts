import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSignal } from './processes.ts';

test('a signal has a name or a number, and another word is refused', () => {
	for (const text of ['TERM', 'sigterm', '15']) assert.equal(parseSignal(text), 'SIGTERM');
	for (const text of ['', '0', '99', 'constructor', '__proto__'])
		assert.throws(() => parseSignal(text), { code: 'INVALID_ARGUMENT' }, text);
});
