import { formatAddress, isLoopback, parseAddress } from '#inet/address.ts';
import { FAMILIES, type Family, familyEntries, familyOf } from '#inet/family.ts';
import type { NetworkDriver } from '#model/container.ts';
import { addressesOf, type Endpoint } from '#model/endpoint.ts';
import { covers, hostAddressOf, type Network } from '#model/network.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { nameServersOf } from '../network/network.ts';
import type { TraceQuestion } from './question.ts';

const DNS_PORT = 53;

/** A container on a network. */
export interface TraceEndpoint {
	readonly network: Network;
	readonly addresses: Endpoint['addresses'];
	/** Name of the inner end of its cable. */
	readonly inside: string;
	/** Of its cable, null while the container does not run. */
	readonly unit: number | null;
	/** MAC address of the inner end. */
	readonly mac: string;
	/** True: it has no cable, as the container shares the stack of the host. */
	readonly shared?: boolean;
	/** Families whose default route it gives. */
	readonly defaultRoutes: readonly Family[];
}

export interface TraceContainer {
	readonly id: string;
	readonly name: string;
	readonly driver: NetworkDriver;
	readonly running: boolean;
	/** In order of connection. */
	readonly endpoints: readonly TraceEndpoint[];
}

/** Facts that decide a path. */
export interface TraceWorld {
	readonly networks: readonly Network[];
	readonly containers: readonly TraceContainer[];
	/** Of running containers. */
	readonly ports: readonly PublishedPortsPart[];
	/** Of the host, addresses without prefix. */
	readonly interfaces: readonly { readonly name: string; readonly addresses: readonly string[] }[];
	/** Interface of the host's default route, `''` where there is none. */
	readonly gatewayInterface: string;
}

/** Sender or receiver of a packet. */
export type TraceEnd =
	| { readonly kind: 'container'; readonly container: TraceContainer; readonly address: string }
	| { readonly kind: 'host'; readonly address: string }
	/** `address` is `''` for nobody in particular. */
	| { readonly kind: 'outside'; readonly address: string }
	/** An address of a network that no container has. */
	| { readonly kind: 'nobody'; readonly network: Network; readonly address: string };

/** Interfaces of the host without the addresses of containers that share its stack: those are not the host's own. */
export function withoutMembers(
	interfaces: TraceWorld['interfaces'],
	containers: readonly TraceContainer[],
): TraceWorld['interfaces'] {
	const shared = containers.flatMap(({ endpoints }) => endpoints).filter((endpoint) => endpoint.shared);
	const held = new Set(shared.flatMap(addressesOf));
	return interfaces.map(({ name, addresses }) => ({ name, addresses: addresses.filter((one) => !held.has(one)) }));
}

export function isHostAddress({ interfaces }: TraceWorld, address: string): boolean {
	return isLoopback(address) || interfaces.some(({ addresses }) => addresses.includes(address));
}

/** Whether a question is one for names, at a gateway where the host answers them. */
export function asksResolver({ networks }: TraceWorld, address: string, { protocol, port }: TraceQuestion): boolean {
	if (protocol === 'icmp' || port !== DNS_PORT) return false;
	return networks.some((network) => nameServersOf(network).includes(address));
}

export function networkAround({ networks }: Pick<TraceWorld, 'networks'>, text: string): Network | undefined {
	const address = parseAddress(text);
	return address && networks.find((network) => covers(network, address));
}

/** Holder of an address. */
export function holderOf(world: TraceWorld, address: string): TraceEnd {
	const container = world.containers.find(({ endpoints }) =>
		endpoints.some((endpoint) => addressesOf(endpoint).includes(address)),
	);
	if (container) return { kind: 'container', container, address };
	if (isHostAddress(world, address)) return { kind: 'host', address };
	const network = networkAround(world, address);
	// The neighbours of a custom network are not ours to know.
	if (network && network.type !== 'custom') return { kind: 'nobody', network, address };
	return { kind: 'outside', address };
}

/** The address of the host that a container would speak to: the gateway of one of its networks, else any. */
export function hostAddressFor(world: TraceWorld, { endpoints }: TraceContainer): string | undefined {
	for (const { network, addresses } of endpoints)
		for (const [family, settings] of familyEntries(network.families)) {
			const host = hostAddressOf(settings);
			if (addresses[family] && host) return formatAddress(host);
		}
	return uplinkAddress(world, FAMILIES.find((family) => endpoints.some(({ addresses }) => addresses[family])) ?? 4);
}

/** An address of the host by which others know it. */
export function uplinkAddress({ interfaces, gatewayInterface }: TraceWorld, family: Family): string | undefined {
	const uplink = interfaces.find(({ name }) => name === gatewayInterface);
	const known = [...(uplink ? [uplink] : []), ...interfaces].flatMap(({ addresses }) => addresses);
	return known.find((address) => familyOf(address) === family && !isLoopback(address));
}

/** The address by which one container would know another: on a network that both are on, else the first one. */
export function addressFor(target: TraceContainer, source: TraceContainer | undefined): string | undefined {
	const shared = target.endpoints.filter(({ network }) =>
		source?.endpoints.some((own) => own.network.id === network.id),
	);
	return [...shared, ...target.endpoints].flatMap(addressesOf)[0];
}
