/** A host as the doctor sees it, with one container on `testnet`: no problems found but for what a test changes. */
import { examine } from '#engine/plan/doctor/doctor.ts';
import { partsOfNetwork } from '#engine/plan/network/network.ts';
import type { Endpoint } from '#model/endpoint.ts';
import type { Comparison, Observed, ObservedInterface } from '#model/host/observed.ts';
import type { HostTraits } from '#model/host/traits.ts';
import type { Network } from '#model/network.ts';
import type { Part } from '#model/part.ts';
import { ENDPOINT, TESTNET } from './testnet.ts';

export const EPAIR: Part = {
	kind: 'epair',
	container: 'c1',
	unit: 3,
	inside: 'epair0b',
	mac: '02:00:00:00:00:01',
	routed: false,
};
export const PORT: Part = {
	kind: 'bridge-port',
	bridge: 'kleene0',
	interface: 'epair3a',
	isolated: false,
	hairpin: false,
};
const ADDRESS: Part = { kind: 'inside-address', container: 'c1', interface: 'epair0b', address: '10.4.6.2/24' };
const ROUTE: Part = { kind: 'inside-route', container: 'c1', interface: 'epair0b', family: 4, gateway: '10.4.6.1' };
export const LIMIT: Part = { kind: 'rate-limit', container: 'c1', unit: 3, inside: 'epair0b', rate: 1000 };
export const RUN: readonly Part[] = [{ kind: 'stack', container: 'c1' }, EPAIR, PORT, ADDRESS, ROUTE, LIMIT];
const LINUX: HostTraits = {
	ipnetHasEpair: true,
	innerNames: 'position',
	names: 'resolver',
	checksSources: true,
	jailParameters: 'mapped',
};
export const FREEBSD: HostTraits = {
	ipnetHasEpair: false,
	innerNames: 'unit',
	names: 'hosts-file',
	checksSources: false,
	jailParameters: 'native',
};
export const NETWORK_PARTS = partsOfNetwork(TESTNET, { traits: LINUX });

export function iface(name: string, change: Partial<ObservedInterface> = {}): ObservedInterface {
	return { name, type: 'veth', up: true, mac: '', mtu: 1500, bridge: '', addresses: [], ...change };
}

export const BRIDGE = iface('kleene0', { type: 'bridge', mac: '02:23:45:67:89:ab', addresses: ['10.4.6.1/24'] });
export const CABLE = iface('epair3a', { bridge: 'kleene0' });
export const COMPARISON: Comparison = {
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

export interface Scene {
	readonly interfaces?: readonly ObservedInterface[];
	readonly comparison?: Partial<Comparison>;
	readonly running?: boolean;
	readonly inFlight?: readonly Part[];
	readonly endpoints?: readonly Endpoint[];
	readonly network?: Network;
	readonly traits?: HostTraits;
	readonly run?: readonly Part[];
}

export function find(scene: Scene = {}) {
	const { interfaces = [BRIDGE, CABLE], running = true, inFlight = [], endpoints = [ENDPOINT] } = scene;
	const observed: Observed = {
		gatewayInterface: '',
		interfaces,
		routes: [],
		sandboxes: [{ container: 'c1', running, pid: 1 }],
		mountedRoots: [],
		layerFiles: [],
		rootFiles: [],
		volumeFiles: [],
		lostFiles: [],
		comparison: { ...COMPARISON, ...scene.comparison },
	};
	return examine({
		networks: [{ network: scene.network ?? TESTNET, parts: NETWORK_PARTS, endpoints }],
		runs: [{ id: 'c1', name: 'web', parts: scene.run ?? RUN }],
		names: new Map([['c1', 'web']]),
		inFlight,
		observed,
		traits: scene.traits ?? LINUX,
	});
}

export const words = (scene?: Scene) => find(scene).map(({ what }) => what);
export const steps = (scene?: Scene) =>
	find(scene).map((one) => one.steps.map(({ verb, part }) => `${verb} ${part.kind}`));
