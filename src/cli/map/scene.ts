import type { EndPoint } from '#api/endpoints.ts';
import type { Network } from '#api/networks.ts';
import type { Topology, TopologyContainer } from '#api/observability/topology.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import { gatewayOf } from '#inet/subnet.ts';

/** A container on a network, as maps show it. */
export interface Member {
	readonly container: TopologyContainer;
	/** Without prefix. */
	readonly addresses: readonly string[];
	/** Published ports that lead to one of these addresses, e.g. `tcp 8080 → 80`. */
	readonly ports: readonly string[];
	/** Names of the other networks that it is on. */
	readonly also: readonly string[];
	/** Whether this is the first of the networks shown that it is on. */
	readonly isFirst: boolean;
}

export interface Segment {
	readonly network: Network;
	/** E.g. `bridge kleene0`, `10.4.6.0/24`, `gateway 10.4.6.1`, `internal`. */
	readonly traits: readonly string[];
	readonly members: readonly Member[];
}

/** A topology, arranged for people: independent of how it is drawn. */
export interface Scene {
	/** E.g. `Debian 12`. */
	readonly host: string;
	readonly uplinks: readonly { readonly name: string; readonly traits: readonly string[] }[];
	readonly segments: readonly Segment[];
	/** Containers on none of the networks, e.g. with the network stack of the host. */
	readonly apart: readonly TopologyContainer[];
}

/**
 * @param only names or ids of networks; empty: all, with the containers that are on none
 * @throws NO_SUCH_NETWORK
 */
export function sceneOf(map: Topology, only: readonly string[]): Scene {
	const shown = only.length === 0 ? map.networks : only.map((identifier) => networkOf(map, identifier));
	const networks = [...new Set(shown)].sort((one, other) => compare(one.name, other.name));
	const seen = new Set<string>();
	return {
		host: map.host.release,
		uplinks: map.host.uplinks.map((uplink) => ({
			name: uplink.interface,
			traits: [...uplink.addresses, ...(uplink.default_route ? ['default route'] : []), ...(uplink.up ? [] : ['down'])],
		})),
		segments: networks.map((network) => ({
			network,
			traits: traitsOf(network),
			members: membersOf(map, network, seen),
		})),
		apart:
			only.length > 0 ? [] : map.containers.filter(({ id }) => !map.endpoints.some((one) => one.container_id === id)),
	};
}

function networkOf({ networks }: Topology, identifier: string): Network {
	const found = networks.find(({ name, id }) => name === identifier || id === identifier);
	if (found) return found;
	throw new KleeneError({
		code: 'NO_SUCH_NETWORK',
		what: `cannot draw network ${identifier}`,
		why: 'there is no such network',
		hint: 'see "klee network ls"',
	});
}

function traitsOf(network: Network): string[] {
	const { type, subnet, subnet6, gateway, gateway6, internal, icc, nat, nat6 } = network;
	const gateways = [gatewayOf(gateway, subnet), gatewayOf(gateway6, subnet6)].filter((address) => address !== '');
	return [
		`${type} ${network.interface}`,
		...[subnet, subnet6].filter((block) => block !== ''),
		...(gateways.length > 0 ? [`gateway ${gateways.join(', ')}`] : []),
		...(internal ? ['internal'] : []),
		...(icc ? [] : ['members apart (icc off)']),
		...(nat !== '' && !internal ? [`NAT by ${nat}${nat6 ? ' (IPv6, too)' : ''}`] : []),
	];
}

function membersOf(map: Topology, network: Network, seen: Set<string>): Member[] {
	const own = map.endpoints.filter(({ network_id }) => network_id === network.id);
	return own
		.flatMap((endpoint) => {
			const container = map.containers.find(({ id }) => id === endpoint.container_id);
			return container ? [{ endpoint, container }] : [];
		})
		.sort((one, other) => compare(one.container.name, other.container.name))
		.map(({ endpoint, container }) => {
			const isFirst = !seen.has(container.id);
			seen.add(container.id);
			const addresses = [endpoint.ip_address, endpoint.ip_address6].filter((address) => address !== '');
			return { container, addresses, ports: portsOf(container, addresses), also: othersOf(map, endpoint), isFirst };
		});
}

function othersOf({ endpoints, networks }: Topology, { container_id, network_id }: EndPoint): string[] {
	const others = endpoints.filter((one) => one.container_id === container_id && one.network_id !== network_id);
	return others.flatMap((one) => networks.find(({ id }) => id === one.network_id)?.name ?? []).sort();
}

function portsOf({ public_ports }: TopologyContainer, addresses: readonly string[]): string[] {
	return public_ports
		.filter(({ ip_address, ip_address6 }) => addresses.includes(ip_address) || addresses.includes(ip_address6))
		.map(({ interfaces, host_port, container_port, protocol }) => {
			const where = interfaces.length > 0 ? `${interfaces.join(',')}:` : '';
			return `${protocol} ${where}${host_port} → ${container_port}`;
		});
}

/** By code units: the same order on every machine. */
function compare(one: string, other: string): number {
	if (one === other) return 0;
	return one < other ? -1 : 1;
}

/** The driver of a container, and what is wrong with it. */
export function driverOf({ network_driver, health }: TopologyContainer): string {
	return health === 'unhealthy' ? `${network_driver}, unhealthy` : network_driver;
}
