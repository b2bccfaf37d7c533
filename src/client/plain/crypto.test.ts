import assert from 'node:assert/strict';
import * as crypto from 'node:crypto';
import { test } from 'node:test';
import { createHash, randomBytes } from './crypto.ts';

test('hashes of texts of all lengths are those of node:crypto', () => {
	for (let length = 0; length < 200; length += 1) {
		const text = 'é'.repeat(length % 3) + 'x'.repeat(length);
		const real = crypto.createHash('sha1').update(text).update('258EAFA5').digest('base64');
		assert.equal(createHash('sha1').update(text).update('258EAFA5').digest('base64'), real, `${length}`);
	}
});

test('bytes are of all values, and others each time', () => {
	assert.equal(new Set(randomBytes(10_000)).size, 256);
	assert.notDeepEqual(randomBytes(16), randomBytes(16));
});
