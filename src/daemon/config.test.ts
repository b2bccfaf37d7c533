import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readArguments } from './config.ts';

const limitsOf = (...argv: readonly string[]) => readArguments(argv).config.limits;

test('limits are those of the host unless they are given, and whole numbers', () => {
	assert.deepEqual(limitsOf(), {});
	assert.deepEqual(limitsOf('--max-macs', '64'), { learnedAddresses: 64 });
	for (const value of ['many', '-1', '1.5', '1e3', '', '4294967296'])
		assert.throws(() => limitsOf(`--max-macs=${value}`), { code: 'CONFIG_INVALID', hint: /a whole number/ }, value);
});
