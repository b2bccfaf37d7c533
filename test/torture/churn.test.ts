import assert from 'node:assert/strict';
import { test } from 'node:test';
import { growths } from './churn.ts';

const holding = (hour: number, growth: number) => ({
	memory: 100_000_000 * (1 + hour * growth),
	descriptors: 60 + Math.round(hour * growth * 60),
	database: 1_000_000 * (1 + hour * growth * 6),
});
const day = (growth: number) => Array.from({ length: 24 }, (_, hour) => holding(hour, growth));

test('what stays flat, or grows at first, is no growth', () => {
	assert.deepEqual(growths(day(0)), []);
	assert.deepEqual(growths(day(0).map((one, hour) => (hour < 8 ? { ...one, memory: one.memory / 2 } : one))), []);
});

test('what grows to the end is told', () => {
	assert.match(growths(day(0.05)).join('\n'), /memory grows.*\ndescriptors grows.*\ndatabase grows/);
});
