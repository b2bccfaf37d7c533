/** The layers below one that is being unpacked, looked at as overlayfs puts them together. */
import { closeSync, constants, fstatSync, type Stats } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { hasCode } from '../errno.ts';
import { getAttribute, O_PATH, openAt, RESOLVE } from '../linux/files/directory.ts';
import { nameBytes } from './entry.ts';

/** See Documentation/filesystems/overlayfs.rst of the kernel. */
export const OPAQUE = 'trusted.overlay.opaque';
const INSIDE = RESOLVE.beneath | RESOLVE.noSymlinks | RESOLVE.noMounts;

export class LowerLayers {
	/** Descriptors of their root directories, the top one first. */
	readonly #roots: readonly number[];

	/** @param directories the top one first */
	constructor(directories: readonly string[]) {
		const flags = O_PATH | constants.O_DIRECTORY;
		this.#roots = directories.map((path) => openAt(undefined, path, { flags, resolve: 0 }));
	}

	get isEmpty(): boolean {
		return this.#roots.length === 0;
	}

	/** Status of what is at a path; undefined where there is nothing. @param path components, bytes as characters */
	find(path: readonly string[]): Stats | undefined {
		return this.#withFile(path, (fd) => fstatSync(fd));
	}

	/** Copies a regular file. @returns whether there is one */
	async copy(path: readonly string[], to: string): Promise<boolean> {
		const copied = this.#withFile(path, async (fd) => {
			if (!fstatSync(fd).isFile()) return false;
			await copyFile(`/proc/self/fd/${fd}`, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
			return true;
		});
		return (await copied) ?? false;
	}

	#withFile<T>(path: readonly string[], use: (fd: number) => T): T | undefined {
		for (const root of this.#roots) {
			const found = open(root, path);
			if (found === 'removed') return undefined;
			if (found === 'absent') {
				if (this.#isOpaque(root, path)) return undefined;
				continue;
			}
			const result = isWhiteout(found) ? undefined : use(found);
			if (result instanceof Promise) result.catch(() => {}).finally(() => closeSync(found));
			else closeSync(found);
			return result;
		}
		return undefined;
	}

	/** Whether a directory on the way says that nothing of the layers below it counts. */
	#isOpaque(root: number, path: readonly string[]): boolean {
		return path.some((_, depth) => {
			const fd = open(root, path.slice(0, depth));
			if (typeof fd === 'string') return false;
			try {
				return getAttribute(`/proc/self/fd/${fd}`, OPAQUE) !== undefined;
			} finally {
				closeSync(fd);
			}
		});
	}

	close(): void {
		for (const fd of this.#roots) closeSync(fd);
	}
}

function open(root: number, path: readonly string[]): number | 'absent' | 'removed' {
	try {
		const flags = O_PATH | constants.O_NOFOLLOW;
		return openAt(root, nameBytes(path.join('/') || '.'), { flags, resolve: INSIDE });
	} catch (error) {
		if (hasCode(error, 'ENOENT')) return 'absent';
		// A whiteout, a file or a link is in the place of a directory on the way.
		if (hasCode(error, 'ENOTDIR', 'ELOOP')) return 'removed';
		throw error;
	}
}

function isWhiteout(fd: number): boolean {
	const status = fstatSync(fd);
	return status.isCharacterDevice() && status.rdev === 0;
}
