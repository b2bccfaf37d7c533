import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requirePlatform } from './platform.ts';

const HOST = { os: 'linux', architecture: 'amd64' };

test('the platform of the host is accepted in all its spellings, another one is refused by name', () => {
	for (const text of ['linux/amd64', 'linux', 'amd64', 'Linux/x86_64', 'linux/amd64/v2']) requirePlatform(text, HOST);
	for (const text of [
		'linux/arm64',
		'freebsd/amd64',
		'freebsd',
		'arm64',
		'',
		'amd64/linux',
		'constructor',
		'__proto__',
	])
		assert.throws(() => requirePlatform(text, HOST), { code: 'UNSUPPORTED_HERE', why: /linux\/amd64/ }, text);
});
