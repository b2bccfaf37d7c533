/**
 * Networks and containers of every kind as the engine plans them, for tests that ask everyone about everyone.
 *
 *     a  bridge    va1 va2 (vnet) ia1 ia2 (ipnet)     l  loopback  il1 il2 (ipnet)
 *     b  bridge    vb vb2 vg      ib ig               c  custom    ic1 ic2 (ipnet), on the uplink beside `neighbour`
 *     f  bridge    vf if (IPv4 alone)                 n  bridge    vn vn2 (vnet), without a router
 *     vab (vnet on a, then b), ibl (ipnet on b, then l), `far` beyond the uplink
 *
 * a, l and c have the settings of the world. All but the second of a kind publish port 80.
 */

import { chooseDefaultRoutes, type LiveEndpoint } from '#engine/plan/network/endpoint.ts';
import { partsOfNetwork } from '#engine/plan/network/network.ts';
import { partsOfPorts } from '#engine/plan/network/ports.ts';
import { partsOfRun } from '#engine/plan/run/run.ts';
import { parseAddress, perFamily } from '#inet/address.ts';
import { FAMILIES } from '#inet/family.ts';
import type { Container, NetworkDriver } from '#model/container.ts';
import type { Endpoint } from '#model/endpoint.ts';
import type { HostTraits } from '#model/host/traits.ts';
import type { Network, NetworkText } from '#model/network.ts';
import type { Part } from '#model/part.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import type { ReachContainer } from '#model/reach/reach.ts';
import type { SandboxSpec } from '#model/sandbox.ts';
import { testnet } from '#test/engine/testnet.ts';

export interface Settings {
	readonly internal: boolean;
	readonly icc: boolean;
	readonly nat6: boolean;
}

export const ALL_SETTINGS: readonly Settings[] = [true, false].flatMap((icc) =>
	[true, false].map((internal) => ({ internal, icc, nat6: icc })),
);

export function titleOf({ internal, icc, nat6 }: Settings): string {
	return `${internal ? 'internal' : 'not internal'}, icc ${icc ? 'on' : 'off'}, IPv6 ${nat6 ? 'translated' : 'as it is'}`;
}

export const UPLINK = {
	addresses: ['192.168.1.10', 'fd00:1::10'],
	subnets: ['192.168.1.0/24', 'fd00:1::/64'],
} as const;
export const NEIGHBOUR = ['192.168.1.77', 'fd00:1::77'] as const;
export const FAR = ['198.51.100.7', '2001:db8::7'] as const;

type NetworkName = 'a' | 'b' | 'c' | 'f' | 'l' | 'n';

interface Planned {
	readonly driver: NetworkDriver;
	/** Networks in order of connection, with the last part of the address on each. */
	readonly on: readonly (readonly [network: NetworkName, host: number])[];
	/** Port of the host. */
	readonly port?: number;
	readonly publishFrom?: readonly string[];
}

const FOR_SOME = {
	publishFrom: ['198.51.100.0/24', '10.0.1.11/32', '10.0.1.21/32', '2001:db8::/32', 'fd00:a::11/128'],
};

const PLANNED: Readonly<Record<string, Planned>> = {
	va1: { driver: 'vnet', on: [['a', 11]], port: 8001 },
	va2: { driver: 'vnet', on: [['a', 12]] },
	ia1: { driver: 'ipnet', on: [['a', 21]], port: 8002 },
	ia2: { driver: 'ipnet', on: [['a', 22]] },
	vb: { driver: 'vnet', on: [['b', 11]], port: 8003 },
	vb2: { driver: 'vnet', on: [['b', 12]] },
	vg: { driver: 'vnet', on: [['b', 13]], port: 8004, ...FOR_SOME },
	ib: { driver: 'ipnet', on: [['b', 21]], port: 8005 },
	ig: { driver: 'ipnet', on: [['b', 22]], port: 8006, ...FOR_SOME },
	vf: { driver: 'vnet', on: [['f', 11]], port: 8007 },
	if: { driver: 'ipnet', on: [['f', 21]] },
	il1: { driver: 'ipnet', on: [['l', 21]], port: 8008 },
	il2: { driver: 'ipnet', on: [['l', 22]] },
	ic1: { driver: 'ipnet', on: [['c', 51]], port: 8009 },
	ic2: { driver: 'ipnet', on: [['c', 52]] },
	vn: { driver: 'vnet', on: [['n', 11]] },
	vn2: { driver: 'vnet', on: [['n', 12]] },
	vab: {
		driver: 'vnet',
		on: [
			['a', 31],
			['b', 31],
		],
		port: 8010,
	},
	ibl: {
		driver: 'ipnet',
		on: [
			['b', 32],
			['l', 32],
		],
		port: 8011,
	},
	none: { driver: 'disabled', on: [] },
};

/** Prefixes of the addresses of a network in both families; `''`: not used. */
const PREFIXES: Readonly<Record<NetworkName, readonly [four: string, six: string]>> = {
	a: ['10.0.1.', 'fd00:a::'],
	b: ['10.0.2.', 'fd00:b::'],
	l: ['10.0.3.', 'fd00:c::'],
	f: ['10.0.4.', ''],
	n: ['10.0.5.', 'fd00:e::'],
	c: ['192.168.1.', 'fd00:1::'],
};

export interface WorldContainer extends ReachContainer {
	readonly id: string;
	readonly name: string;
	readonly liveEndpoints: readonly LiveEndpoint[];
	readonly ports: readonly PublishedPortsPart[];
	/** On the host, in the order of making. */
	readonly parts: readonly Part[];
}

export interface World {
	readonly networks: Readonly<Record<NetworkName, Network>>;
	readonly containers: ReadonlyMap<string, WorldContainer>;
	/** Of all networks, in the order of making. */
	readonly parts: readonly Part[];
}

/** @param uplink interface of the host's default route */
export function planWorld(settings: Settings, uplink: string, traits: HostTraits): World {
	const networks = networksOf(settings, uplink);
	const names = Object.keys(PLANNED);
	const containers = names.map((name, index) => planContainer({ name, index, networks, traits }));
	return {
		networks,
		containers: new Map(containers.map((one) => [one.name, one])),
		parts: Object.values(networks).flatMap((one) => partsOfNetwork(one, { uplinks: [uplink], traits })),
	};
}

function networksOf({ internal, icc, nat6 }: Settings, uplink: string): World['networks'] {
	const make = (name: NetworkName, changes: Partial<NetworkText>) => {
		const [four, six] = PREFIXES[name];
		const blocks = { subnet: `${four}0/24`, subnet6: six && `${six}/64`, gateway: '<auto>', gateway6: '<auto>' };
		const names = { id: name.charCodeAt(0).toString(16).padStart(12, '0'), name };
		return testnet({ ...names, ...blocks, nat: '<host-gateway>', nat6, ...changes });
	};
	const varied = { internal, icc };
	return {
		a: make('a', { interface: 'kleene0', ...varied }),
		b: make('b', { interface: 'kleene1' }),
		l: make('l', { interface: 'kleene2', type: 'loopback', ...varied }),
		f: make('f', { interface: 'kleene3' }),
		n: make('n', { interface: 'kleene4', gateway: '', gateway6: '' }),
		c: make('c', { interface: uplink, type: 'custom', ...varied }),
	};
}

interface Planning {
	readonly name: string;
	readonly index: number;
	readonly networks: World['networks'];
	readonly traits: HostTraits;
}

function planContainer({ name, index, networks, traits }: Planning): WorldContainer {
	const planned = PLANNED[name]!;
	const container = containerOf(name, index, planned);
	const liveEndpoints = planned.on.map(([on, host], position) => {
		const endpoint = endpointOf(
			container.id,
			networks[on],
			position,
			PREFIXES[on].map((prefix) => prefix && `${prefix}${host}`),
		);
		return { endpoint, network: networks[on], unit: 2 * index + position };
	});
	const ports = partsOfPorts(container, liveEndpoints, { addresses: new Map() });
	const shared = planned.driver === 'ipnet' && !traits.ipnetHasEpair;
	const routes = chooseDefaultRoutes(liveEndpoints, planned.driver === 'vnet' ? 'vnet' : 'ipnet');
	return {
		id: container.id,
		name,
		driver: planned.driver,
		liveEndpoints,
		ports,
		parts: partsOfRun({ container, layers: [], liveEndpoints, spec: specOf(container), ports, traits }),
		endpoints: liveEndpoints.map(({ endpoint, network }) => {
			const { addresses } = endpoint;
			const given = [...(routes.get(endpoint.id) ?? [])];
			return { network, addresses, shared, defaultRoutes: shared ? FAMILIES : given };
		}),
	};
}

function containerOf(name: string, index: number, { driver, port, publishFrom = [] }: Planned): Container {
	const ports =
		port === undefined ? [] : [{ interfaces: [], hostPort: `${port}`, containerPort: '80', protocol: 'udp' } as const];
	return {
		...{
			id: `c${index.toString(16).padStart(11, '0')}`,
			name,
			imageId: '',
			layer: '',
			cmd: [],
			user: '',
			env: [],
			jailParam: [],
		},
		...{ networkDriver: driver, publicPorts: ports, publishFrom, mounts: [], restartPolicy: 'no', persist: true },
		...{ autoRemove: false, bandwidth: 0, created: '', dataset: '' },
	};
}

function endpointOf(containerId: string, network: Network, position: number, addresses: readonly string[]): Endpoint {
	return {
		...{ id: `${containerId.slice(0, -1)}${position}`, containerId, networkId: network.id, position, epair: null },
		...{ addresses: perFamily(...addresses.map(parseAddress)), mac: '', defaultRoute: false, aliases: [] },
	};
}

function specOf({ id, networkDriver }: Container): SandboxSpec {
	const process = { argv: ['true'], env: [], user: 'root', tty: false, stdin: false };
	const none = { rawSockets: false, netAdmin: false, parameters: [] };
	return { driver: networkDriver, hostname: id, network: networkDriver === 'host' ? 'host' : 'own', ...none, process };
}
