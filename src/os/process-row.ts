/** A process as the tables of both systems show it. */
export interface ProcessRow {
	/** Its number in the innermost pid namespace, where the system has those. */
	readonly pid: number;
	/** Number of its parent on the host. */
	readonly parent: number;
	readonly uid: number;
	readonly state: string;
	/** Seconds. */
	readonly cpu: number;
	/** Bytes. */
	readonly memory: number;
	/** Seconds since its start. */
	readonly elapsed: number;
	readonly command: string;
}
