/** What a host answers when it is asked what is there. */
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

/** What is to be looked at: the host's addressing, our sandboxes, or all there is. The rest of the answer is empty. */
export type ObservationScope = 'addressing' | 'sandboxes' | 'everything';

export interface Observed {
	/** Interface of the IPv4 default route, `''` where there is none. */
	readonly gatewayInterface: string;
	readonly interfaces: readonly ObservedInterface[];
	readonly routes: readonly ObservedRoute[];
	/** Only those that Kleene made below its own root. */
	readonly sandboxes: readonly ObservedSandbox[];
	/** Containers whose root file system is mounted. */
	readonly mountedRoots: readonly string[];
	/** Images and containers that have files below Kleene's root. */
	readonly imageFiles: readonly string[];
	readonly rootFiles: readonly string[];
}
