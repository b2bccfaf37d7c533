import type { Part } from '../part.ts';

/** Observed state of a host. */
export interface ObservedInterface {
	readonly name: string;
	/** The host's own word, e.g. `bridge`, `veth`, `epair`; `''` for a physical one. */
	readonly type: string;
	readonly up: boolean;
	readonly mac: string;
	readonly mtu: number;
	/** Name of the bridge it is a port of, else `''`. */
	readonly bridge: string;
	/** With prefix. */
	readonly addresses: readonly string[];
	/** Whether it bears Kleene's mark; absent on hosts where names have to do. */
	readonly ours?: boolean;
	/** Store of another daemon whose mark it bears, `''` where the mark names none; absent: it bears none of another. */
	readonly madeBy?: string;
}

export interface ObservedRoute {
	/** CIDR; default routes are left out. */
	readonly destination: string;
	readonly interface: string;
}

export interface ObservedSandbox {
	readonly container: string;
	readonly running: boolean;
	/** Process id of its first process (on FreeBSD the jail id), 0 when not running. */
	readonly pid: number;
}

/** The inside of a running container's own network stack. */
export interface ObservedStack {
	readonly container: string;
	readonly interfaces: readonly ObservedInterface[];
	/** Default routes, too. */
	readonly routes: readonly ObservedRoute[];
}

/** An address that the host answers for on an interface, on behalf of a container behind it. */
export interface ObservedProxy {
	readonly interface: string;
	readonly address: string;
}

/** A part of which something is missing or different, in the host's words: a rule, an element, a setting. */
export interface ObservedDifference {
	readonly part: Part;
	readonly what: string;
	/** Object in its place, to be unmade before it can be made. */
	readonly instead?: readonly Part[];
}

/** Something of Kleene's on the host that belongs to none of the expected parts. */
export interface ObservedExcess {
	/** E.g. `the address 10.4.6.9`. */
	readonly what: string;
	/** Holder, e.g. `jail 2f1dc29b8f36`; absent: the firewall. */
	readonly place?: string;
	/** Why it matters; absent: as for any rule that is not configured. */
	readonly why?: string;
	/** Parts to unmake for its removal, in order; empty where only an administrator can remove it. */
	readonly parts: readonly Part[];
	/** The expected part that has to be made again afterwards. */
	readonly owner?: Part;
}

/** Comparison of a host with the parts that it should have. */
export interface Comparison {
	readonly stacks: readonly ObservedStack[];
	readonly proxies: readonly ObservedProxy[];
	/** Differences that only the host can find; without interfaces, addresses and routes. */
	readonly differing: readonly ObservedDifference[];
	readonly excess: readonly ObservedExcess[];
}

/** Scope of an observation: the host's addressing, our sandboxes, or everything. The rest of the answer is empty. */
export type ObservationScope = 'addressing' | 'sandboxes' | 'everything';

/** Files that were found and belong to nothing that the store knows. */
export interface LostFiles {
	readonly kind: 'layer' | 'container' | 'volume';
	/** Of volumes: the name. */
	readonly id: string;
}

export interface Observed {
	/** Interface of the IPv4 default route, `''` where there is none. */
	readonly gatewayInterface: string;
	/** Interfaces that traffic of containers may leave by, sorted; absent where no rule has to name them. */
	readonly uplinks?: readonly string[];
	readonly interfaces: readonly ObservedInterface[];
	readonly routes: readonly ObservedRoute[];
	/** Only those that Kleene made below its own root. */
	readonly sandboxes: readonly ObservedSandbox[];
	/** Containers whose root file system is mounted. */
	readonly mountedRoots: readonly string[];
	/** Layers and containers that have files below Kleene's root, complete or left over from a step that was interrupted. */
	readonly layerFiles: readonly string[];
	readonly rootFiles: readonly string[];
	/** Names of volumes that have files there. */
	readonly volumeFiles: readonly string[];
	/** Files that nobody knew, and that were kept. */
	readonly lostFiles: readonly LostFiles[];
	/** Only where expected parts were named. */
	readonly comparison?: Comparison;
}
