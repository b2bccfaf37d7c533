import type { HostDriver } from '#host/driver.ts';
import { formatAddress, parseAddress } from '#inet/address.ts';
import { familyOf } from '#inet/family.ts';
import { hostEnd } from '#model/cable.ts';
import { addressesOf } from '#model/endpoint.ts';
import { wayOut } from '#model/reach/reach.ts';
import type { Hop } from '../../plan/trace/hops.ts';
import type { TraceContainer, TraceEnd, TraceEndpoint, TraceWorld } from '../../plan/trace/world.ts';

type Route = NonNullable<HostDriver['route']>;

export interface Ends {
	readonly from: TraceEnd;
	readonly to: TraceEnd;
}

/** The world with the interface by which the kernel would send a packet to that address outside; else as it is. */
export function withKernelRoute(world: TraceWorld, { from, to }: Ends, route: Route | undefined): TraceWorld {
	if (!route || to.kind !== 'outside' || to.address === '') return world;
	const sender = senderOf(from, to.address);
	// Where it is not passed on, the host itself may still know a way.
	const way = (sender && route({ address: to.address, from: sender })) || route({ address: to.address });
	return { ...world, gatewayInterface: way };
}

/**
 * Where the routes of the kernel are not those of the model, in both directions: a route that somebody added, forwarding
 * that is off, a reverse path filter, a rule of policy routing.
 *
 * @param targets addresses of containers that the packet is for, after a published port
 * @returns a hop at which the packet is lost; undefined: the kernel agrees
 */
export function lostByKernel(world: TraceWorld, { from, to }: Ends, route: Route): Hop | undefined {
	if (to.kind === 'container') return lostInward(from, to.container, { address: to.address, route });
	if (to.kind !== 'outside' || to.address === '') return undefined;
	const sender = senderOf(from, to.address);
	if (!sender) return undefined;
	const { address } = to;
	if (route({ address, from: sender }) === '')
		return lost(`the kernel passes no packets of ${sender.source} on to ${address}: no route, or ${closed(sender)}`);
	const back = { source: address, interface: world.gatewayInterface };
	if (route({ address: sender.source, from: back }) === '')
		return lost(`the kernel passes no answers of ${address} on to ${sender.source}: ${closed(back)}`);
	return undefined;
}

function lostInward(
	from: TraceEnd,
	container: TraceContainer,
	{ address, route }: { readonly address: string; readonly route: Route },
): Hop | undefined {
	const endpoint = container.endpoints.find((one) => addressesOf(one).includes(address));
	if (!endpoint || endpoint.shared || endpoint.unit === null || isNeighbour(from, container, endpoint))
		return undefined;
	const expected = arrivalOf(container, endpoint);
	const found = route({ address });
	if (found === expected) return undefined;
	// A host without an address on the bridge has no route, which the model knows.
	if (found === '') return undefined;
	return lost(
		`the kernel sends packets for ${address} out of ${found}, not ${expected}: see "ip route get ${address}"`,
	);
}

/** Both on one bridge: the host does not route between them. */
function isNeighbour(from: TraceEnd, to: TraceContainer, { network }: TraceEndpoint): boolean {
	if (from.kind !== 'container' || from.container.driver !== 'vnet' || to.driver !== 'vnet') return false;
	return from.container.endpoints.some((own) => own.network.id === network.id);
}

/** Where packets of a container for an address come in on the host. */
function senderOf(from: TraceEnd, to: string): { source: string; interface: string } | undefined {
	const address = parseAddress(to);
	if (from.kind !== 'container' || !address || from.container.driver === 'host') return undefined;
	const endpoint = wayOut(from.container.endpoints, address);
	const own = endpoint?.addresses[familyOf(to)];
	if (!endpoint || !own || endpoint.shared || endpoint.unit === null) return undefined;
	return { source: formatAddress(own), interface: arrivalOf(from.container, endpoint) };
}

function arrivalOf({ driver }: TraceContainer, { network, unit }: TraceEndpoint): string {
	return driver === 'vnet' ? network.interface : hostEnd(unit ?? 0);
}

function closed({ interface: name }: { readonly interface: string }): string {
	return `forwarding on ${name} is off, or its rp_filter refuses them`;
}

function lost(what: string): Hop {
	return { kind: 'route', what, verdict: 'lost', change: 'klee network doctor' };
}
