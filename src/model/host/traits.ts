import type { ContainerOptions } from '../container/options.ts';

/** The most that containers can make a host remember; 0: no limit. */
export interface HostLimits {
	/** MAC addresses that a bridge learns, besides those of the endpoints on it. */
	readonly learnedAddresses: number;
	/** Connections that a container has begun and that the host tracks. */
	readonly connections: number;
	/** Questions for names that a container asks in a second. */
	readonly questions: number;
	/** Processes and threads of a container. */
	readonly processes: number;
}

/** Why an option of a container means nothing on a host, and an alternative. */
export interface OptionRefusal {
	readonly reason: string;
	readonly hint: string;
}

/** Traits of a host that planning depends on. */
export interface HostTraits {
	/** Whether ipnet containers are reached over an epair of their own (Linux) or share the host's stack (FreeBSD). */
	readonly ipnetHasEpair: boolean;
	/** Number of the inner end of a vnet container's cable: its position in the container, or its unit on the host. */
	readonly innerNames: 'position' | 'unit';
	/**
	 * Name resolution of containers: by a resolver on the gateways of their networks (Linux), or from a
	 * file of their own that is kept up to date (FreeBSD).
	 */
	readonly names: 'resolver' | 'hosts-file';
	/** Whether it drops what containers send from addresses that are not theirs, and has to be told which are. */
	readonly checksSources: boolean;
	/** Absent: it cannot hold containers to any. */
	readonly limits?: HostLimits;
	/** Options that containers cannot have here; absent: they can have all. */
	readonly unsupportedOptions?: Readonly<Partial<Record<keyof ContainerOptions, OptionRefusal>>>;
	/** Whether the IPv4 addresses of an interface go on working while it is a port of a bridge; absent: they do not. */
	readonly portsKeepAddresses?: boolean;
	/** Why no port can be published for SCTP; absent: it can. */
	readonly sctpRefusal?: OptionRefusal;
	/** Hard limits of processes, by the names of `Ulimit`: none is raised above. Absent: it can hold nobody to any. */
	readonly ulimits?: Readonly<Record<string, number>>;
	/** `mapped`: those jail parameters are known that mean something here; `native`: all that jail(8) knows. */
	readonly jailParameters: 'mapped' | 'native';
}
