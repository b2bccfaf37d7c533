import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KleeneError } from '#errors/kleene-error.ts';
import { DEFAULT_HOST, describeAddress, parseDaemonAddress } from './address.ts';

test('every form of an address', () => {
	const socket = (path: string, tls = false) => ({ kind: 'socket', path, tls });
	const tcp = (host: string, port: number, tls = false) => ({ kind: 'tcp', host, port, tls });
	const cases = {
		[DEFAULT_HOST]: socket('/var/run/kleened.sock'),
		'https:///var/run/kleened.tlssock': socket('/var/run/kleened.tlssock', true),
		'unix:///run/a b:c.sock': socket('/run/a b:c.sock'),
		'/run/k.sock': socket('/run/k.sock'),
		'http://127.0.0.1': tcp('127.0.0.1', 80),
		'https://127.0.0.1:8085/': tcp('127.0.0.1', 8085, true),
		'https://host.example': tcp('host.example', 443, true),
		'http://[::1]:8080/': tcp('::1', 8080),
	};
	for (const [text, address] of Object.entries(cases))
		assert.deepEqual(parseDaemonAddress(text), { ...address, text }, text);
});

test('what is no address is refused before anything is sent', () => {
	for (const text of ['', 'kleened', 'ftp://h', 'http://h/path', 'http://h?a=b', 'http:///s.sock?a', 'http://u@h'])
		assert.throws(
			() => parseDaemonAddress(text),
			(error) => error instanceof KleeneError && error.message.startsWith(`Could not parse the '--host' parameter`),
			text,
		);
});

test('addresses are described as a user would write them', () => {
	for (const text of ['/run/k.sock', 'unix:///run/k.sock', 'https:///run/k.sock', 'http://[::1]:8080/', 'https://h'])
		assert.equal(describeAddress(parseDaemonAddress(text)), text);
	assert.equal(describeAddress(parseDaemonAddress(DEFAULT_HOST)), '/var/run/kleened.sock');
});

test('ssh:// names a host and a socket there; nothing that ssh could take for something else gets through', () => {
	assert.partialDeepStrictEqual(parseDaemonAddress('ssh://root@bsd1:2222/run/k.sock'), {
		kind: 'ssh',
		target: { user: 'root', host: 'bsd1', port: 2222 },
		path: '/run/k.sock',
		tls: false,
	});
	for (const [text, host] of [
		['ssh://lab', 'lab'],
		['ssh://lab/', 'lab'],
		['ssh://[2001:db8::1]', '2001:db8::1'],
	] as const)
		assert.partialDeepStrictEqual(parseDaemonAddress(text), {
			target: { user: '', host, port: undefined },
			path: '/var/run/kleened.sock',
		});
	for (const text of [
		'ssh://',
		'ssh://-oProxyCommand=x',
		'ssh://a@-x',
		'ssh://a b',
		'ssh://h:0',
		'ssh://h/a:b',
		'ssh://h/%h',
	])
		assert.throws(() => parseDaemonAddress(text), { code: 'INVALID_ARGUMENT', hint: /ssh:\/\/USER@HOST/ }, text);
});
