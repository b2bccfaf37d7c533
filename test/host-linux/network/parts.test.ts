import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '#errors/codes.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import { LinuxNetwork } from '#host/linux/network/network.ts';
import { linkNames, openDescriptors, place } from '#test/os/linux/namespaces.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { bridge, describeParts, gateways, type Host, host, ipnet, make, unmake, vnet } from './containers.ts';

const v = { container: 'vvv', unit: 1, addresses: ['10.4.6.2', 'fd00:4:6::2'] };
const i = { container: 'iii', unit: 3, addresses: ['10.4.6.4', 'fd00:4:6::4'] };
const loopback = {
	kind: 'network-interface',
	interface: 'kleene1',
	type: 'loopback',
	mac: '02:00:00:00:00:09',
} as const;
const everything = [bridge, loopback, ...gateways, ...vnet(v), ...ipnet(i)];

const refused = (code: ErrorCode, why: RegExp) => (error: unknown) => {
	assert.ok(error instanceof KleeneError, String(error));
	assert.equal(error.code, code);
	assert.match(error.why, why);
	assert.ok(error.hint.length > 0);
	return true;
};

/** All that the kernel knows of a host, for a comparison before and after. */
function snapshot({ net }: Host): unknown {
	return {
		links: linkNames(net),
		addresses: net.addresses.list().map(({ address }) => address),
		routes: [net.routes.list({ family: 4 }), net.routes.list({ family: 6 })],
		proxies: [net.neighbours.listProxies(4), net.neighbours.listProxies(6)],
	};
}

test('what is made twice is there once, and what is unmade twice is gone', async (t) => {
	const there = host(t);
	const before = snapshot(there);
	make(there, ...everything);
	const once = snapshot(there);
	const observed = there.network.observe();
	make(there, ...everything);
	assert.deepEqual(snapshot(there), once);
	assert.deepEqual(there.network.observe(), observed);
	await unmake(there, ...everything);
	assert.deepEqual(snapshot(there), before);
	await unmake(there, ...everything);
	assert.deepEqual(snapshot(there), before);
});

test('every part goes away although its container is gone already', async (t) => {
	const there = host(t);
	const before = snapshot(there);
	make(there, bridge, ...vnet(v), ...ipnet(i));
	await unmake(there, { kind: 'stack', container: 'vvv' }, { kind: 'stack', container: 'iii' });
	await eventually('the cables are gone', () => linkNames(there.net).length === 2);
	await unmake(there, bridge, ...vnet(v), ...ipnet(i));
	assert.deepEqual(snapshot(there), before);
});

test('the host is observed in the terms of the model', (t) => {
	const there = host(t);
	make(there, bridge, ...gateways, ...vnet(v), ...ipnet(i));
	const { interfaces, routes } = there.network.observe();
	const find = (name: string) => interfaces.find((entry) => entry.name === name);
	assert.deepEqual(find('kleene0'), {
		name: 'kleene0',
		type: 'bridge',
		up: true,
		mac: bridge.mac,
		mtu: 1500,
		bridge: '',
		addresses: ['10.4.6.1/24', 'fd00:4:6::1/64'],
	});
	assert.equal(find('epair1a')?.bridge, 'kleene0');
	assert.equal(find('epair3a')?.bridge, '');
	assert.deepEqual(find('epair3a')?.addresses, []);
	assert.deepEqual(routes, [
		{ destination: '10.4.6.0/24', interface: 'kleene0' },
		{ destination: '10.4.6.4/32', interface: 'epair3a' },
		{ destination: 'fd00:4:6::4/128', interface: 'epair3a' },
		{ destination: 'fd00:4:6::/64', interface: 'kleene0' },
	]);
});

test('a vnet container has its addresses and default routes, an ipnet container its addresses alone', (t) => {
	const there = host(t);
	make(there, bridge, ...gateways, ...vnet(v), ...ipnet(i));
	for (const [container, expected] of [
		['vvv', { name: 'epair0b', own: ['10.4.6.2/24', 'fd00:4:6::2/64'], via: ['10.4.6.1', 'fd00:4:6::1'] }],
		['iii', { name: 'kleene0', own: ['10.4.6.4/32', 'fd00:4:6::4/128'], via: ['', 'fe80::1'] }],
	] as const) {
		const inner = new LinuxNetwork({ hostNamespace: there.network.stackOf(container)?.fd ?? -1 });
		const found = inner.observe().interfaces.find(({ name }) => name === expected.name);
		assert.deepEqual([found?.addresses, found?.up], [expected.own, true]);
		inner.close();
		const net = there.network.stackOf(container);
		assert.equal(net?.path, `/proc/${process.pid}/fd/${net?.fd}`);
	}
});

test('a bridge with ports is never taken away', async (t) => {
	const there = host(t);
	make(there, bridge, ...vnet(v));
	await assert.rejects(() => unmake(there, bridge), refused('IN_USE', /epair1a/));
	assert.ok(there.net.links.find('kleene0'));
});

test('names that something else has are refused, named, and left alone', async (t) => {
	const there = host(t);
	there.net.links.createBridge({ name: 'kleene0', mac: '02:00:00:00:00:77' });
	there.net.links.createVeth({ name: 'epair1a' }, { name: 'other' });
	const before = snapshot(there);
	assert.throws(() => make(there, bridge), refused('INTERFACE_TAKEN', /kleene0 .*02:00:00:00:00:77/));
	assert.throws(() => make(there, ...vnet(v)), refused('INTERFACE_TAKEN', /epair1a/));
	await unmake(there, bridge, ...vnet(v));
	assert.deepEqual(snapshot(there), before);
});

test('an inner name that the container has already is refused, and nothing of the second cable stays', (t) => {
	const there = host(t);
	const [stack, epair] = vnet(v);
	assert.ok(stack && epair?.kind === 'epair');
	make(there, stack, epair);
	assert.throws(() => make(there, { ...epair, unit: 2 }), refused('INTERFACE_TAKEN', /epair0b/));
	assert.deepEqual(linkNames(there.net), ['lo', 'epair1a']);
	assert.throws(() => make(there, { ...epair, mac: '02:00:00:00:01:99' }), refused('INTERFACE_TAKEN', /epair1a/));
	assert.throws(() => make(there, { ...epair, mtu: 1400 }), refused('INTERFACE_TAKEN', /MTU of 1500, not 1400/));
});

test('an ipnet address that leads elsewhere is refused, and its own half is taken back', (t) => {
	const there = host(t);
	const [stack, epair, ipnetAddress] = ipnet(i);
	assert.ok(stack && epair && ipnetAddress);
	make(there, bridge, stack, epair);
	const link = there.net.links.get('kleene0').index;
	there.net.routes.add({ destination: '10.4.6.4/32', link });
	assert.throws(() => make(there, ipnetAddress), refused('ADDRESS_TAKEN', /10\.4\.6\.4\/32 is routed over kleene0/));
	there.net.routes.remove({ destination: '10.4.6.4/32', link });
	assert.deepEqual(there.net.neighbours.listProxies(4), []);
	make(there, ipnetAddress);
});

test('parts without what they stand on are refused by name', (t) => {
	const there = host(t);
	const [stack, epair, port, address, , route] = vnet(v);
	assert.ok(stack && epair && port && address && route);
	assert.throws(() => make(there, gateways[0] ?? bridge), refused('NO_SUCH_INTERFACE', /kleene0/));
	assert.throws(() => make(there, port), refused('NO_SUCH_INTERFACE', /kleene0/));
	assert.throws(() => make(there, epair), refused('HOST_FAILED', /no network stack/));
	assert.throws(() => make(there, address), refused('HOST_FAILED', /no network stack/));
	make(there, stack);
	assert.throws(() => make(there, address), refused('HOST_FAILED', /epair0b/));
	make(there, bridge, epair);
	assert.throws(
		() => make(there, { kind: 'inside-route', container: 'vvv', interface: 'epair0b', family: 4, gateway: '10.9.9.9' }),
		refused('HOST_FAILED', /10\.9\.9\.9.*invalid gateway/),
	);
});

test('the MTU of a network is that of its bridge and of both ends of a cable', (t) => {
	const there = host(t);
	const [stack, epair] = vnet(v);
	assert.ok(stack && epair?.kind === 'epair');
	make(there, { ...bridge, mtu: 1400 }, stack, { ...epair, mtu: 1400 });
	make(there, { ...bridge, mtu: 1400 });
	assert.equal(there.net.links.get('kleene0').mtu, 1400);
	assert.equal(there.net.links.get('epair1a').mtu, 1400);
});

test('a daemon that starts again adopts the stack of a running container', async (t) => {
	const there = host(t);
	make(there, bridge, ...vnet(v));
	const stack = there.network.stackOf('vvv');
	assert.ok(stack);
	const { spawn } = await import('node:child_process');
	const process = spawn('nsenter', [`--net=${stack.path}`, 'sleep', '60']);
	t.after(() => process.kill());
	assert.ok(process.pid);
	const pid = process.pid;
	const second = new LinuxNetwork({ hostNamespace: there.fd });
	t.after(() => second.close());
	const { readlinkSync } = await import('node:fs');
	const wanted = readlinkSync(`/proc/self/fd/${stack.fd}`);
	await eventually('sleep is inside', () => readlinkSync(`/proc/${pid}/ns/net`) === wanted);
	assert.equal(second.adoptStack('vvv', pid), true);
	make({ ...there, network: second }, bridge, ...vnet(v));
	await unmake({ ...there, network: second }, ...vnet(v));
	assert.deepEqual(linkNames(there.net), ['lo', 'kleene0']);
	assert.equal(second.adoptStack('www', 2 ** 22 - 1), false);
});

test('containers that come and go leave no descriptor and no interface', async (t) => {
	const there = host(t);
	make(there, bridge);
	const [links, descriptors] = [linkNames(there.net), openDescriptors()];
	for (let unit = 0; unit < 30; unit += 1) {
		const parts = unit % 2 === 0 ? vnet({ ...v, unit }) : ipnet({ ...i, unit });
		make(there, ...parts);
		await unmake(there, ...parts);
	}
	assert.deepEqual(linkNames(there.net), links);
	assert.ok(openDescriptors() <= descriptors, `${openDescriptors()} descriptors instead of ${descriptors}`);
});

test('parts are described in the words of ip and sysctl', (t) => {
	const there = host(t);
	const lines = describeParts(there, 'make', bridge, ...gateways.slice(0, 1), ...vnet(v), ...ipnet(i));
	for (const line of [
		'ip link add kleene0 address 02:00:00:00:00:01 type bridge forward_delay 0 stp_state 0',
		'ip addr add 10.4.6.1/24 dev kleene0',
		'sysctl -w net.ipv4.conf.kleene0.forwarding=1',
		'ip link add epair1a address 06:00:00:00:01:01 type veth peer name epair0b address 02:00:00:00:01:01 netns vvv',
		'ip link set epair1a master kleene0',
		'ip -n vvv addr add 10.4.6.2/24 dev epair0b',
		'ip -6 -n vvv route add default via fd00:4:6::1 dev epair0b',
		'ip route add 10.4.6.4/32 dev epair3a',
		'ip neigh add proxy 10.4.6.4 dev kleene0',
		'ip -n iii route add default dev kleene0 scope link',
	])
		assert.ok(lines.includes(line), `${line}\nis not among\n${lines.join('\n')}`);
	assert.deepEqual(describeParts(there, 'unmake', bridge), ['ip link delete kleene0']);
});

test('nothing is ever done to another namespace than the one given', (t) => {
	const [there, elsewhere] = [host(t), place(t)];
	make(there, ...everything);
	assert.deepEqual(linkNames(elsewhere.net), ['lo']);
});
