import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readArguments } from './config.ts';

const listenersOf = (...argv: readonly string[]) => readArguments(argv).config.listeners;
const TLS = ['--host', 'https://192.0.2.1:2376', '--tlscert', 's.pem', '--tlskey', 's.key'];

test('options of TLS belong to the listener before them', () => {
	const verified = ['--host', 'https:///run/k.sock', '--tlscert=t.pem', '--tlscacert', 'ca.pem', '--tlsverify'];
	assert.deepEqual(listenersOf('--host', 'http:///run/k.sock', ...TLS, ...verified), [
		{ address: 'http:///run/k.sock' },
		{ address: 'https://192.0.2.1:2376', tlscert: 's.pem', tlskey: 's.key' },
		{ address: 'https:///run/k.sock', tlscert: 't.pem', tlscacert: 'ca.pem', tlsverify: true },
	]);
	assert.deepEqual(listenersOf('--root', '/srv'), [{ address: 'http:///var/run/kleened.sock' }]);
});

test('options of TLS that belong to no listener with TLS are refused', () => {
	const expected = { code: 'CONFIG_INVALID', what: 'cannot use --tlsverify' };
	assert.throws(() => listenersOf('--tlsverify', ...TLS), { ...expected, why: 'there is no --host before it' });
	assert.throws(() => listenersOf(...TLS, '--host', 'http:///run/k.sock', '--tlsverify'), {
		...expected,
		why: 'the listener before it, http:///run/k.sock, has no TLS',
		hint: /--host https:/,
	});
});
