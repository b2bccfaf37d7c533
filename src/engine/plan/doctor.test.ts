import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Endpoint, macOfEndpoint } from '#model/endpoint.ts';
import type { Network } from '#model/network.ts';
import type { Comparison, Observed, ObservedInterface } from '#model/observed.ts';
import type { Part } from '#model/part.ts';
import type { HostTraits } from '#model/traits.ts';
import { examine } from './doctor.ts';
import type { Examination } from './finding.ts';
import { partsOfNetwork } from './network.ts';

const NETWORK: Network = {
	id: '0123456789ab',
	name: 'net',
	type: 'bridge',
	interface: 'kleene0',
	subnet: '10.4.6.0/24',
	subnet6: '',
	gateway: '<auto>',
	gateway6: '',
	nat: '',
	icc: true,
	internal: false,
	nat6: false,
	dns: true,
	mtu: 0,
	created: '',
};
const ENDPOINT: Endpoint = {
	id: 'abcdef012345',
	containerId: 'c1',
	networkId: NETWORK.id,
	ipAddress: '10.4.6.2',
	ipAddress6: '',
	position: 0,
	epair: 3,
	mac: '',
	defaultRoute: false,
	aliases: [],
};
const EPAIR: Part = {
	kind: 'epair',
	container: 'c1',
	unit: 3,
	inside: 'epair0b',
	mac: '02:00:00:00:00:01',
	routed: false,
};
const PORT: Part = { kind: 'bridge-port', bridge: 'kleene0', interface: 'epair3a', isolated: false, hairpin: false };
const ADDRESS: Part = { kind: 'inside-address', container: 'c1', interface: 'epair0b', address: '10.4.6.2/24' };
const ROUTE: Part = { kind: 'inside-route', container: 'c1', interface: 'epair0b', family: 4, gateway: '10.4.6.1' };
const LIMIT: Part = { kind: 'rate-limit', container: 'c1', unit: 3, inside: 'epair0b', rate: 1000 };
const RUN: readonly Part[] = [{ kind: 'stack', container: 'c1' }, EPAIR, PORT, ADDRESS, ROUTE, LIMIT];
const LINUX: HostTraits = {
	ipnetHasEpair: true,
	innerNames: 'position',
	answersNames: true,
	jailParameters: 'mapped',
};
const FREEBSD: HostTraits = {
	ipnetHasEpair: false,
	innerNames: 'unit',
	answersNames: false,
	jailParameters: 'native',
};
const NETWORK_PARTS = partsOfNetwork(NETWORK, { gatewayInterface: '', traits: LINUX });

function iface(name: string, change: Partial<ObservedInterface> = {}): ObservedInterface {
	return { name, type: 'veth', up: true, mac: '', mtu: 1500, bridge: '', addresses: [], ...change };
}

const BRIDGE = iface('kleene0', { type: 'bridge', mac: '02:23:45:67:89:ab', addresses: ['10.4.6.1/24'] });
const CABLE = iface('epair3a', { bridge: 'kleene0' });
const COMPARISON: Comparison = {
	stacks: [
		{
			container: 'c1',
			interfaces: [iface('epair0b', { addresses: ['10.4.6.2/24'] })],
			routes: [{ destination: '0.0.0.0/0', interface: 'epair0b' }],
		},
	],
	proxies: [],
	differing: [],
	excess: [],
};

interface Scene {
	readonly interfaces?: readonly ObservedInterface[];
	readonly comparison?: Partial<Comparison>;
	readonly running?: boolean;
	readonly inFlight?: readonly Part[];
	readonly endpoints?: readonly Endpoint[];
	readonly network?: Network;
	readonly traits?: HostTraits;
	readonly run?: readonly Part[];
}

function find(scene: Scene = {}) {
	const { interfaces = [BRIDGE, CABLE], running = true, inFlight = [], endpoints = [ENDPOINT] } = scene;
	const observed: Observed = {
		gatewayInterface: '',
		interfaces,
		routes: [],
		sandboxes: [{ container: 'c1', running, pid: 1 }],
		mountedRoots: [],
		imageFiles: [],
		rootFiles: [],
		comparison: { ...COMPARISON, ...scene.comparison },
	};
	const examination: Examination = {
		networks: [{ network: scene.network ?? NETWORK, parts: NETWORK_PARTS, endpoints }],
		runs: [{ id: 'c1', name: 'web', parts: scene.run ?? RUN }],
		names: new Map([['c1', 'web']]),
		inFlight,
		observed,
		traits: scene.traits ?? LINUX,
	};
	return examine(examination);
}

const words = (scene?: Scene) => find(scene).map(({ what }) => what);
const steps = (scene?: Scene) => find(scene).map((one) => one.steps.map(({ verb, part }) => `${verb} ${part.kind}`));

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
		assert.deepEqual(finding?.owners, ['network 0123456789ab', 'container c1']);
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
		assert.equal(finding?.mend, 'ip link set kleene0 address 02:23:45:67:89:ab');
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

	test('a change under way explains what it makes', () => {
		const making: Part = { kind: 'epair', container: 'c2', unit: 8, inside: 'epair0b', mac: '', routed: false };
		assert.deepEqual(find({ interfaces: [BRIDGE, CABLE, iface('epair8a')], inFlight: [making] }), []);
	});

	test('answers for an address that no container has', () => {
		const proxies = [
			{ interface: 'kleene0', address: '10.4.6.77' },
			{ interface: 'eth0', address: '192.0.2.7' },
		];
		assert.deepEqual(steps({ comparison: { proxies } }), [['unmake alias']]);
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
		const same = { ...twin, ipAddress: '10.4.6.3', mac: macOfEndpoint(ENDPOINT) };
		assert.deepEqual(words({ endpoints: [ENDPOINT, same] }), [
			`${macOfEndpoint(ENDPOINT)} on net is held by container web and container c2`,
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
		const network = { ...NETWORK, subnet: '10.4.6.0/28' };
		const endpoints = (count: number) =>
			Array.from({ length: count }, (_, index) => ({
				...ENDPOINT,
				id: `abcdef0123${String(index).padStart(2, '0')}`,
				ipAddress: `10.4.6.${index + 2}`,
			}));
		assert.deepEqual(words({ network, endpoints: endpoints(11) }), []);
		assert.match(words({ network, endpoints: endpoints(12) })[0] ?? '', /^13 of the 14 addresses of 10\.4\.6\.0\/28/);
	});
});

describe('a host on which ipnet containers share the stack, and that knows marks', () => {
	const alias: Part = {
		...{ kind: 'alias', container: 'c1', interface: 'kleene0', unit: 3, inside: 'kleene0' },
		...{ address: '10.4.6.2', subnet: '10.4.6.0/24', hostAddress: '10.4.6.1' },
	};
	const bridge = { ...BRIDGE, ours: true, addresses: ['10.4.6.1/24', '10.4.6.2/32'] };
	const held = { proxies: [{ interface: 'kleene0', address: '10.4.6.2' }] };
	const shared: Scene = { traits: FREEBSD, run: [alias], interfaces: [bridge], comparison: held };

	test('an alias is all there is of a container, and nobody else holds it', () => {
		assert.deepEqual(words(shared), []);
	});

	test('one that is gone is made again', () => {
		const lost = { ...shared, comparison: {} };
		assert.deepEqual(words(lost), ['kleene0 has lost the address 10.4.6.2']);
		assert.deepEqual(steps(lost), [['make alias']]);
	});

	test('one that no container has is taken away', () => {
		const proxies = [...held.proxies, { interface: 'kleene0', address: '10.4.6.9' }];
		const stray = { ...shared, comparison: { proxies } };
		assert.deepEqual(words(stray), ['the host answers for 10.4.6.9 on kleene0, which no container has']);
		assert.deepEqual(steps(stray), [['unmake alias']]);
	});

	test('an address of a container that the host has on another interface is a duplicate', () => {
		const card = iface('vtnet0', { type: '', ours: false, addresses: ['10.4.6.2/24'] });
		const [first] = words({ ...shared, interfaces: [bridge, card] });
		assert.equal(first, '10.4.6.2 is held by container web and interface vtnet0 of the host');
	});

	test('cables and bridges of others are theirs, whatever they are called; what bears the mark is ours', () => {
		const theirs = [iface('epair7a', { ours: false }), iface('kleene8', { type: 'bridge', ours: false })];
		assert.deepEqual(words({ ...shared, interfaces: [bridge, ...theirs] }), []);
		const left = [
			iface('epair7a', { type: 'epair', ours: true }),
			iface('lan', { type: 'lo', mac: '02:00:00:00:00:09', ours: true }),
		];
		const scene = { ...shared, interfaces: [bridge, ...left] };
		assert.deepEqual(words(scene), [
			'interface epair7a belongs to no network and no running container',
			'interface lan belongs to no network and no running container',
		]);
		const [, part] = find(scene).map((finding) => finding.steps[0]?.part);
		assert.deepEqual(part, { kind: 'network-interface', interface: 'lan', type: 'loopback', mac: '02:00:00:00:00:09' });
	});

	test('what is done by hand is said in the words of the host', () => {
		const renamed = { ...bridge, mac: '02:00:00:00:00:99' };
		const [finding] = find({ ...shared, interfaces: [renamed] });
		assert.equal(finding?.mend, 'ifconfig kleene0 ether 02:23:45:67:89:ab');
	});

	test('a bridge has room for any number', () => {
		const many = Array.from({ length: 1100 }, (_, index) => iface(`tap${index}`, { bridge: 'kleene0', ours: false }));
		assert.deepEqual(words({ ...shared, interfaces: [bridge, ...many] }), []);
	});
});
