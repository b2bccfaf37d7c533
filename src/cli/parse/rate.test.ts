import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRate } from './rate.ts';

test('rates are bits per second, with or without a unit', () => {
	const cases: [string, number][] = [
		['100mbit', 100_000_000],
		['2.5g', 2_500_000_000],
		['800kbps', 800_000],
		['9600', 9600],
	];
	for (const [text, rate] of cases) assert.equal(parseRate(text), rate);
});

test('what is no rate is refused', () => {
	for (const text of ['', 'fast', '-5m', '10x', '1', '5e6', '1mbyte']) assert.throws(() => parseRate(text), text);
});
