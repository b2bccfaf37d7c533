import assert from 'node:assert/strict';
import { test } from 'node:test';
import { age, duration } from './age.ts';

const CASES: readonly [number, string][] = [
	[0, 'Less than a second'],
	[1, '1 second'],
	[2, '2 seconds'],
	[59, '59 seconds'],
	[60, 'About a minute'],
	[119, 'About a minute'],
	[120, '2 minutes'],
	[59 * 60 + 59, '59 minutes'],
	[60 * 60, 'About an hour'],
	[89 * 60, 'About an hour'],
	[90 * 60, '2 hours'],
	[47 * 3600, '47 hours'],
	[48 * 3600, '2 days'],
	[335 * 3600, '13 days'],
	[336 * 3600, '2 weeks'],
	[1439 * 3600, '8 weeks'],
	[1440 * 3600, '2 months'],
	[17519 * 3600, '24 months'],
	[17520 * 3600, '2 years'],
];

test('an age is told in the largest fitting unit, rounded down', () => {
	for (const [seconds, text] of CASES) assert.equal(duration(seconds), text, `${seconds} s`);
});

test('an age is counted from a timestamp with microseconds; a clock that is behind makes no negative one', () => {
	const now = Date.parse('2024-02-26T09:52:13.530Z');
	assert.equal(age('2024-02-26T08:52:13.530611Z', now), 'About an hour ago');
	assert.equal(age('2024-02-26T10:00:00.000000Z', now), 'Less than a second ago');
	assert.equal(age('', now), '');
});
