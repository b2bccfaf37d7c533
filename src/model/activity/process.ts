/** A process in a container. */
export interface ContainerProcess {
	/** Its number in the container. */
	readonly pid: number;
	/** Its number on the host. */
	readonly hostPid: number;
	/** Number of its parent in the container; 0 where that is not in it. */
	readonly parent: number;
	readonly uid: number;
	/** One letter, as ps(1) of the host has it. */
	readonly state: string;
	/** Processor time, in seconds. */
	readonly cpu: number;
	/** Resident memory, in bytes. */
	readonly memory: number;
	/** Seconds since its start. */
	readonly elapsed: number;
	readonly command: string;
}
