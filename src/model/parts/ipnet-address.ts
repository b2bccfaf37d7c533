import { hostEnd } from '../cable.ts';
import { none, type PartDefinition } from './definition.ts';
import { UNREACHED } from './epair.ts';
import { interfaceOnHost } from './references.ts';

/**
 * An address of an ipnet container: reachable from the network as if it sat on its interface, and the only one that
 * the container may use. On Linux: the host route to the epair, the proxy neighbour entry on the network's interface,
 * the /32 or /128 inside. On FreeBSD: an address of the network's interface and a jail parameter.
 */
export interface IpnetAddressPart {
	readonly kind: 'ipnet-address';
	readonly container: string;
	/** The network's interface on the host. */
	readonly interface: string;
	readonly unit: number;
	/** Name of the inner end. */
	readonly inside: string;
	/** Without prefix. */
	readonly address: string;
	/** Block of the network: its other members are reached over this cable and no other. */
	readonly subnet: string;
	/** Address of the host on the network, from which it speaks to the container; `''`: none. */
	readonly hostAddress: string;
	/** Filter data of an address on the host's own stack; absent where the container has its own stack. */
	readonly member?: IpnetAddressFilter;
	/** True: the container speaks from it. Absent where a default route says so, or another address of the family is it. */
	readonly first?: boolean;
}

/** The network of an address, as far as the firewall treats its addresses one by one. */
export interface IpnetAddressFilter {
	/** Id. */
	readonly network: string;
	/** True: not the whole subnet belongs to containers. */
	readonly shared: boolean;
	readonly icc: boolean;
}

export const ipnetAddress = {
	layer: 'network',
	absence: { severity: 'error', why: UNREACHED },
	identity: (part) => `${part.container} ${part.address}`,
	title: (part) => `address ${part.address} of container ${part.container}`,
	provides: none,
	/** On the host's own stack there is no cable. */
	standsOn: (part) => {
		const network = interfaceOnHost(part.interface);
		return part.member ? [network] : [interfaceOnHost(hostEnd(part.unit)), network];
	},
	removedWith: none,
} satisfies PartDefinition<IpnetAddressPart>;
