import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomName } from './random-name.ts';

test('a random name is adjective_surname and fits the rules for names', () => {
	const names = new Set(Array.from({ length: 200 }, randomName));
	for (const name of names) assert.match(name, /^[a-z]+_[a-z]+$/);
	assert.ok(names.size > 100, `${names.size} different ones of 200`);
});
