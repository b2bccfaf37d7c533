/** What the first process of a container wrote, as the host keeps it. */

/** A line of output, or a piece of one that is long or not ended yet. */
export interface LogRecord {
	readonly kind: 'output';
	readonly stream: 'stdout' | 'stderr';
	/** ISO 8601 in UTC with nanoseconds, e.g. `2026-11-30T20:19:26.123456789Z`: text that sorts by time. */
	readonly time: string;
	/** Without the newline at the end. */
	readonly content: Buffer;
	/** Whether a newline follows. Otherwise the next record of this stream continues the line. */
	readonly complete: boolean;
}

/** Output that was here is not kept. */
export interface LogGap {
	readonly kind: 'gap';
}

/** Records in the order in which they were written. */
export type LogBatch = readonly (LogRecord | LogGap)[];

export interface LogRequest {
	readonly container: string;
	/** Number of lines at the end to begin with; undefined: everything that is kept. */
	readonly tail?: number;
	/** Wait for more until this is aborted, and then read what is there. Absent: read what is there. */
	readonly follow?: AbortSignal;
	/** Ends the reading at once. */
	readonly abandoned: AbortSignal;
}

/** Time of a record. @param milliseconds since 1970 */
export function logTime(milliseconds: number): string {
	return new Date(milliseconds).toISOString().replace('Z', '000000Z');
}
