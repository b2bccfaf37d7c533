/** Bridges on the physical network: containers are neighbours of those who are on it, with addresses of it. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { outputOf, run } from '#test/testbed/command.ts';
import { createLan, type Lan, PORT } from '#test/testbed/traffic/lan.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import type { Place } from '#test/testbed/traffic/peer.ts';

const PEER = { address: '192.168.7.1', address6: 'fd00:7::1' } as const;
const LAN = ['-t', 'bridge', '--parent', PORT, '--subnet', '192.168.7.0/24', '--subnet6', 'fd00:7::/64'];
const ROUTER = ['--gw', PEER.address, '--gw6', PEER.address6];

let land: Landscape;
let lan: Lan;
let peer: Place;
before(async () => {
	land = await Landscape.start();
	lan = await createLan(land, [`${PEER.address}/24`, `${PEER.address6}/64`]);
	({ peer } = lan);
});
after(async () => {
	await land.host.removeEverything();
	await lan.remove();
	await land.close();
});
afterEach(() => land.clear());

async function masterOf(name: string): Promise<string> {
	const [link] = JSON.parse(await land.host.insideOutput('ip', '-j', 'link', 'show', name)) as { master?: string }[];
	return link?.master ?? '';
}

const both = (port: number, address: string, address6: string) => [
	{ address, port },
	{ address: address6, port },
];

test('containers of both drivers are neighbours on the LAN, as is the host', async () => {
	await land.network(...LAN, ...ROUTER, '--host-ip', '192.168.7.9', '--host-ip6', 'fd00:7::9', 'lan');
	assert.equal(await masterOf(PORT), 'kleene0');
	const one = await land.member('one', '-l', 'vnet', '-n', 'lan', '--ip', '192.168.7.10', '--ip6', 'fd00:7::10');
	const two = await land.member('two', '-l', 'ipnet', '-n', 'lan', '--ip', '192.168.7.11', '--ip6', 'fd00:7::11');
	await land.listen(peer, 'peer', 'tcp/90');
	await land.listen(one.place, 'one', 'tcp/80');
	await land.listen(two.place, 'two', 'tcp/80');
	const seenFrom = (name: string, address: string, address6: string) => [
		`${name} sees ${address}`,
		`${name} sees ${address6}`,
	];
	assert.deepEqual(
		await land.ask(one.place, ...both(90, PEER.address, PEER.address6)),
		seenFrom('peer', '192.168.7.10', 'fd00:7::10'),
	);
	assert.deepEqual(
		await land.ask(two.place, ...both(90, PEER.address, PEER.address6)),
		seenFrom('peer', '192.168.7.11', 'fd00:7::11'),
	);
	assert.deepEqual(
		await land.ask(peer, ...both(80, '192.168.7.10', 'fd00:7::10')),
		seenFrom('one', PEER.address, PEER.address6),
	);
	assert.deepEqual(
		await land.ask(peer, ...both(80, '192.168.7.11', 'fd00:7::11')),
		seenFrom('two', PEER.address, PEER.address6),
	);
	assert.deepEqual(
		await land.ask(land.hostPlace, ...both(80, '192.168.7.10', 'fd00:7::10')),
		seenFrom('one', '192.168.7.9', 'fd00:7::9'),
	);
	const inside = await land.host.klee('exec', 'one', 'ip', 'route', 'show', 'default');
	assert.match(inside.stdout, /^default via 192\.168\.7\.1 dev epair0b/);
	const names = await land.host.klee('exec', 'one', 'getent', 'ahostsv4', 'two');
	assert.match(names.stdout, /^192\.168\.7\.11 /, names.stderr);
	assert.equal((await land.host.klee('network', 'doctor')).code, 0);
});

test('the port goes with the network, stays over restarts, and the doctor puts it back', async () => {
	await land.network(...LAN, ...ROUTER, 'lan');
	const one = await land.member('one', '-l', 'vnet', '-n', 'lan', '--ip', '192.168.7.10');
	await land.listen(one.place, 'one', 'tcp/80');
	const answers = async () => (await land.ask(peer, { address: '192.168.7.10', port: 80 }))[0];
	await land.host.stopDaemon('SIGKILL');
	assert.equal(await answers(), `one sees ${PEER.address}`);
	await land.host.startDaemon();
	assert.equal(await answers(), `one sees ${PEER.address}`);
	await land.host.insideOutput('ip', 'link', 'set', PORT, 'nomaster');
	const found = await land.host.klee('network', 'doctor');
	assert.match(found.stdout, /lan0 is no port of kleene0/);
	await land.host.klee('network', 'doctor', '--repair');
	assert.equal(await answers(), `one sees ${PEER.address}`);
	await land.host.removeEverything();
	assert.equal(await masterOf(PORT), '');
});

test('addresses are handed out from a range; a block of two has room for a gateway and a container', async () => {
	await land.network(...LAN, ...ROUTER, '--ip-range', '192.168.7.64/30', 'lan');
	await land.network('-t', 'bridge', '--subnet', '10.4.8.0/31', '--subnet6', 'fd00:8::/127', 'pair');
	const given: string[] = [];
	for (const name of ['a1', 'a2', 'a3', 'a4']) {
		await land.host.kleeOutput('create', '--name', name, '-l', 'vnet', '-n', 'lan', 'Debian');
		const { container_endpoints: own } = await land.host.kleeJson<{ container_endpoints: { ip_address: string }[] }>(
			'isc',
			name,
		);
		given.push(own[0]?.ip_address ?? '');
	}
	assert.deepEqual(given, ['192.168.7.64', '192.168.7.65', '192.168.7.66', '192.168.7.67']);
	const full = await land.host.klee('create', '-l', 'vnet', '-n', 'lan', 'Debian');
	assert.match(full.stderr, /192\.168\.7\.64\/30 is full/);
	await land.host.kleeOutput('create', '--name', 'a5', '-l', 'vnet', '-n', 'lan', '--ip', '192.168.7.200', 'Debian');
	const pair = await land.member('p1', '-l', 'vnet', '-n', 'pair');
	await land.listen(land.hostPlace, 'host', 'tcp/70');
	assert.deepEqual(await land.ask(pair.place, ...both(70, '10.4.8.0', 'fd00:8::')), [
		'host sees 10.4.8.1',
		'host sees fd00:8::1',
	]);
});

test('a VLAN of an interface that the host uses is a port of its own', async (t) => {
	const probe = await run([
		...peer,
		'ip',
		'link',
		'add',
		'link',
		'eth0',
		'name',
		'eth0.30',
		'type',
		'vlan',
		'id',
		'30',
	]);
	const subnet = ['--subnet', '192.168.30.0/24', '--gw', '192.168.30.1'];
	const lan = ['network', 'create', '-t', 'bridge', '--parent', PORT, '--vlan', '30', ...subnet, 'tagged'];
	if (probe.code !== 0) {
		const refused = await land.host.klee(...lan);
		assert.match(refused.stderr, /this kernel has no VLAN interfaces \(module 8021q\)\n hint: load the module/);
		assert.deepEqual(await land.host.kleeJson('network', 'ls'), []);
		assert.deepEqual(
			(await land.host.interfaces()).filter(({ name }) => name.startsWith('kleene')),
			[],
		);
		return t.skip('packets of a VLAN: this kernel has no 8021q');
	}
	await outputOf([...peer, 'sh', '-ec', 'ip address add 192.168.30.1/24 dev eth0.30; ip link set eth0.30 up']);
	await land.host.kleeOutput(...lan);
	const one = await land.member('one', '-l', 'vnet', '-n', 'tagged', '--ip', '192.168.30.2');
	await land.listen(one.place, 'one', 'tcp/80');
	assert.deepEqual(await land.ask(peer, { address: '192.168.30.2', port: 80 }), ['one sees 192.168.30.1']);
	await land.host.removeEverything();
	assert.equal((await land.host.inside('ip', 'link', 'show', 'lan0.30')).code, 1);
	await outputOf([...peer, 'ip', 'link', 'delete', 'eth0.30']);
});

test('what cannot be a parent is refused, and the host is unchanged', async () => {
	const refusals: [string[], RegExp][] = [
		[
			['--parent', 'uplink0', '--subnet', '192.168.7.0/24'],
			/the host has the address 192\.0\.2\.1\/24 on uplink0.*\n hint: .*--vlan.*custom/,
		],
		[
			['--parent', 'nothing', '--subnet', '192.168.7.0/24'],
			/the host has no interface nothing\n hint: choose one of: /,
		],
		[['--parent', 'lo', '--subnet', '192.168.7.0/24'], /loopback/],
		[
			['--parent', PORT, '--gw', '192.168.7.1', '--host-ip', '192.168.7.1', '--subnet', '192.168.7.0/24'],
			/the address of the gateway/,
		],
		[
			['--parent', PORT, '--ip-range', '10.0.0.0/8', '--subnet', '192.168.7.0/24'],
			/10\.0\.0\.0\/8 is not within the subnet/,
		],
		[['--vlan', '3', '--subnet', '192.168.7.0/24'], /a VLAN belongs to an interface/],
	];
	for (const [words, expected] of refusals) {
		const { code, stderr, stdout } = await land.host.klee('network', 'create', '-t', 'bridge', ...words, 'lan');
		assert.deepEqual([code, stdout], [1, ''], words.join(' '));
		assert.match(stderr, expected);
	}
	assert.deepEqual(
		(await land.host.interfaces()).filter(({ name }) => name.startsWith('kleene')),
		[],
	);
	await land.network(...LAN, 'lan');
	const second = await land.host.klee(
		'network',
		'create',
		'-t',
		'bridge',
		'--parent',
		PORT,
		'--subnet',
		'10.9.0.0/24',
		'again',
	);
	assert.match(second.stderr, /network lan is on lan0|lan0 is a port of kleene0/);
});
