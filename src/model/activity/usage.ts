/** What a running container used until now. Numbers that a host does not count are undefined. */
export interface ContainerUsage {
	readonly container: string;
	/** Processor time of all its processes, also of those that ended, in nanoseconds. */
	readonly cpu: number | undefined;
	/** Bytes, without caches that can be dropped. */
	readonly memory: number | undefined;
	/** Bytes; undefined: no limit. */
	readonly memoryLimit: number | undefined;
	readonly processes: number | undefined;
	/** Of its own network stack; undefined where it shares that of the host. */
	readonly network: NetworkCounters | undefined;
}

/** Sums over the interfaces of a container except loopback, as the container sees them. */
export interface NetworkCounters {
	readonly receivedBytes: number;
	readonly receivedPackets: number;
	readonly sentBytes: number;
	readonly sentPackets: number;
}

export interface UsageRequest {
	readonly container: string;
	/** Whether it has a network stack of its own. */
	readonly ownStack: boolean;
	/** Interfaces on the host that its cables end at. */
	readonly cables: readonly string[];
}
