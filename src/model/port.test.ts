import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KleeneError } from '#errors/kleene-error.ts';
import { parsePublishFrom } from './port.ts';

test('sources are canonical, each once, and those within others are left out', () => {
	assert.deepEqual(parsePublishFrom([]), []);
	assert.deepEqual(parsePublishFrom(['192.0.2.7', '2001:DB8:0::/32', '192.0.2.7/32']), [
		'192.0.2.7/32',
		'2001:db8::/32',
	]);
	assert.deepEqual(parsePublishFrom(['10.1.0.0/16', '10.0.0.0/8', '10.2.3.4', '11.0.0.0/8']), [
		'10.0.0.0/8',
		'11.0.0.0/8',
	]);
	assert.deepEqual(parsePublishFrom(['10.0.0.0/8', '0.0.0.0/0', '::/0', 'fd00::/8']), ['0.0.0.0/0', '::/0']);
});

test('what is no block is refused by name', () => {
	for (const text of ['', 'em0', '10.0.0.1/8', '10.0.0.0/33', '10.0.0.0/8; drop', 'fd00::1/64', '0.0.0.0/0 . tcp'])
		assert.throws(
			() => parsePublishFrom(['10.0.0.0/8', text]),
			(error) => error instanceof KleeneError && error.code === 'INVALID_ARGUMENT' && error.what.includes(text),
		);
});
