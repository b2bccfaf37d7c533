/** Ends of the way of a packet, as the kernel knows them. */
import type { HostDriver } from '#host/driver.ts';
import { formatAddress, parseAddress } from '#inet/address.ts';
import { type Family, familyOf } from '#inet/family.ts';
import { hostEnd } from '#model/cable.ts';
import { addressesOf } from '#model/endpoint.ts';
import { wayOut } from '#model/reach/reach.ts';
import type { Trace } from '../../plan/trace/trace.ts';
import type { TraceContainer, TraceEnd, TraceEndpoint, TraceWorld } from '../../plan/trace/world.ts';

export type Paths = NonNullable<HostDriver['paths']>;

export interface Ends {
	readonly from: TraceEnd;
	readonly to: TraceEnd;
}

/** A container that a packet is for. */
export interface Target {
	readonly container: TraceContainer;
	readonly endpoint: TraceEndpoint;
	readonly address: string;
	/** Whether a published port of the host leads to it. */
	readonly published: boolean;
}

/** Container that a packet arrives at; undefined: none that has a cable. */
export function targetOf({ containers }: TraceWorld, { to }: Ends, { service }: Trace): Target | undefined {
	const published = to.kind !== 'container';
	const container =
		to.kind === 'container' ? to.container : containers.find(({ id }) => service && id === service.container);
	const address = published ? service?.address : to.address;
	const endpoint = container?.endpoints.find((one) => addressesOf(one).includes(address ?? ''));
	if (!container || address === undefined || !endpoint || endpoint.shared || endpoint.unit === null) return undefined;
	return { container, endpoint, address, published };
}

/** Both on one bridge: the host does not route between them. */
export function isNeighbour(from: TraceEnd, { container, endpoint, published }: Target): boolean {
	if (published || from.kind !== 'container' || from.container.driver !== 'vnet' || container.driver !== 'vnet')
		return false;
	return from.container.endpoints.some((own) => own.network.id === endpoint.network.id);
}

/** Endpoint by which a container with a stack of its own sends. */
export function senderEndpoint(from: TraceEnd, to: string): TraceEndpoint | undefined {
	const address = parseAddress(to);
	if (from.kind !== 'container' || !address || from.container.driver === 'host') return undefined;
	const endpoint = wayOut(from.container.endpoints, address);
	return !endpoint || endpoint.shared || endpoint.unit === null ? undefined : endpoint;
}

/** Address and interface with which packets of a container for an address come in on the host. */
export function senderOf(from: TraceEnd, to: string): { source: string; interface: string } | undefined {
	const endpoint = senderEndpoint(from, to);
	const own = endpoint?.addresses[familyOf(to)];
	if (from.kind !== 'container' || !endpoint || !own) return undefined;
	return { source: formatAddress(own), interface: arrivalOf(from.container, endpoint) };
}

/** Interface of the host on which packets of a container come in. */
export function arrivalOf({ driver }: TraceContainer, { network, unit }: TraceEndpoint): string {
	return driver === 'vnet' ? network.interface : hostEnd(unit ?? 0);
}

export function hasFamily({ endpoints }: TraceContainer, family: Family): boolean {
	return endpoints.some(({ addresses }) => addresses[family]);
}
