import { fstatSync, readSync } from 'node:fs';
import { LONGEST_RECORD, parseRecord } from '#os/linux/oci/log-records.ts';

const NEWLINE = 0x0a;
/** Bytes read at once. */
const BLOCK = 64 * 1024;

/** Where to begin in a log file. */
export interface TailStart {
	/** Bytes. */
	readonly offset: number;
	/** Lines that an older file has to provide. */
	readonly missing: number;
}

/**
 * Finds the last lines of a log file from its end. A line of several records counts at its last one; one that is not
 * ended yet counts as well.
 *
 * @param lines at least 1
 */
export function findTail(fd: number, lines: number): TailStart {
	let missing = lines;
	const seen = new Set<string>();
	for (const { line, end } of linesBackwards(fd)) {
		const record = parseRecord(line);
		if (record === undefined) continue;
		const ends = record.complete || !seen.has(record.stream);
		seen.add(record.stream);
		if (!ends) continue;
		if (missing === 0) return { offset: end, missing };
		missing -= 1;
	}
	return { offset: 0, missing };
}

/** Last line first. `end`: offset of what follows it. A line without newline is being written and left out. */
function* linesBackwards(fd: number): Generator<{ readonly line: Buffer; readonly end: number }> {
	let start = fstatSync(fd).size;
	/** The beginning of a line, up to its newline, that starts in an earlier block. */
	let rest: Buffer = Buffer.alloc(0);
	let whole = false;
	while (start > 0 && rest.length <= LONGEST_RECORD) {
		const length = Math.min(BLOCK, start);
		start -= length;
		const data = Buffer.concat([readBlock(fd, start, length), rest]);
		let end = data.length;
		if (!whole) end = data.lastIndexOf(NEWLINE) + 1;
		whole ||= end > 0;
		while (end > 0) {
			const before = end > 1 ? data.lastIndexOf(NEWLINE, end - 2) : -1;
			if (before < 0 && start > 0) break;
			yield { line: data.subarray(before + 1, end - 1), end: start + end };
			end = before + 1;
		}
		rest = whole ? data.subarray(0, end) : Buffer.alloc(0);
	}
}

function readBlock(fd: number, offset: number, length: number): Buffer {
	const block = Buffer.alloc(length);
	return block.subarray(0, readSync(fd, block, 0, length, offset));
}
