/**
 * Removal of a tree that somebody else wrote: names that are no text, directories nested deeper than a path can say,
 * and mounts inside, which are never descended into.
 */
import { closeSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { hasCode } from '#os/errno.ts';
import {
	listDirectory,
	O_PATH,
	openAt,
	openDirectoryAt,
	RESOLVE,
	removeDirectoryInBackground,
	removeFileAt,
	renameAt,
} from './directory.ts';

/** One descriptor is open for each level; what lies deeper is moved up first. */
const DEEPEST = 64;
/** Milliseconds of work between two turns of the event loop. */
const TURN = 5;

interface Walk {
	readonly top: number;
	moved: number;
	/** Time of the last turn of the event loop. */
	since: number;
	readonly signal: AbortSignal | undefined;
}

/**
 * Remove a file or a directory with everything in it. Missing is fine.
 *
 * @param path absolute
 * @param signal ends it half done, and its reason is thrown
 * @throws SystemCallError EXDEV or EBUSY when something is mounted inside: what lies beyond is untouched
 */
export async function removeTree(path: string, signal?: AbortSignal): Promise<void> {
	let parent: number;
	try {
		const flags = O_PATH | constants.O_DIRECTORY;
		parent = openAt(undefined, dirname(path), { flags, resolve: 0 });
	} catch (error) {
		if (hasCode(error, 'ENOENT', 'ENOTDIR')) return;
		throw error;
	}
	try {
		await removeEntry(parent, Buffer.from(path.slice(dirname(path).length).replace(/^\/+/, '')), signal);
	} finally {
		closeSync(parent);
	}
}

async function removeEntry(parent: number, name: Buffer, signal?: AbortSignal): Promise<void> {
	let top: number;
	try {
		top = openDirectoryAt(parent, name, RESOLVE.noMounts);
	} catch (error) {
		if (hasCode(error, 'ENOENT')) return;
		if (!hasCode(error, 'ENOTDIR', 'ELOOP')) throw error;
		removeFileAt(parent, name);
		return;
	}
	try {
		const walk: Walk = { top, moved: 0, since: performance.now(), signal };
		// What was moved up is in the second listing; every round moves less.
		for (let before = -1; walk.moved !== before; ) {
			before = walk.moved;
			await empty(top, walk, 0);
		}
	} finally {
		closeSync(top);
	}
	await removeDirectoryInBackground(parent, name);
}

/** Directories last, when the listing is closed again: one descriptor is open for each level. */
async function empty(fd: number, walk: Walk, depth: number): Promise<void> {
	const directories: Buffer[] = [];
	for await (const { name, directory } of listDirectory(fd)) {
		if (directory) directories.push(name);
		else ignoreMissing(() => removeFileAt(fd, name));
		await takeTurns(walk);
	}
	for (const name of directories) {
		await removeSubtree(fd, name, { walk, depth });
		await takeTurns(walk);
	}
}

async function takeTurns(walk: Walk): Promise<void> {
	if (performance.now() - walk.since <= TURN) return;
	await setImmediate();
	walk.signal?.throwIfAborted();
	walk.since = performance.now();
}

async function removeSubtree(fd: number, name: Buffer, { walk, depth }: { walk: Walk; depth: number }): Promise<void> {
	if (depth >= DEEPEST) {
		walk.moved += 1;
		renameAt({ base: fd, name }, { base: walk.top, name: `.removing-${process.hrtime.bigint()}` });
		return;
	}
	let below: number;
	try {
		below = openDirectoryAt(fd, name, RESOLVE.noMounts);
	} catch (error) {
		if (hasCode(error, 'ENOENT')) return;
		throw error;
	}
	try {
		await empty(below, walk, depth + 1);
	} finally {
		closeSync(below);
	}
	try {
		await removeDirectoryInBackground(fd, name);
	} catch (error) {
		if (!hasCode(error, 'ENOENT')) throw error;
	}
}

function ignoreMissing(remove: () => void): void {
	try {
		remove();
	} catch (error) {
		if (!hasCode(error, 'ENOENT')) throw error;
	}
}
