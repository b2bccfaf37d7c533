/** Removal of files that a start of the daemon does not wait for. */
import { lstatSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { isKleeneError, messageOf } from '#errors/kleene-error.ts';
import { newId } from '#model/ids.ts';
import { listMounts } from '#os/linux/mounts.ts';
import type { Paths } from '../paths.ts';
import { listIds, removalFailed, removeFiles } from './files.ts';

/** Removes a file or directory with all that is in it. Missing is fine. @throws KleeneError */
export type Remove = (path: string, signal?: AbortSignal) => Promise<void>;

interface Log {
	warn(fields: object, message: string): void;
}

/**
 * Until `begin` files are only moved to a directory of their own, which costs the same for one file and for a million;
 * from then on they are removed in place. What was moved there, also by a daemon that was killed, is removed by `begin` in
 * the background, one tree after the other.
 */
export class Disposal {
	readonly #paths: Paths;
	readonly #log: Log;
	readonly #closed = new AbortController();
	#begun = false;

	constructor(paths: Paths, log: Log) {
		this.#paths = paths;
		this.#log = log;
	}

	readonly remove: Remove = async (path) => {
		if (this.#begun || !this.#moveAway(path)) await removeFiles(path);
	};

	/** @returns false where it has to be removed in place: its parent is on another file system, or the disk is full */
	#moveAway(path: string): boolean {
		if (!lstatSync(path, { throwIfNoEntry: false })) return true;
		// It could be moved, with what is mounted, and then not be removed.
		if (listMounts().some(({ target }) => target === path || target.startsWith(`${path}/`)))
			throw removalFailed(path, Object.assign(new Error('something is mounted'), { code: 'EBUSY' }));
		try {
			mkdirSync(this.#paths.removed(), { recursive: true, mode: 0o700 });
			renameSync(path, join(this.#paths.removed(), newId()));
			return true;
		} catch {
			return false;
		}
	}

	/** Resolves when all is removed, or after `close`. What cannot be removed is logged, and tried again by the next daemon. */
	async begin(): Promise<void> {
		this.#begun = true;
		for (const id of listIds(this.#paths.removed())) {
			if (this.#closed.signal.aborted) return;
			await this.#finish(join(this.#paths.removed(), id));
		}
	}

	async #finish(path: string): Promise<void> {
		try {
			await removeFiles(path, this.#closed.signal);
		} catch (error) {
			if (this.#closed.signal.aborted) return;
			const hint = isKleeneError(error) ? { hint: error.hint } : {};
			this.#log.warn({ path, error: messageOf(error), ...hint }, 'cannot remove files of something that was removed');
		}
	}

	close(): void {
		this.#closed.abort();
	}
}
