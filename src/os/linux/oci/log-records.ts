/**
 * Log files of conmon(8), format `k8s-file`: a record per line, `TIME STREAM P|F CONTENT`, where P says that the line of
 * the container goes on in the next record of the stream. Whatever a container writes, only its newlines end records.
 * Source: conmon, src/ctr_logging.c (write_k8s_log); Kubernetes, CRI logging format.
 */

export interface ConmonRecord {
	readonly stream: 'stdout' | 'stderr';
	/** ISO 8601 in UTC with nanoseconds. */
	readonly time: string;
	readonly content: Buffer;
	readonly complete: boolean;
}

const BLANK = 0x20;
/** `2026-11-30T20:19:26.123456789+00:00` */
const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{9})([+-]\d\d:\d\d)$/;
const LONGEST_TIME = 40;

/** More than conmon reads at once, and what it puts in front. Bytes. */
export const LONGEST_RECORD = 128 * 1024;

/** @returns undefined for a line that is none of conmon's, e.g. one that a full disk has cut short */
export function parseRecord(line: Buffer): ConmonRecord | undefined {
	const first = line.indexOf(BLANK);
	const second = line.indexOf(BLANK, first + 1);
	if (first < 0 || first > LONGEST_TIME || line[second + 2] !== BLANK) return undefined;
	const stream = line.toString('latin1', first + 1, second);
	const tag = line[second + 1];
	const time = inUtc(line.toString('latin1', 0, first));
	if (time === undefined || (stream !== 'stdout' && stream !== 'stderr')) return undefined;
	return { stream, time, content: line.subarray(second + 3), complete: tag === 0x46 };
}

/** conmon has the time zone that its daemon had. */
function inUtc(text: string): string | undefined {
	const [, seconds, fraction, offset] = TIME.exec(text) ?? [];
	if (seconds === undefined) return undefined;
	if (offset === '+00:00') return `${seconds}${fraction}Z`;
	return `${new Date(`${seconds}${offset}`).toISOString().slice(0, 19)}${fraction}Z`;
}
