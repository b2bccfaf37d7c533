import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clock, size } from './size.ts';

test('sizes have three digits and a unit', () => {
	const sizes = [0, 1, 999, 1000, 12_345, 999_999, 1_234_567, 5e9, 3e20].map(size);
	assert.deepEqual(sizes, ['0 B', '1 B', '999 B', '1.00 kB', '12.3 kB', '1000 kB', '1.23 MB', '5.00 GB', '300000 PB']);
});

test('times have minutes, and hours where there are any', () => {
	assert.deepEqual([0, 9.9, 61, 3661, 360_000].map(clock), ['0:00', '0:09', '1:01', '1:01:01', '100:00:00']);
});
