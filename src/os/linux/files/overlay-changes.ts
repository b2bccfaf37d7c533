/**
 * The upper directory of an overlayfs: what was added to the layers below it, changed and deleted. Containers change it
 * meanwhile, so names are looked up from open directories and no link is followed.
 *
 * Source: Documentation/filesystems/overlayfs.rst: a deleted file is a character device 0/0.
 */
import { closeSync, constants, fstatSync, lstatSync, type Stats } from 'node:fs';
import { hasCode } from '../../errno.ts';
import { listDirectory, O_PATH, openAt, openDirectoryAt, RESOLVE, withDescriptor } from './directory.ts';

export interface OverlayChange {
	readonly kind: 'added' | 'changed' | 'deleted';
	/** Absolute, bytes. */
	readonly path: Buffer;
}

/** Directories in directories that are looked into: each has a descriptor open. */
const DEEPEST = 200;

const SLASH = Buffer.from('/');

/**
 * @param upper path of the upper directory
 * @param lower paths of the layers below it, the top one first
 */
export async function* overlayChanges(upper: string, lower: readonly string[]): AsyncGenerator<OverlayChange> {
	const open = (path: string) =>
		openAt(undefined, path, { flags: constants.O_RDONLY | constants.O_DIRECTORY, resolve: 0 });
	const descriptors: number[] = [];
	try {
		for (const path of [upper, ...lower]) descriptors.push(open(path));
		const [top = -1, ...below] = descriptors;
		yield* changesIn({ fd: top, path: Buffer.alloc(0), depth: 0 }, below);
	} finally {
		for (const fd of descriptors) closeSync(fd);
	}
}

interface Directory {
	readonly fd: number;
	/** Without a slash at the end. */
	readonly path: Buffer;
	readonly depth: number;
}

/** @param below roots of the layers that have this directory; none: it is new */
async function* changesIn({ fd, path, depth }: Directory, below: readonly number[]): AsyncGenerator<OverlayChange> {
	for await (const { name, directory } of listDirectory(fd)) {
		const place = Buffer.concat([path, SLASH, name]);
		const status = statusAt(fd, name);
		if (status === undefined) continue;
		const isThere = below.length > 0 && existsBelow(below, place);
		if (isWhiteout(status)) {
			if (isThere) yield { kind: 'deleted', path: place };
			continue;
		}
		yield { kind: isThere ? 'changed' : 'added', path: place };
		if (!directory || depth === DEEPEST) continue;
		const inner = openIfThere(fd, name);
		if (inner === undefined) continue;
		try {
			yield* changesIn({ fd: inner, path: place, depth: depth + 1 }, isThere ? below : []);
		} finally {
			closeSync(inner);
		}
	}
}

/** The topmost layer that says something about a name decides. */
function existsBelow(layers: readonly number[], path: Buffer): boolean {
	for (const layer of layers) {
		try {
			const how = { flags: O_PATH | constants.O_NOFOLLOW, resolve: RESOLVE.beneath | RESOLVE.noSymlinks };
			return withDescriptor(openAt(layer, path.subarray(1), how), (fd) => !isWhiteout(fstatSync(fd)));
		} catch (error) {
			if (hasCode(error, 'ENOTDIR', 'ELOOP')) return false;
			if (!hasCode(error, 'ENOENT')) throw error;
		}
	}
	return false;
}

function statusAt(fd: number, name: Buffer): Stats | undefined {
	return lstatSync(Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), name]), { throwIfNoEntry: false });
}

function openIfThere(fd: number, name: Buffer): number | undefined {
	try {
		return openDirectoryAt(fd, name, RESOLVE.noMounts);
	} catch (error) {
		if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
		throw error;
	}
}

function isWhiteout(status: Stats): boolean {
	return status.isCharacterDevice() && status.rdev === 0;
}
