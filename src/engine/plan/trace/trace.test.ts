import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAddress, perFamily } from '#inet/address.ts';
import { FAMILIES } from '#inet/family.ts';
import type { Network, NetworkText } from '#model/network.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { testnet } from '#test/engine/testnet.ts';
import { parseQuestion } from './question.ts';
import { type Trace, trace } from './trace.ts';
import { addressFor, holderOf, type TraceContainer, type TraceEnd, type TraceWorld, withoutMembers } from './world.ts';

function network(unit: number, change: Partial<NetworkText> = {}): Network {
	const names = { id: `00000000000${unit}`, name: `net${unit}`, interface: `kleene${unit}` };
	return testnet({ ...names, subnet: `10.4.${unit}.0/24`, nat: 'eth0', ...change });
}

function container(name: string, on: readonly Network[], change: Partial<TraceContainer> = {}): TraceContainer {
	const endpoints = on.map((one, index) => ({
		network: one,
		addresses: perFamily(parseAddress(one.asked.subnet.replace('0/24', `${name.charCodeAt(0)}`))),
		inside: `epair${index}b`,
		mac: '',
		unit: name.charCodeAt(0) + index,
		defaultRoutes: index === 0 ? ([4] as const) : [],
	}));
	return { id: name, name, driver: 'vnet', running: true, endpoints, ...change };
}

const NETS = [
	network(1),
	network(2),
	network(3, { internal: true }),
	network(4, { icc: false }),
	network(5, { type: 'loopback' }),
] as const;
const [N1, N2, N3, N4, N5] = NETS;
const CONTAINERS = [
	container('a', [N1]),
	container('b', [N1]),
	container('c', [N1, N2]),
	container('d', [N2]),
	container('e', [N3]),
	container('f', [N4]),
	container('g', [N4]),
	container('h', [], { driver: 'disabled' }),
	container('i', [N5], { driver: 'ipnet' }),
	...[container('j', [N1]), container('k', [N1]), container('l', [N4]), container('m', [N4])].map(onHostStack),
];

/** An ipnet container whose addresses are those of the host. */
function onHostStack(one: TraceContainer): TraceContainer {
	const endpoints = one.endpoints.map((endpoint) => ({ ...endpoint, shared: true, defaultRoutes: FAMILIES }));
	return { ...one, driver: 'ipnet', endpoints };
}

const PORT: PublishedPortsPart = {
	kind: 'published-ports',
	container: 'g',
	protocol: 'tcp',
	hostAddress: '',
	arrivesOn: '',
	first: 8000,
	last: 8099,
	target: '10.4.4.103',
	targetFirst: 9000,
	interface: 'kleene4',
};
const WORLD: TraceWorld = {
	networks: NETS,
	containers: CONTAINERS,
	ports: [PORT],
	interfaces: [
		{ name: 'eth0', addresses: ['192.0.2.1'] },
		...NETS.map((one) => ({ name: one.interface, addresses: [one.asked.subnet.replace('0/24', '1')] })),
	],
	gatewayInterface: 'eth0',
};

function endOf(name: string, source?: TraceContainer): TraceEnd {
	if (name === 'host' || name === 'outside') return { kind: name, address: '' };
	const found = CONTAINERS.find((one) => one.name === name);
	if (!found) return holderOf(WORLD, name);
	return { kind: 'container', container: found, address: addressFor(found, source) ?? '' };
}

function told(source: string, destination: string, world = WORLD): Trace {
	const question = parseQuestion(source, destination);
	const from = endOf(source);
	const to = endOf(question.destination, from.kind === 'container' ? from.container : undefined);
	return trace({ world, question, from, to });
}

const shown = ({ hops }: Trace) => hops.map(({ kind, what }) => `${kind}: ${what}`);

describe('a packet that the store lets through', () => {
	test('to a member of the same bridge', () => {
		assert.deepEqual(shown(told('a', 'b:80')), [
			'process: a, network driver vnet',
			'cable: epair0b → epair97a',
			'bridge: kleene1',
			'rule: members of net1 reach each other (icc is on)',
			'cable: epair98a → epair0b',
			'process: b, any listener on 80/tcp',
		]);
	});

	test('to a member whose address the host has: by the rules of its network, not by those for the host', () => {
		const ipnetAddresses = [106, 107]
			.map((last) => `10.4.1.${last}`)
			.concat([108, 109].map((last) => `10.4.4.${last}`));
		const seen = WORLD.interfaces.map((one) => ({ ...one, addresses: [...one.addresses, ...ipnetAddresses] }));
		const world = { ...WORLD, interfaces: withoutMembers(seen, CONTAINERS) };
		assert.deepEqual(world.interfaces, WORLD.interfaces);
		for (const [from, to] of ['jk', 'aj', 'ja'].map((pair) => [...pair] as [string, string])) {
			const { reachable, reason, hops } = told(from, to, world);
			assert.deepEqual([reachable, reason], [true, 'members of net1 reach each other (icc is on)'], `${from} ${to}`);
			assert.match(hops.find(({ kind }) => kind === 'rule')?.change ?? '', /--icc false/);
		}
		assert.match(told('l', 'm', world).reason, /icc is off on net4: its members do not reach each other/);
		assert.match(told('j', 'l', world).reason, /net1 and net4 reach each other by published ports only/);
		assert.equal(told('j', 'host', world).reachable, true);
	});

	test('leaves over the network that both are on, whatever the default route', () => {
		assert.match(shown(told('c', 'd')).join('\n'), /cable: epair1b → epair100a\nbridge: kleene2/);
		assert.match(shown(told('c', 'a')).join('\n'), /cable: epair0b → epair99a\nbridge: kleene1/);
	});

	test('by a port that is for some sources: from those, and from the host', () => {
		const ports = [{ ...PORT, from: ['10.4.1.0/24', '203.0.113.0/24'] }];
		const fate = (source: string) => told(source, '192.0.2.1:8042', { ...WORLD, ports });
		assert.ok(fate('a').reachable);
		assert.ok(fate('203.0.113.9').reachable);
		assert.ok(fate('host').reachable);
		for (const source of ['d', 'f', '198.51.100.1', 'outside']) {
			assert.ok(!fate(source).reachable, source);
			assert.match(fate(source).reason, /published for 10\.4\.1\.0\/24, 203\.0\.113\.0\/24 only/, source);
			assert.equal(fate(source).hops.at(-1)?.verdict, 'drop', source);
		}
	});

	test('by a published port, in the middle of a range, to the port with the same offset', () => {
		const trace = told('a', '192.0.2.1:8042');
		assert.ok(trace.reachable);
		assert.ok(
			shown(trace).includes('nat: 192.0.2.1 8042/tcp is published: → 10.4.4.103 9042'),
			shown(trace).join('\n'),
		);
		assert.equal(trace.hops.at(-1)?.what, 'g, any listener on 9042/tcp');
		assert.equal(told('a', '192.0.2.1:8100').hops.at(-1)?.what, 'the host, any listener on 8100/tcp');
		assert.equal(told('a', '192.0.2.1:8042/udp').hops.at(-1)?.what, 'the host, any listener on 8042/udp');
		assert.ok(told('f', '10.4.4.1:8000').reachable, 'icc is off, but it is published');
		assert.ok(told('outside', '192.0.2.1:8000').reachable);
	});
});

describe('a packet that gets lost says where, why, and what would help', () => {
	for (const [source, destination, reason, change] of [
		['a', 'd', 'net1 and net2 reach each other by published ports only', 'klee network connect net2 a'],
		[
			'a',
			'i',
			'net1 and net5 reach each other by published ports only',
			'klee run -p HOSTPORT:PORT ... (make i anew with a published port)',
		],
		['a', 'e', 'net3 is internal: nothing enters it', 'klee network connect net3 a'],
		['e', 'a', 'net3 is internal: nothing leaves it', 'klee network create without --internal ... (make net3 anew)'],
		[
			'e',
			'outside',
			'net3 is internal: nothing leaves it',
			'klee network create without --internal ... (make net3 anew)',
		],
		['e', '192.0.2.1:8000', 'net3 is internal: nothing leaves it', undefined],
		['f', 'g', 'icc is off on net4: its members do not reach each other', undefined],
		['outside', 'a', 'from outside, nothing but published ports is reached', undefined],
		['h', 'a', 'h is on no network', 'klee run -l vnet -n NETWORK ...'],
		['a', 'h', 'h is on no network', 'klee network connect NETWORK h'],
		['a', '10.4.1.77', 'no container has 10.4.1.77', 'klee network inspect net1'],
	] as const)
		test(`${source} → ${destination}`, () => {
			const trace = told(source, destination);
			assert.equal(trace.reachable, false);
			assert.equal(trace.reason, reason);
			const last = trace.hops.at(-1);
			assert.notEqual(last?.verdict, undefined);
			if (change) assert.equal(last?.change, change);
		});

	test('a host without a default route leads nowhere outside', () => {
		assert.equal(told('a', 'outside', { ...WORLD, gatewayInterface: '' }).reason, 'the host has no default route');
	});
});

test('destinations are parsed, not guessed', () => {
	const parsed = (text: string) => {
		const { destination, port, protocol } = parseQuestion('a', text);
		return [destination, port, protocol];
	};
	assert.deepEqual(parsed('web'), ['web', 0, 'icmp']);
	assert.deepEqual(parsed('web:80'), ['web', 80, 'tcp']);
	assert.deepEqual(parsed('web:53/udp'), ['web', 53, 'udp']);
	assert.deepEqual(parsed('fd00::2'), ['fd00::2', 0, 'icmp']);
	assert.deepEqual(parsed('[fd00::2]:80'), ['fd00::2', 80, 'tcp']);
	for (const text of ['web:', 'web:0', 'web:65536', 'web:80/sctp', 'web:80/tcp/x', 'web:1:2', 'fd00::2:x'])
		assert.throws(() => parsed(text), { code: 'INVALID_ARGUMENT' }, text);
});

test('a container that shares the stack of the host has no cable, and the routes of the host', () => {
	const share = (one: TraceContainer): TraceContainer => ({
		...one,
		endpoints: one.endpoints.map((endpoint) => ({ ...endpoint, defaultRoutes: [4, 6], shared: true })),
	});
	const from = share(container('i', [N5], { driver: 'ipnet' }));
	const to = share(container('j', [N5], { driver: 'ipnet' }));
	const hops = (destination: TraceEnd) => {
		const question = parseQuestion('i', 'j');
		const told = trace({
			world: WORLD,
			question,
			from: { kind: 'container', container: from, address: '' },
			to: destination,
		});
		return told.hops.map(({ kind }) => kind);
	};
	assert.deepEqual(hops({ kind: 'container', container: to, address: '10.4.5.106' }), [
		'process',
		'route',
		'rule',
		'process',
	]);
	assert.deepEqual(hops({ kind: 'outside', address: '198.51.100.1' }), ['process', 'route', 'rule', 'nat', 'outside']);
});
