import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixedUpstreams, hostUpstreams, parseNameServers, parseUpstream } from './upstreams.ts';

test('servers are read from resolv.conf as the C library reads them', () => {
	const text = `# nameserver 192.0.2.9
; nameserver 192.0.2.8
nameserver 192.0.2.1
  nameserver	192.0.2.2 # second
nameserver fe80::1%eth0
nameserver localhost
nameserver 192.0.2
nameservers 192.0.2.7
options ndots:1
search example.com
nameserver 2001:db8::53`;
	assert.deepEqual(
		parseNameServers(text).map(({ host, port }) => `${host} ${port}`),
		['192.0.2.1 53', '192.0.2.2 53', 'fe80::1%eth0 53', '2001:db8::53 53'],
	);
});

test('a server is an address, with a port or without', () => {
	assert.deepEqual(parseUpstream('192.0.2.1'), { host: '192.0.2.1', port: 53 });
	assert.deepEqual(parseUpstream('192.0.2.1:5353'), { host: '192.0.2.1', port: 5353 });
	assert.deepEqual(parseUpstream('2001:db8::1'), { host: '2001:db8::1', port: 53 });
	assert.deepEqual(parseUpstream('[2001:db8::1]:5353'), { host: '2001:db8::1', port: 5353 });
	for (const text of [
		'',
		'localhost',
		'192.0.2.1:0',
		'192.0.2.1:65536',
		'192.0.2.1:x',
		'[192.0.2.1]:53',
		'[::1]',
		':53',
	])
		assert.equal(parseUpstream(text), undefined, text);
	assert.throws(() => fixedUpstreams(['ns1']), { code: 'CONFIG_INVALID' });
});

test('the file is read again when it changed, at most each second', (t) => {
	const folder = mkdtempSync(join(tmpdir(), 'kleene-upstreams-'));
	t.after(() => rmSync(folder, { recursive: true }));
	let now = 0;
	t.mock.method(performance, 'now', () => now);
	const path = join(folder, 'resolv.conf');
	const stub = join(folder, 'stub.conf');
	const upstreams = hostUpstreams(path, stub);
	const hosts = () => upstreams().map(({ host }) => host);
	assert.deepEqual(hosts(), []);
	writeFileSync(path, 'nameserver 192.0.2.1\n');
	assert.deepEqual(hosts(), [], 'looked a moment ago');
	now += 1000;
	assert.deepEqual(hosts(), ['192.0.2.1']);
	writeFileSync(join(folder, 'new'), 'nameserver 192.0.2.2\n');
	renameSync(join(folder, 'new'), path);
	now += 1000;
	assert.deepEqual(hosts(), ['192.0.2.2']);
	writeFileSync(stub, 'nameserver 192.0.2.3\n');
	writeFileSync(path, 'nameserver 127.0.0.53\noptions edns0 trust-ad\n');
	now += 1000;
	assert.deepEqual(hosts(), ['127.0.0.53', '192.0.2.3'], 'systemd-resolved first, what it asks after it');
	rmSync(path);
	now += 1000;
	assert.deepEqual(hosts(), []);
});
