import { none, type PartDefinition } from './definition.ts';
import { rootFilesOf } from './references.ts';

/** Answers to questions for names on the gateway addresses of a network. */
export interface ResolverPart {
	readonly kind: 'resolver';
	readonly network: string;
	/** With the prefix of their subnet. */
	readonly addresses: readonly string[];
	/** Whether other names than those of containers are asked for elsewhere. */
	readonly forward: boolean;
}

export const resolver = {
	layer: 'network',
	absence: { severity: 'error', why: 'containers of the network have no name server' },
	identity: (part) => part.network,
	title: (part) => `the name server of network ${part.network}`,
	provides: none,
	standsOn: none,
	removedWith: none,
} satisfies PartDefinition<ResolverPart>;

/** The name servers that a container is told of; without this part it has what its image says. */
export interface NameServersPart {
	readonly kind: 'name-servers';
	readonly container: string;
	readonly servers: readonly string[];
}

export const nameServers = {
	layer: 'storage',
	absence: 'not compared',
	identity: (part) => part.container,
	title: (part) => `the list of name servers of container ${part.container}`,
	provides: none,
	standsOn: (part) => [rootFilesOf(part.container)],
	removedWith: (part) => [rootFilesOf(part.container)],
} satisfies PartDefinition<NameServersPart>;
