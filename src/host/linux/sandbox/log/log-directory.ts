import {
	type BigIntStats,
	closeSync,
	existsSync,
	linkSync,
	mkdirSync,
	openSync,
	renameSync,
	rmSync,
	statSync,
} from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '#os/errno.ts';

/** Size of a file that ends it. There are two. Bytes. */
export const LOG_LIMIT = 10 * 1024 * 1024;

/** Attempts to open files that conmon replaces meanwhile. */
const MOST_ATTEMPTS = 5;

/** Descriptors, oldest file first; whoever opened them closes them. */
export interface OpenLogs {
	readonly older: number | undefined;
	/** Output between the two is not kept. */
	readonly gap: boolean;
	readonly current: number | undefined;
}

/**
 * Log files of one container:
 *
 *     current     conmon appends to it, and replaces it by an empty one when it is full
 *     held        another name of the same file, by which it is still there after that
 *     older       the one before
 *     older-gap   the same, where conmon replaced more than one before we looked
 */
export class LogDirectory {
	readonly path: string;
	/** Of the file that is held, where it is known. */
	#inode: bigint | undefined;

	constructor(path: string) {
		this.path = path;
	}

	get current(): string {
		return join(this.path, 'current');
	}

	/**
	 * Before a run. A file that is half full is not appended to: conmon counts what it writes in one run alone.
	 *
	 * @param limit size of a file that ends it
	 * @returns the same for what conmon writes
	 */
	prepare(limit = LOG_LIMIT): number {
		mkdirSync(this.path, { recursive: true, mode: 0o700 });
		this.settle();
		const size = sizeOf(this.current) ?? 0;
		if (size < limit / 2) return limit - size;
		rmSync(this.current);
		this.settle();
		return limit;
	}

	/** Puts the file that conmon replaced in the place of the older one. Takes microseconds where there is none. */
	settle(): void {
		const current = look(this.current);
		if (current !== undefined && current.ino === this.#inode) return;
		const held = look(this.#held);
		if (held !== undefined && held.ino !== current?.ino) {
			// Replacing a file changes the file, right after the next one was made.
			const next = current === undefined || held.ctimeNs >= current.birthtimeNs;
			rmSync(next ? this.#olderWithGap : this.#older, { force: true });
			renameSync(this.#held, next ? this.#older : this.#olderWithGap);
		}
		this.#inode = current?.ino;
		if (current === undefined || held?.ino === current.ino) return;
		ignore(() => linkSync(this.current, this.#held), 'ENOENT', 'EEXIST');
		// conmon was at it again.
		this.#inode = look(this.#held)?.ino;
		if (this.#inode !== current.ino) ignore(() => renameSync(this.#older, this.#olderWithGap), 'ENOENT');
	}

	/** Inode number of the file that conmon appends to. */
	inode(): bigint | undefined {
		return look(this.current)?.ino;
	}

	open(): OpenLogs {
		for (let attempt = 1; ; attempt += 1) {
			this.settle();
			const before = look(this.current)?.ino;
			const gap = existsSync(this.#olderWithGap);
			const logs = { older: openFile(gap ? this.#olderWithGap : this.#older), gap, current: openFile(this.current) };
			if (look(this.current)?.ino === before || attempt === MOST_ATTEMPTS) return logs;
			closeLogs(logs);
		}
	}

	get #held(): string {
		return join(this.path, 'held');
	}

	get #older(): string {
		return join(this.path, 'older');
	}

	get #olderWithGap(): string {
		return join(this.path, 'older-gap');
	}

	remove(): void {
		rmSync(this.path, { recursive: true, force: true });
	}
}

export function closeLogs({ older, current }: OpenLogs): void {
	for (const fd of [older, current]) if (fd !== undefined) closeSync(fd);
}

function look(path: string): BigIntStats | undefined {
	return statSync(path, { bigint: true, throwIfNoEntry: false });
}

function sizeOf(path: string): number | undefined {
	return statSync(path, { throwIfNoEntry: false })?.size;
}

function openFile(path: string): number | undefined {
	let fd: number | undefined;
	ignore(() => {
		fd = openSync(path, 'r');
	}, 'ENOENT');
	return fd;
}

function ignore(run: () => void, ...codes: readonly string[]): void {
	try {
		run();
	} catch (error) {
		if (!hasCode(error, ...codes)) throw error;
	}
}
