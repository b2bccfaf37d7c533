/**
 * A FreeBSD host with every kind of network and container, filtered by what Kleene renders.
 *
 *     a  bridge    va1 va2 (vnet) ia1 ia2 (ipnet)      l  loopback  il1 il2 (ipnet)
 *     b  bridge    vb  vb2 (vnet) ib      (ipnet)      c  custom    ic1 ic2 (ipnet), on em0 beside `neighbour`
 *     `far` is somewhere behind em0. va2 is on b, too, where `bridged` says so.
 */

import { portAnchor } from '#host/freebsd/firewall/port-rules.ts';
import { memberTables, networkAnchors, selfAnchor, VERDICT } from '#host/freebsd/firewall/rules.ts';
import type { NetworkFilterPart } from '#model/parts/network-filter.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { FreeBsdHost, type HostInterface, type Party } from './host.ts';

export interface Settings {
	readonly internal?: boolean;
	readonly icc?: boolean;
}

export interface Wanted {
	readonly a?: Settings;
	readonly l?: Settings;
	readonly c?: Settings;
	readonly ports?: readonly Partial<PublishedPortsPart>[];
	/** What follows the anchors in the host's own pf.conf. */
	readonly own?: string;
	/** Whether va2 is on b as well. */
	readonly twoNetworks?: boolean;
	readonly nat6?: boolean;
}

export const ANCHORS = 'nat-anchor "kleene/*" all\nrdr-anchor "kleene/*" all\nanchor "kleene/*" all\n';

/** Addresses of everybody by family. */
const AT: Readonly<Record<string, readonly [four: string, six: string]>> = {
	host: ['192.168.1.10', 'fd00:1::10'],
	gatewayA: ['10.0.1.1', 'fd00:a::1'],
	gatewayB: ['10.0.2.1', 'fd00:b::1'],
	va1: ['10.0.1.11', 'fd00:a::11'],
	va2: ['10.0.1.12', 'fd00:a::12'],
	va2b: ['10.0.2.12', 'fd00:b::12'],
	ia1: ['10.0.1.21', 'fd00:a::21'],
	ia2: ['10.0.1.22', 'fd00:a::22'],
	vb: ['10.0.2.11', 'fd00:b::11'],
	vb2: ['10.0.2.13', 'fd00:b::13'],
	ib: ['10.0.2.21', 'fd00:b::21'],
	il1: ['10.0.3.1', 'fd00:c::1'],
	il2: ['10.0.3.2', 'fd00:c::2'],
	ic1: ['192.168.1.51', 'fd00:1::51'],
	ic2: ['192.168.1.52', 'fd00:1::52'],
	neighbour: ['192.168.1.77', 'fd00:1::77'],
	far: ['198.51.100.7', '2001:db8::7'],
	loopback: ['127.0.0.1', '::1'],
};

export function at(name: string, family: 4 | 6): string {
	const pair = AT[name];
	if (!pair) throw new Error(`nobody is called ${name}`);
	return family === 4 ? pair[0] : pair[1];
}

const all = (...names: readonly string[]) => names.flatMap((name) => [...(AT[name] ?? [])]);

export function networks({ a = {}, l = {}, c = {}, nat6 }: Wanted): NetworkFilterPart[] {
	const part = (id: string, name: string, subnets: readonly [string, string], settings: Settings) => ({
		kind: 'network-filter' as const,
		network: id.repeat(12),
		interface: name,
		shared: name === 'em0',
		subnet: subnets[0],
		subnet6: subnets[1],
		icc: settings.icc ?? true,
		internal: settings.internal ?? false,
		nat: 'em0',
		...(nat6 ? { nat6: 'em0' } : {}),
		uplink: 'em0',
	});
	return [
		{ ...part('a', 'kleene0', ['10.0.1.0/24', 'fd00:a::/64'], a), gateways: all('gatewayA') },
		{ ...part('b', 'kleene1', ['10.0.2.0/24', 'fd00:b::/64'], {}), gateways: all('gatewayB') },
		{ ...part('d', 'kleene2', ['10.0.3.0/24', 'fd00:c::/64'], l), gateways: [] },
		{ ...part('c', 'em0', ['192.168.1.0/24', 'fd00:1::/64'], c), gateways: [] },
	];
}

/** Of `vb`, port 8080 of every address to port 80. */
export const PORT: PublishedPortsPart = {
	kind: 'published-ports',
	container: 'bbbbbbbbbbbb',
	protocol: 'tcp',
	hostAddress: '',
	arrivesOn: 'em0',
	first: 8080,
	last: 8080,
	target: at('vb', 4),
	targetFirst: 80,
	interface: 'kleene1',
};

export function landscape(wanted: Wanted = {}): FreeBsdHost {
	const host = new FreeBsdHost(interfaces(wanted), parties(wanted), `${ANCHORS}${wanted.own ?? ''}`);
	const { filter } = host;
	for (const { name, text } of [VERDICT, ...networks(wanted).flatMap(networkAnchors)]) filter.load(name, text);
	for (const port of wanted.ports ?? []) {
		const { name, text } = portAnchor({ ...PORT, ...port });
		filter.load(name, text);
	}
	for (const [names, part] of members(wanted))
		for (const address of all(...names)) {
			if (part.shared) for (const name of memberTables(part.network)) filter.addToTable(name, address);
			if (part.icc) continue;
			const own = selfAnchor(part.network, { address });
			filter.load(own.name, own.text);
		}
	return host;
}

function members(wanted: Wanted): [string[], NetworkFilterPart][] {
	const [a, b, l, c] = networks(wanted);
	return [
		[['ia1', 'ia2'], a!],
		[['ib'], b!],
		[['il1', 'il2'], l!],
		[['ic1', 'ic2'], c!],
	];
}

function interfaces({ a = {} }: Wanted): HostInterface[] {
	return [
		{ name: 'em0', type: 'physical', addresses: all('host', 'ic1', 'ic2'), subnets: ['192.168.1.0/24', 'fd00:1::/64'] },
		{ name: 'lo0', type: 'loopback', addresses: all('loopback'), subnets: [] },
		{
			name: 'kleene0',
			type: 'bridge',
			addresses: all('gatewayA', 'ia1', 'ia2'),
			subnets: ['10.0.1.0/24', 'fd00:a::/64'],
			apart: a.icc === false,
		},
		{ name: 'kleene1', type: 'bridge', addresses: all('gatewayB', 'ib'), subnets: ['10.0.2.0/24', 'fd00:b::/64'] },
		{ name: 'kleene2', type: 'loopback', addresses: all('il1', 'il2'), subnets: [] },
	];
}

function parties({ twoNetworks = false }: Wanted): Party[] {
	const vnet = (name: string, member: string, bridge: string, gateway: string, more: Party['cables'] = []): Party => {
		const addresses = all(name);
		const cables = [{ member, bridge, addresses, gateways: all(gateway) }, ...more];
		return { name, driver: 'vnet', cables, addresses: cables.flatMap((cable) => [...cable.addresses]) };
	};
	const others = (driver: 'ipnet' | 'outside', ...names: readonly string[]) =>
		names.map((name): Party => ({ name, driver, addresses: all(name) }));
	const second = [{ member: 'epair9a', bridge: 'kleene1', addresses: all('va2b'), gateways: [] }];
	return [
		{ name: 'host', driver: 'host', addresses: all('host', 'gatewayA', 'gatewayB', 'loopback') },
		vnet('va1', 'epair1a', 'kleene0', 'gatewayA'),
		vnet('va2', 'epair2a', 'kleene0', 'gatewayA', twoNetworks ? second : []),
		vnet('vb', 'epair3a', 'kleene1', 'gatewayB'),
		vnet('vb2', 'epair4a', 'kleene1', 'gatewayB'),
		...others('ipnet', 'ia1', 'ia2', 'ib', 'il1', 'il2', 'ic1', 'ic2'),
		...others('outside', 'neighbour', 'far'),
	];
}
