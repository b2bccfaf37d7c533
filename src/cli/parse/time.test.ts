import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTime } from './time.ts';

const NOW = Date.parse('2026-11-30T20:00:00Z');

test('durations count back from now', () => {
	assert.equal(parseTime('--since', '10m', NOW), '2026-11-30T19:50:00.000Z');
	assert.equal(parseTime('--since', '1h30m', NOW), '2026-11-30T18:30:00.000Z');
	assert.equal(parseTime('--since', '1.5s', NOW), '2026-11-30T19:59:58.500Z');
});

test('seconds since 1970 and ISO 8601', () => {
	assert.equal(parseTime('--since', '0', NOW), '1970-01-01T00:00:00.000Z');
	assert.equal(parseTime('--since', '2026-11-30T21:00:00+01:00', NOW), '2026-11-30T20:00:00.000Z');
});

test('anything else is refused with an example', () => {
	for (const text of ['', 'yesterday', '10x', '5m-', '9e99', '99999999999999999'])
		assert.throws(() => parseTime('--since', text, NOW), /cannot use/);
});
