import { none, type PartDefinition } from './definition.ts';
import { interfaceOnHost, rulesOf } from './references.ts';

/** Filter of a network: allowed traffic between its members and others, and NAT of outgoing traffic. */
export interface NetworkFilterPart {
	readonly kind: 'network-filter';
	/** Id of the network. */
	readonly network: string;
	readonly interface: string;
	/** Addresses of the host within the subnets, for hosts whose rules tell containers by their address. */
	readonly gateways?: readonly string[];
	/** Addresses of the host on which names are answered, within the subnets; absent: none. */
	readonly resolvers?: readonly string[];
	/** True: the interface is the host's own, and others use it too. */
	readonly shared: boolean;
	/** CIDR, `''` where the family is not used. */
	readonly subnet: string;
	readonly subnet6: string;
	readonly icc: boolean;
	readonly internal: boolean;
	/**
	 * Interface whose address outgoing IPv4 traffic takes when it leaves there; `EVERY_UPLINK`: the address of the one that
	 * it leaves by, whichever that is; `''`: it keeps its own.
	 */
	readonly nat: string;
	/** The same for IPv6; absent: none. */
	readonly nat6?: string;
	/** Interface that leads to the outside, on which answers come back; `EVERY_UPLINK`; `''` for none. */
	readonly uplink: string;
	/** Interfaces that `EVERY_UPLINK` stands for, on hosts whose rules have to name them. */
	readonly uplinks?: readonly string[];
}

export const networkFilter = {
	layer: 'firewall',
	absence: { severity: 'error', why: 'the network accepts or drops the wrong packets' },
	identity: (part) => part.network,
	title: (part) => `the rules of network ${part.network}`,
	provides: (part) => [rulesOf(part.network)],
	standsOn: none,
	removedWith: none,
} satisfies PartDefinition<NetworkFilterPart>;

/** A routed cable that belongs to a network: what comes in on it comes out of that network. */
export interface FilterMemberPart {
	readonly kind: 'filter-member';
	readonly network: string;
	readonly interface: string;
	readonly internal: boolean;
}

export const filterMember = {
	layer: 'firewall',
	absence: { severity: 'error', why: "packets of the container are not limited to its network's rules" },
	identity: (part) => part.interface,
	title: (part) => `the place of ${part.interface} in the rules of network ${part.network}`,
	provides: none,
	standsOn: (part) => [rulesOf(part.network), interfaceOnHost(part.interface)],
	removedWith: none,
} satisfies PartDefinition<FilterMemberPart>;

/**
 * A limit on what a container makes the host remember: by the interface of the host that its packets come in on, and the
 * address that they are from.
 */
export interface SourceLimitPart {
	readonly kind: 'source-limit';
	/** The bridge, or the routed cable. */
	readonly interface: string;
	/** Without prefix; `''`: all that no other limit names, together. */
	readonly address: string;
	/** Connections that it has begun and that the host tracks; 0: no limit. */
	readonly connections: number;
	/** Questions for names in a second; 0: no limit. */
	readonly questions: number;
}

export const sourceLimit = {
	layer: 'firewall',
	absence: {
		severity: 'warning',
		why: 'the container can exhaust shared resources: tracked connections and the resolver',
	},
	identity: (part) => `${part.interface} ${part.address}`,
	title: (part) => `the limits of ${part.address || 'others'} on ${part.interface}`,
	provides: none,
	standsOn: (part) => [interfaceOnHost(part.interface)],
	removedWith: none,
} satisfies PartDefinition<SourceLimitPart>;

/**
 * An address of a container on several networks whose packets may also come in on the interface of another one of them:
 * its answers take the route that the container has, whichever of its addresses they are from.
 */
export interface AsymmetricSourcePart {
	readonly kind: 'asymmetric-source';
	readonly container: string;
	/** Of the host: the bridge of the other network, or the routed cable to it. */
	readonly interface: string;
	/** Without prefix. */
	readonly address: string;
}

export const asymmetricSource = {
	layer: 'firewall',
	absence: { severity: 'error', why: 'the container does not answer over another of its networks' },
	identity: (part) => `${part.interface} ${part.address}`,
	title: (part) => `the leave for ${part.address} to come in on ${part.interface}`,
	provides: none,
	standsOn: (part) => [interfaceOnHost(part.interface)],
	removedWith: none,
} satisfies PartDefinition<AsymmetricSourcePart>;
