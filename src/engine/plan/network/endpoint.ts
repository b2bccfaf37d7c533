import { KleeneError } from '#errors/kleene-error.ts';
import { formatAddress } from '#inet/address.ts';
import { FAMILIES, type Family, familyEntries } from '#inet/family.ts';
import { formatSubnet, formatWithin } from '#inet/subnet.ts';
import { hostEnd, innerEnd } from '#model/cable.ts';
import { type Endpoint, macOfEndpoint } from '#model/endpoint.ts';
import type { HostTraits } from '#model/host/traits.ts';
import { hostAddressOf, type Network } from '#model/network.ts';
import type { Part } from '#model/part.ts';
import type { EpairPart } from '#model/parts/epair.ts';
import { mtuOf } from './network.ts';

/** An endpoint of a container that runs or is about to. */
export interface LiveEndpoint {
	readonly endpoint: Endpoint;
	readonly network: Network;
	/** Unit of its epair on the host. */
	readonly unit: number;
}

/** The same, whether the container runs or not. */
export type NetworkEndpoint = Pick<LiveEndpoint, 'endpoint' | 'network'>;

/** The families for which an endpoint gives the container its default route. */
export type DefaultRoutes = ReadonlySet<Family>;

/** Name of the inner end of a vnet container's cable. */
export function vnetInterface({ endpoint, unit }: Pick<LiveEndpoint, 'endpoint' | 'unit'>, traits: HostTraits): string {
	return innerEnd(traits.innerNames === 'unit' ? unit : endpoint.position);
}

export interface VnetSituation {
	readonly routes: DefaultRoutes;
	/** Whether ports of the host lead to it. */
	readonly publishes: boolean;
	readonly traits: HostTraits;
}

/** A bridge port with addresses of its own stack inside. */
export function partsOfVnetEndpoint(liveEndpoint: LiveEndpoint, { routes, publishes, traits }: VnetSituation): Part[] {
	const { endpoint, network, unit } = liveEndpoint;
	const container = endpoint.containerId;
	const inside = vnetInterface(liveEndpoint, traits);
	const parts: Part[] = [
		epairOf(liveEndpoint, { inside, routed: false }),
		{
			kind: 'bridge-port',
			bridge: network.interface,
			interface: hostEnd(unit),
			isolated: !network.icc,
			hairpin: publishes,
			...(traits.limits ? { mac: macOfEndpoint(endpoint) } : {}),
		},
	];
	if (endpoint.leased)
		parts.push({ kind: 'lease-client', container, endpoint: endpoint.id, interface: inside, route: routes.has(4) });
	for (const [family, { subnet, gateway }] of familyEntries(network.families)) {
		const address = endpoint.addresses[family];
		if (!address) continue;
		parts.push({ kind: 'inside-address', container, interface: inside, address: formatWithin(subnet, address) });
		if (!gateway || !routes.has(family)) continue;
		const router = formatAddress(gateway.address);
		parts.push({ kind: 'inside-route', container, interface: inside, family, gateway: router });
	}
	return parts;
}

function epairOf({ endpoint, network, unit }: LiveEndpoint, end: Pick<EpairPart, 'inside' | 'routed'>): EpairPart {
	const linkLocal = network.families[6] !== undefined;
	const mac = macOfEndpoint(endpoint);
	return { kind: 'epair', container: endpoint.containerId, unit, ...end, mac, ...mtuOf(network), linkLocal };
}

/** The address alone, answered for by the host; where the host needs a cable for that, a routed one. */
export function partsOfIpnetEndpoint(liveEndpoint: LiveEndpoint, routes: DefaultRoutes, hasEpair: boolean): Part[] {
	const { endpoint, network, unit } = liveEndpoint;
	const container = endpoint.containerId;
	const inside = network.interface;
	const parts: Part[] = [];
	if (hasEpair) {
		parts.push(epairOf(liveEndpoint, { inside, routed: true }));
		const cable = hostEnd(unit);
		parts.push({ kind: 'filter-member', network: network.id, interface: cable, internal: network.internal });
	}
	for (const [family, settings] of familyEntries(network.families)) {
		const { subnet } = settings;
		const own = endpoint.addresses[family];
		if (!own) continue;
		const address = formatAddress(own);
		const onHost = hostAddressOf(settings);
		const hostAddress = onHost ? formatAddress(onHost) : '';
		const where = { interface: network.interface, unit, inside, subnet: formatSubnet(subnet), hostAddress };
		const member = { network: network.id, shared: network.type === 'custom', icc: network.icc };
		const first = routes.has(family);
		parts.push({
			kind: 'ipnet-address',
			container,
			...where,
			address,
			...(hasEpair ? {} : { member, ...(first && { first }) }),
		});
		if (!hasEpair || !first) continue;
		parts.push({ kind: 'inside-route', container, interface: inside, family, gateway: '', source: address });
	}
	return parts;
}

/**
 * Which endpoint gives the default route of each family: the one connected first among those that can, one of an internal
 * network only where there is no other. A container has one default route per family, whatever the number of its networks.
 */
export function chooseDefaultRoutes(
	liveEndpoints: readonly NetworkEndpoint[],
	driver: 'vnet' | 'ipnet',
): Map<string, Set<Family>> {
	const chosen = new Map<string, Set<Family>>(liveEndpoints.map(({ endpoint }) => [endpoint.id, new Set()]));
	const inOrder = liveEndpoints.toSorted(byPreference);
	for (const family of FAMILIES) {
		const first = inOrder.find((liveEndpoint) => canRoute(liveEndpoint, family, driver));
		if (first) chosen.get(first.endpoint.id)?.add(family);
	}
	return chosen;
}

/** Order of endpoints for whatever leads out: the one that the user prefers, those that can, then in order of connection. */
export function byPreference(one: NetworkEndpoint, other: NetworkEndpoint): number {
	const preferred = Number(other.endpoint.defaultRoute) - Number(one.endpoint.defaultRoute);
	const open = Number(one.network.internal) - Number(other.network.internal);
	return preferred || open || one.endpoint.position - other.endpoint.position;
}

function canRoute({ endpoint, network }: NetworkEndpoint, family: Family, driver: 'vnet' | 'ipnet'): boolean {
	if (family === 4 && endpoint.leased) return true;
	if (!endpoint.addresses[family]) return false;
	return driver === 'ipnet' || network.families[family]?.gateway !== undefined;
}

/** An ipnet container sees each network's interface by its name, so the names must differ, which the store sees to. */
export function requireDistinctInterfaces(liveEndpoints: readonly LiveEndpoint[]): void {
	const names = new Set<string>();
	for (const { network } of liveEndpoints) {
		if (names.has(network.interface))
			throw new KleeneError({
				code: 'DRIVER_REFUSED',
				what: `cannot start container ${liveEndpoints[0]?.endpoint.containerId}`,
				why: `two of its networks use the interface ${network.interface}`,
				hint: `disconnect it from one of them with "klee network disconnect ${network.name} ..."`,
			});
		names.add(network.interface);
	}
}
