import type { Family } from '#inet/family.ts';
import { none, type PartDefinition } from './definition.ts';
import { UNREACHED } from './epair.ts';
import { interfaceInside } from './references.ts';

/** An address on the inner end of a vnet container. */
export interface InsideAddressPart {
	readonly kind: 'inside-address';
	readonly container: string;
	readonly interface: string;
	/** With the prefix of the subnet. */
	readonly address: string;
}

export const insideAddress = {
	layer: 'network',
	absence: { severity: 'error', why: UNREACHED },
	identity: (part) => `${part.container} ${part.address}`,
	title: (part) => `address ${part.address} on ${part.interface} of container ${part.container}`,
	provides: none,
	standsOn: (part) => [interfaceInside(part.container, part.interface)],
	removedWith: (part) => [interfaceInside(part.container, part.interface)],
} satisfies PartDefinition<InsideAddressPart>;

/** The default route of one family inside a container. */
export interface InsideRoutePart {
	readonly kind: 'inside-route';
	readonly container: string;
	/** Name of the inner end. */
	readonly interface: string;
	readonly family: Family;
	/** `''` on a routed cable: the host at its other end, by whatever name it goes there. */
	readonly gateway: string;
	/** Address that is spoken from; absent: any that the interface has. */
	readonly source?: string;
	/** The default route whose place it takes in one step, and that takes it back when this is unmade. */
	readonly replaces?: Pick<InsideRoutePart, 'interface' | 'gateway' | 'source'>;
}

export const insideRoute = {
	layer: 'network',
	absence: { severity: 'error', why: UNREACHED },
	identity: (part) => `${part.container} ${part.family}`,
	title: (part) => `the default route over ${part.gateway || part.interface} of container ${part.container}`,
	provides: none,
	standsOn: (part) => [interfaceInside(part.container, part.interface)],
	removedWith: (part) => [interfaceInside(part.container, part.interface)],
} satisfies PartDefinition<InsideRoutePart>;

/** A DHCP client in the stack of a vnet container: it keeps an IPv4 address of the LAN on one interface. */
export interface LeaseClientPart {
	readonly kind: 'lease-client';
	readonly container: string;
	/** Id of the endpoint that the address is for. */
	readonly endpoint: string;
	/** Name of the inner end. */
	readonly interface: string;
	/** Whether the router that the server names becomes the default route. */
	readonly route: boolean;
}

export const leaseClient = {
	layer: 'network',
	absence: { severity: 'error', why: 'the container loses its address when the lease ends' },
	identity: (part) => `${part.container} ${part.interface}`,
	title: (part) => `DHCP client on ${part.interface} of container ${part.container}`,
	provides: none,
	standsOn: (part) => [interfaceInside(part.container, part.interface)],
	// A process that goes by itself: with its interface it would not give the address back.
	removedWith: none,
} satisfies PartDefinition<LeaseClientPart>;
