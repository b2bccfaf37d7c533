/** The world of `test/reach/world.ts` on a FreeBSD host: pf loaded with what Kleene renders for its parts. */

import { portAnchor } from '#host/freebsd/firewall/port-rules.ts';
import { memberTables, networkAnchors, selfAnchor, VERDICT } from '#host/freebsd/firewall/rules.ts';
import { formatAddress } from '#inet/address.ts';
import { familyEntries } from '#inet/family.ts';
import { formatSubnet } from '#inet/subnet.ts';
import { hostEnd } from '#model/cable.ts';
import { addressesOf } from '#model/endpoint.ts';
import type { HostTraits } from '#model/host/traits.ts';
import type { Network } from '#model/network.ts';
import {
	FAR,
	NEIGHBOUR,
	planWorld,
	type Settings,
	UPLINK,
	type World,
	type WorldContainer,
} from '#test/reach/world.ts';
import { FreeBsdHost, type HostInterface, type Party } from './host.ts';
import { ANCHORS } from './landscape.ts';

const TRAITS: HostTraits = {
	ipnetHasEpair: false,
	jailParameters: 'native',
	innerNames: 'unit',
	names: 'hosts-file',
	checksSources: false,
};

export interface FreeBsdWorld {
	readonly world: World;
	readonly host: FreeBsdHost;
}

export function freeBsdWorld(settings: Settings): FreeBsdWorld {
	const world = planWorld(settings, 'em0', TRAITS);
	const host = new FreeBsdHost(interfacesOf(world), partiesOf(world), ANCHORS);
	const load = ({ name, text }: { name: string; text: string }) => host.filter.load(name, text);
	load(VERDICT);
	for (const part of [...world.parts, ...[...world.containers.values()].flatMap(({ parts }) => parts)]) {
		if (part.kind === 'network-filter') networkAnchors(part).forEach(load);
		if (part.kind === 'published-ports') load(portAnchor(part));
		if (part.kind !== 'ipnet-address' || !part.member) continue;
		const { network, shared, icc } = part.member;
		if (shared) for (const name of memberTables(network)) host.filter.addToTable(name, part.address);
		if (!icc) load(selfAnchor(network, part));
	}
	return { world, host };
}

function gatewayOf({ families }: Network): string[] {
	return familyEntries(families).flatMap(([, { gateway }]) =>
		gateway?.onHost ? [formatAddress(gateway.address)] : [],
	);
}

/** Addresses of ipnet containers come after the host's own. */
function ipnetAddressesOn({ containers }: World, network: Network): string[] {
	return [...containers.values()]
		.filter(({ driver }) => driver === 'ipnet')
		.flatMap(({ endpoints }) => endpoints.filter((one) => one.network.id === network.id).flatMap(addressesOf));
}

function interfacesOf(world: World): HostInterface[] {
	const { networks } = world;
	const uplink = [...UPLINK.addresses, ...ipnetAddressesOn(world, networks.c)];
	return [
		{ name: 'em0', type: 'physical', addresses: uplink, subnets: UPLINK.subnets },
		{ name: 'lo0', type: 'loopback', addresses: ['127.0.0.1', '::1'], subnets: [] },
		...[networks.a, networks.b, networks.f, networks.n].map((one): HostInterface => {
			const subnets = familyEntries(one.families).map(([, { subnet }]) => formatSubnet(subnet));
			const unrouted = gatewayOf(one).length === 0;
			const addresses = [...gatewayOf(one), ...ipnetAddressesOn(world, one)];
			return { name: one.interface, type: 'bridge', addresses, subnets, unrouted, apart: !one.icc };
		}),
		{ name: networks.l.interface, type: 'loopback', addresses: ipnetAddressesOn(world, networks.l), subnets: [] },
	];
}

function partiesOf(world: World): Party[] {
	const own = Object.values(world.networks).flatMap(gatewayOf);
	const outside = (name: string, addresses: readonly string[]): Party => ({ name, driver: 'outside', addresses });
	return [
		{ name: 'host', driver: 'host', addresses: [...UPLINK.addresses, ...own, '127.0.0.1', '::1'] },
		...[...world.containers.values()].filter(({ driver }) => driver !== 'disabled').map(partyOf),
		outside('neighbour', NEIGHBOUR),
		outside('far', FAR),
	];
}

function partyOf({ name, driver, endpoints, liveEndpoints }: WorldContainer): Party {
	const addresses = endpoints.flatMap(addressesOf);
	if (driver !== 'vnet') return { name, driver: 'ipnet', addresses };
	const cables = liveEndpoints.map(({ endpoint, network, unit }, index) => ({
		member: hostEnd(unit),
		bridge: network.interface,
		addresses: addressesOf(endpoint),
		gateways: familyEntries(network.families).flatMap(([family, { gateway }]) =>
			gateway && endpoints[index]?.defaultRoutes.includes(family) ? [formatAddress(gateway.address)] : [],
		),
	}));
	return { name, driver, cables, addresses };
}
