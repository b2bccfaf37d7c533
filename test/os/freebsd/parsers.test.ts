import assert from 'node:assert/strict';
import test from 'node:test';
import { type IfconfigInterface, parseIfconfig } from '#os/freebsd/ifconfig.ts';
import { parseRoutes } from '#os/freebsd/netstat.ts';
import { recording, recordings } from '#test/host-freebsd/recordings.ts';

const only = (name: string): IfconfigInterface => {
	const all = parseIfconfig(recording(name).stdout);
	assert.equal(all.length, 1, `${name} shows ${all.length} interfaces`);
	return all[0]!;
};

test('a bridge with addresses of both families', () => {
	assert.deepEqual(only('014-bridge-show'), {
		name: 'kleene1',
		flags: ['UP', 'BROADCAST', 'RUNNING', 'SIMPLEX', 'MULTICAST'],
		mtu: 1500,
		ether: '58:9c:fc:10:14:17',
		description: '',
		groups: ['bridge'],
		addresses: ['10.4.6.1/24', 'fd00:4:6::1/64'],
		tentative: [],
		members: [],
		nd6: ['PERFORMNUD'],
	});
});

test('the members of a bridge with their flags', () => {
	assert.deepEqual(only('042-bridge-with-member').members, [
		{ name: 'epair0a', flags: ['LEARNING', 'DISCOVER', 'AUTOEDGE', 'AUTOPTP'] },
	]);
});

test('a loopback interface has no MAC address and a scoped one', () => {
	const { ether, addresses, mtu, groups } = only('016-lo-show');
	assert.deepEqual(
		{ ether, addresses, mtu, groups },
		{ ether: '', addresses: ['10.2.3.1/32', 'fe80::1/64'], mtu: 16384, groups: ['lo'] },
	);
});

test('an end of an epair on the host, and one that came back from a jail and is in no group any more', () => {
	const outer = only('023-epair-show');
	assert.deepEqual([outer.groups, outer.ether, outer.flags.includes('UP')], [['epair'], '02:94:95:d0:b6:0a', false]);
	assert.deepEqual(outer.nd6, ['PERFORMNUD', 'IFDISABLED', 'AUTO_LINKLOCAL']);
	assert.deepEqual(only('048-epair-show-b').groups, []);
});

test('the inside of a jail, masks as hex and as prefix alike', () => {
	const inside = parseIfconfig(recording('035-jexec-ifconfig').stdout);
	assert.deepEqual(
		inside.map(({ name, flags, addresses }) => [name, flags.includes('UP'), addresses]),
		[
			['lo0', false, []],
			['pflog0', false, []],
			['pfsync0', false, []],
			['epair0b', true, ['10.4.6.2/24']],
		],
	);
	assert.deepEqual(only('126-jail-ifconfig-filter').addresses, ['10.4.6.2/24']);
});

test('descriptions, tentative addresses, private members, tunnels', () => {
	const text = [
		'kleene0: flags=8843<UP,BROADCAST> metric 0 mtu 1400',
		'\tdescription: kleene:network 02:00:00:00:00:01',
		'\tinet6 fd00::1 prefixlen 64 tentative',
		'\tmember: epair3a flags=943<LEARNING,DISCOVER,PRIVATE,AUTOEDGE,AUTOPTP>',
		'\t        port 8 priority 128 path cost 2000',
		'tun0: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> metric 0 mtu 1500',
		'\tinet 10.8.0.1 --> 10.8.0.2 netmask 0xffffffff',
		'\tinet6 fe80::1%tun0/64 scopeid 0x9',
	].join('\n');
	const [bridge, tunnel] = parseIfconfig(text);
	assert.equal(bridge?.description, 'kleene:network 02:00:00:00:00:01');
	assert.deepEqual(bridge?.tentative, ['fd00::1/64']);
	assert.ok(bridge?.members[0]?.flags.includes('PRIVATE'));
	assert.deepEqual(tunnel?.addresses, ['10.8.0.1/32', 'fe80::1/64']);
});

test('every recorded listing of interfaces names as many as it has heads', () => {
	const listings = recordings.filter(({ argv, stdout }) => argv.join(' ').includes('ifconfig') && / mtu /.test(stdout));
	assert.ok(listings.length >= 9);
	for (const { name, stdout } of listings) {
		const names = [...stdout.matchAll(/^(\w+): flags=/gm)].map(([, found]) => found);
		assert.deepEqual(
			parseIfconfig(stdout).map((one) => one.name),
			names,
			name,
		);
	}
	assert.deepEqual(parseIfconfig(recording('020-ifconfig-missing').stdout), []);
});

test('routes of a host: default, networks, single hosts, scopes', () => {
	const routes = parseRoutes(recording('006-routes-libxo').stdout);
	assert.equal(routes.length, 11);
	assert.deepEqual(routes[0], {
		family: 4,
		destination: '0.0.0.0/0',
		gateway: '10.0.2.2',
		flags: 'UGS',
		interface: 'vtnet0',
	});
	assert.deepEqual(
		routes.map(({ destination }) => destination),
		[
			...['0.0.0.0/0', '10.0.2.0/24', '10.0.2.15/32', '127.0.0.1/32', '::/96', '::1/128', '::ffff:0.0.0.0/96'],
			...['fe80::/10', 'fe80::/64', 'fe80::1/128', 'ff02::/16'],
		],
	);
});

test('routes of a jail', () => {
	const routes = parseRoutes(recording('036-jexec-netstat').stdout);
	assert.deepEqual(
		routes.map(({ destination, interface: name }) => `${destination} ${name}`),
		['0.0.0.0/0 epair0b', '10.4.6.0/24 epair0b', '10.4.6.2/32 lo0'],
	);
	assert.throws(() => parseRoutes(''), SyntaxError);
});
