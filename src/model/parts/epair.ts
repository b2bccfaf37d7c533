import { cableName, hostEnd } from '../cable.ts';
import { none, type PartDefinition } from './definition.ts';
import { interfaceInside, interfaceOnHost, stackOf } from './references.ts';

/** Why doctor minds: the same for everything that lies between a container and its network. */
export const UNREACHED = 'the container is unreachable on this network';

/** A virtual cable: `epair<unit>a` on the host, `inside` in the container's stack. Both ends are up. */
export interface EpairPart {
	readonly kind: 'epair';
	readonly container: string;
	/** Unique on the host while it exists. */
	readonly unit: number;
	/** Name of the inner end, e.g. `epair0b` (vnet) or the network's interface name (ipnet). */
	readonly inside: string;
	/** Of the inner end. */
	readonly mac: string;
	readonly mtu?: number;
	/**
	 * Whether the inner end gives itself an IPv6 link-local address, which it announces to everybody on the network: only
	 * where the network has IPv6. For hosts that would do so unasked.
	 */
	readonly linkLocal?: boolean;
	/** True for ipnet: the host end routes and answers for the host instead of being a bridge port. */
	readonly routed: boolean;
}

/** A stack does not take its cables along: the host ends would stay for a while, and with them their numbers. */
export const epair = {
	layer: 'network',
	absence: { severity: 'error', why: UNREACHED },
	identity: (part) => cableName(part.unit),
	title: (part) => `${cableName(part.unit)} of container ${part.container}`,
	provides: (part) => [interfaceOnHost(hostEnd(part.unit)), interfaceInside(part.container, part.inside)],
	standsOn: (part) => [stackOf(part.container)],
	removedWith: none,
} satisfies PartDefinition<EpairPart>;

/** The host end of a cable as a port of a bridge. */
export interface BridgePortPart {
	readonly kind: 'bridge-port';
	readonly bridge: string;
	/** E.g. `epair0a`. */
	readonly interface: string;
	/** True: exchanges nothing with the other isolated ports of the bridge. */
	readonly isolated: boolean;
	/** True: what it sends to a port that it publishes comes back to itself. */
	readonly hairpin: boolean;
	/** MAC address of the inner end: frames for it go to this port, whoever else sends from it; absent: the bridge learns where. */
	readonly mac?: string;
}

export const bridgePort = {
	layer: 'network',
	absence: { severity: 'error', why: UNREACHED },
	identity: (part) => part.interface,
	title: (part) => `port ${part.interface} of bridge ${part.bridge}`,
	provides: none,
	standsOn: (part) => [interfaceOnHost(part.interface), interfaceOnHost(part.bridge)],
	removedWith: (part) => [interfaceOnHost(part.interface)],
} satisfies PartDefinition<BridgePortPart>;

/** A limit on what a cable carries, the same in each direction. */
export interface RateLimitPart {
	readonly kind: 'rate-limit';
	readonly container: string;
	readonly unit: number;
	readonly inside: string;
	/** Bits per second. */
	readonly rate: number;
}

export const rateLimit = {
	layer: 'network',
	absence: { severity: 'warning', why: 'the container can use more than its limit' },
	identity: (part) => cableName(part.unit),
	title: (part) => `the rate limit of ${cableName(part.unit)} of container ${part.container}`,
	provides: none,
	standsOn: (part) => [interfaceOnHost(hostEnd(part.unit))],
	removedWith: (part) => [interfaceOnHost(hostEnd(part.unit))],
} satisfies PartDefinition<RateLimitPart>;
