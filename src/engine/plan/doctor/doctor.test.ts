import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAddress, perFamily } from '#inet/address.ts';
import { macOfEndpoint } from '#model/endpoint.ts';
import type { Part } from '#model/part.ts';
import {
	BRIDGE,
	CABLE,
	COMPARISON,
	EPAIR,
	find,
	iface,
	LIMIT,
	NETWORK_PARTS,
	PORT,
	RUN,
	steps,
	words,
} from '#test/engine/doctor-scene.ts';
import { ENDPOINT, testnet } from '#test/engine/testnet.ts';
import { isSame } from './finding.ts';

test('a host that is as it should be has no findings', () => {
	assert.deepEqual(find(), []);
});

describe('drift', () => {
	test('what stands on a missing part is made again with it, in one finding of both owners', () => {
		const [finding, ...more] = find({ interfaces: [iface('epair3a')] });
		assert.deepEqual(more, []);
		assert.equal(finding?.what, 'bridge kleene0 is missing, and with it what stands on it');
		assert.deepEqual(
			finding?.steps.map(({ part }) => part.kind),
			['network-interface', 'interface-address', 'bridge-port'],
		);
		assert.deepEqual(finding?.owners, [
			{ kind: 'network', id: '0123456789ab' },
			{ kind: 'container', id: 'c1' },
		]);
	});

	test('a cable takes its port, addresses, route and limit along', () => {
		const stacks = [{ container: 'c1', interfaces: [], routes: [] }];
		assert.deepEqual(steps({ interfaces: [BRIDGE], comparison: { stacks } }), [
			['make epair', 'make bridge-port', 'make inside-address', 'make inside-route', 'make rate-limit'],
		]);
	});

	test('a port of another bridge is taken out there first', () => {
		const scene = { interfaces: [BRIDGE, iface('epair3a', { bridge: 'br1' }), iface('br1')] };
		assert.deepEqual(words(scene), ['epair3a is no port of kleene0 but of br1']);
		const [first] = find(scene)[0]?.steps ?? [];
		assert.deepEqual(first, { verb: 'unmake', part: { ...PORT, bridge: 'br1' } });
	});

	test('an interface that is another one is left to the administrator', () => {
		const [finding] = find({ interfaces: [{ ...BRIDGE, mac: '02:00:00:00:00:99' }, CABLE] });
		assert.deepEqual(finding?.steps, []);
		assert.equal(finding?.hint, 'ip link set kleene0 address 02:23:45:67:89:ab');
	});

	test('a finding is the same one while its words change', () => {
		const [one] = find({ interfaces: [{ ...BRIDGE, mac: '02:00:00:00:00:98' }, CABLE] });
		const [other] = find({ interfaces: [{ ...BRIDGE, mac: '02:00:00:00:00:99' }, CABLE] });
		assert.ok(one && other && one.what !== other.what && isSame(one, other));
	});

	test('another default route is the own business of a container, none is not', () => {
		const stack = COMPARISON.stacks[0]!;
		const routes = [{ destination: '0.0.0.0/0', interface: 'tun0' }];
		assert.deepEqual(words({ comparison: { stacks: [{ ...stack, routes }] } }), []);
		assert.deepEqual(steps({ comparison: { stacks: [{ ...stack, routes: [] }] } }), [['make inside-route']]);
	});

	test('what the host itself says about a part is taken over, with what is in its place', () => {
		const [part] = NETWORK_PARTS.filter(({ kind }) => kind === 'network-filter');
		const differing = [{ part: part!, what: 'chain x has 1 added', instead: [LIMIT] }];
		assert.deepEqual(steps({ comparison: { differing } }), [['unmake rate-limit', 'make network-filter']]);
	});

	test('changes under way and containers that have just ended are nobody’s fault', () => {
		const interfaces = [BRIDGE];
		assert.deepEqual(find({ interfaces, inFlight: RUN }), []);
		assert.deepEqual(find({ interfaces, running: false }), []);
	});
});

describe('leaks', () => {
	test('interfaces with our names that nothing explains, and no others', () => {
		const stray = ['kleene9', 'epair8a', 'kleenex', 'epair8', 'eth0', 'br0'].map((name) => iface(name));
		assert.deepEqual(steps({ interfaces: [BRIDGE, CABLE, ...stray] }), [
			['unmake network-interface'],
			['unmake epair'],
		]);
	});

	test('a bridge with cables of a container names what has to go first', () => {
		const bridge = iface('kleene9', { type: 'bridge' });
		const [finding, ...more] = find({ interfaces: [BRIDGE, iface('epair3a', { bridge: 'kleene9' }), bridge] }).filter(
			({ kind }) => kind === 'leak',
		);
		assert.equal(finding?.hint, 'klee container rm -f web, then klee network doctor --repair');
		assert.match(finding?.what ?? '', /kleene9 .*; containers on it: web$/);
		assert.deepEqual([finding?.steps, more], [[], []]);
	});

	test('many rules of one place are one finding', () => {
		const excess = Array.from({ length: 50 }, (_, n) => ({ what: `set s${n}`, parts: [LIMIT], owner: EPAIR }));
		const [finding, ...more] = find({ comparison: { excess } });
		assert.equal(finding?.what, 'the firewall has set s0 and 49 other entries, which are not configured');
		assert.equal(finding?.steps.length, 51);
		assert.deepEqual(more, []);
		assert.equal(find({ comparison: { excess: excess.slice(0, 3) } }).length, 3);
	});

	test('a change under way explains what it makes', () => {
		const making: Part = { kind: 'epair', container: 'c2', unit: 8, inside: 'epair0b', mac: '', routed: false };
		assert.deepEqual(find({ interfaces: [BRIDGE, CABLE, iface('epair8a')], inFlight: [making] }), []);
	});

	test('answers for an address that no container has', () => {
		const proxies = [
			{ interface: 'kleene0', address: '10.4.6.77' },
			{ interface: 'eth0', address: '192.0.2.7' },
		];
		assert.deepEqual(steps({ comparison: { proxies } }), [['unmake ipnet-address']]);
	});

	test('rules are unmade in order, then their owner is made again', () => {
		const excess = [{ what: 'element x of y', parts: [LIMIT, PORT], owner: EPAIR }];
		assert.deepEqual(steps({ comparison: { excess } }), [['unmake rate-limit', 'unmake bridge-port', 'make epair']]);
		assert.deepEqual(steps({ comparison: { excess: [{ what: 'chain z', parts: [] }] } }), [[]]);
	});
});

describe('duplicates and limits', () => {
	test('an address or a MAC address that two hold', () => {
		const twin = { ...ENDPOINT, id: 'fedcba543210', containerId: 'c2', mac: '02:ef:01:23:45:00' };
		assert.deepEqual(words({ endpoints: [ENDPOINT, twin] }), ['10.4.6.2 is held by container web and container c2']);
		const same = { ...twin, addresses: perFamily(parseAddress('10.4.6.3')), mac: macOfEndpoint(ENDPOINT) };
		assert.deepEqual(words({ endpoints: [ENDPOINT, same] }), [
			`${macOfEndpoint(ENDPOINT)} on testnet is held by container web and container c2`,
		]);
	});

	test('an interface that came into the subnet later', () => {
		const vpn = iface('tun0', { addresses: ['10.4.6.200/24'] });
		assert.match(
			words({ interfaces: [BRIDGE, CABLE, vpn] })[0] ?? '',
			/tun0 of the host has the address 10\.4\.6\.200/,
		);
	});

	test('a bridge is nearly full from 90 percent of 1023 ports', () => {
		const ports = (count: number) =>
			Array.from({ length: count }, (_, index) => iface(`p${index}`, { bridge: 'kleene0' }));
		assert.deepEqual(words({ interfaces: [BRIDGE, CABLE, ...ports(919)] }), []);
		assert.deepEqual(words({ interfaces: [BRIDGE, CABLE, ...ports(920)] }), [
			'bridge kleene0 has 921 of at most 1023 ports',
		]);
	});

	test('a subnet is nearly full from 90 percent of its addresses, its gateway among them', () => {
		const network = testnet({ subnet: '10.4.6.0/28' });
		const endpoints = (count: number) =>
			Array.from({ length: count }, (_, index) => ({
				...ENDPOINT,
				id: `abcdef0123${String(index).padStart(2, '0')}`,
				addresses: perFamily(parseAddress(`10.4.6.${index + 2}`)),
			}));
		assert.deepEqual(words({ network, endpoints: endpoints(11) }), []);
		assert.match(words({ network, endpoints: endpoints(12) })[0] ?? '', /^13 of the 14 addresses of 10\.4\.6\.0\/28/);
	});
});
