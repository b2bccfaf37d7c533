import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFreebsdOptions } from './freebsd-options.ts';

const NOTHING = { host: undefined, key: undefined, knownHosts: undefined, zfsRoot: undefined, local: false };

const NO_FILES = { key: undefined, knownHosts: undefined };

test('a host is reached by ssh, with or without user, port and key', () => {
	const parse = (host: string, key?: string) => parseFreebsdOptions({ ...NOTHING, host, key })?.remote;
	assert.deepEqual(parse('ssh://bsd1'), { user: 'root', host: 'bsd1', port: undefined, ...NO_FILES });
	assert.deepEqual(parse('ssh://toor@10.0.0.7:2222', '/k'), {
		user: 'toor',
		host: '10.0.0.7',
		port: 2222,
		key: '/k',
		knownHosts: undefined,
	});
	assert.equal(parse('ssh://[fe80::1%em0]')?.host, 'fe80::1%em0');
	assert.deepEqual(parse('ssh://root@[fd00::7]:22/'), { user: 'root', host: 'fd00::7', port: 22, ...NO_FILES });
});

test('nothing that ssh could take for something else gets through', () => {
	const addresses = [
		'ssh://-oProxyCommand=x',
		'ssh://a@-b',
		'bsd1',
		'ssh://',
		'ssh://a b',
		'ssh://h:0',
		'ssh://h:65536',
	];
	for (const host of [...addresses, "ssh://h'", 'ssh://$(x)@h', 'ssh://h/path'])
		assert.throws(() => parseFreebsdOptions({ ...NOTHING, host }), /cannot use --freebsd-host/, host);
	assert.throws(() => parseFreebsdOptions({ ...NOTHING, host: 'ssh://h', key: 'id_rsa' }), /absolute path/);
	for (const knownHosts of ['known', '/a"b', '/\u0024{HOME}/known', '/a\nb'])
		assert.throws(() => parseFreebsdOptions({ ...NOTHING, host: 'ssh://h', knownHosts }), /absolute path/);
	assert.equal(parseFreebsdOptions({ ...NOTHING, host: 'ssh://h', knownHosts: '/a b' })?.remote?.knownHosts, '/a b');
	assert.throws(() => parseFreebsdOptions({ ...NOTHING, host: 'ssh://h', zfsRoot: '/zroot' }), /name of a dataset/);
	assert.throws(() => parseFreebsdOptions({ ...NOTHING, host: 'ssh://h', zfsRoot: 'a@b' }), /name of a dataset/);
});

test('on FreeBSD the daemon takes its own host, elsewhere these options need one', () => {
	assert.deepEqual(parseFreebsdOptions({ ...NOTHING, local: true }), { remote: undefined, zfsRoot: 'zroot/kleene' });
	assert.equal(parseFreebsdOptions(NOTHING), undefined);
	assert.throws(() => parseFreebsdOptions({ ...NOTHING, zfsRoot: 'zroot/k' }), /this host is not FreeBSD/);
	assert.throws(() => parseFreebsdOptions({ ...NOTHING, knownHosts: '/k' }), /--ssh-known-hosts \/k/);
});
