/** Follows symbolic links of a tree that lead to directories in it; a target that begins with / begins at its root. */
import { closeSync, constants } from 'node:fs';
import { hasCode } from '../errno.ts';
import { O_PATH, openAt, RESOLVE, readLinkAt, withDescriptor } from '../linux/files/directory.ts';

/** Links in one path. Source: path_resolution(7). */
const MOST_LINKS = 40;
const INSIDE = RESOLVE.beneath | RESOLVE.noSymlinks | RESOLVE.noMounts;

/**
 * @param root descriptor
 * @param path components, a character for each byte
 * @returns the components without links. One that leads out of the root or to no directory stays as it is, for whoever opens
 *   it to refuse.
 */
export function realPath(root: number, path: readonly string[]): readonly string[] {
	let left = MOST_LINKS;
	const follow = (base: readonly string[], name: string): readonly string[] | undefined => {
		if (name === '' || name === '.') return base;
		if (name === '..') return base.length === 0 ? undefined : base.slice(0, -1);
		const target = linkAt(root, base, name);
		if (target === undefined) return [...base, name];
		left -= 1;
		if (left < 0) return undefined;
		let at: readonly string[] | undefined = target.startsWith('/') ? [] : base;
		for (const part of target.split('/')) at = at && follow(at, part);
		return at && isDirectory(root, at) ? at : undefined;
	};
	let real: readonly string[] | undefined = [];
	for (const name of path) real = real && follow(real, name);
	return real ?? path;
}

function open(root: number, path: readonly string[]): number {
	const place = Buffer.from(path.join('/') || '.', 'latin1');
	return openAt(root, place, { flags: O_PATH | constants.O_DIRECTORY, resolve: INSIDE });
}

function linkAt(root: number, base: readonly string[], name: string): string | undefined {
	try {
		const read = (fd: number) => readLinkAt({ base: fd, name: Buffer.from(name, 'latin1') }).toString('latin1');
		return withDescriptor(open(root, base), read);
	} catch (error) {
		if (hasCode(error, 'EINVAL', 'ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV')) return undefined;
		throw error;
	}
}

function isDirectory(root: number, path: readonly string[]): boolean {
	try {
		closeSync(open(root, path));
		return true;
	} catch (error) {
		if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EXDEV')) return false;
		throw error;
	}
}
