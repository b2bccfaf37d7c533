import type { NameEntry, NetworkNames } from '../host/host-names.ts';
import { none, type PartDefinition } from './definition.ts';
import { rootMountOf } from './references.ts';

/** The lines of Kleene in the /etc/hosts of a container without processes. */
export interface HostsFilePart {
	readonly kind: 'hosts-file';
	readonly container: string;
	/** Its host name, where none of the networks has it. */
	readonly own: readonly NameEntry[];
	/** Of the moment of the start; empty in the store, as `network-names` follows. */
	readonly networks: readonly NetworkNames[];
}

export const hostsFile = {
	layer: 'storage',
	absence: 'not compared',
	identity: (part) => part.container,
	title: (part) => `names in /etc/hosts of container ${part.container}`,
	provides: none,
	standsOn: (part) => [rootMountOf(part.container)],
	removedWith: (part) => [rootMountOf(part.container)],
} satisfies PartDefinition<HostsFilePart>;

/** The lines of one network in the /etc/hosts of running containers. */
export interface NetworkNamesPart extends NetworkNames {
	readonly kind: 'network-names';
	/** Ids of containers. */
	readonly members: readonly string[];
}

export const networkNames = {
	layer: 'storage',
	absence: 'not compared',
	identity: (part) => part.network,
	title: (part) => `names of network ${part.network} in /etc/hosts of its members`,
	provides: none,
	standsOn: none,
	removedWith: none,
} satisfies PartDefinition<NetworkNamesPart>;
