import { type PortProtocol, portKey } from '../port.ts';
import { none, type PartDefinition } from './definition.ts';
import { interfaceOnHost } from './references.ts';

/** Ports of the host that lead to ports of a container, `first` to `last`, offset kept. */
export interface PublishedPortsPart {
	readonly kind: 'published-ports';
	readonly container: string;
	readonly protocol: PortProtocol;
	/** Address of the host that they are published on, `''` for every one. */
	readonly hostAddress: string;
	/** Interface of the host on which that address is; `EVERY_UPLINK` for every address; `''` for none. */
	readonly arrivesOn: string;
	readonly first: number;
	readonly last: number;
	/** Address of the container. */
	readonly target: string;
	readonly targetFirst: number;
	/** Interface of the host that leads to it: the bridge, or the routed cable. */
	readonly interface: string;
	/** Blocks, of the family of `target`, from which alone others than the host may use them; absent: everybody may. */
	readonly from?: readonly string[];
}

export const publishedPorts = {
	layer: 'firewall',
	absence: { severity: 'error', why: 'the container is unreachable through the port' },
	/** Ports that it takes on the host. */
	identity: (part) => portKey(part),
	title: (part) => `port ${part.first}/${part.protocol} of container ${part.container}`,
	provides: none,
	/** Rules outlive the interface that they lead to; a setting of that interface, which they need, does not. */
	standsOn: (part) => [interfaceOnHost(part.interface)],
	removedWith: none,
} satisfies PartDefinition<PublishedPortsPart>;
