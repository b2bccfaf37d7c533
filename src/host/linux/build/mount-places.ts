/** Places in the root of a container that something is mounted on for one RUN, and that are gone again afterwards. */
import { closeSync, constants, existsSync, fstatSync, readFileSync, writeFileSync } from 'node:fs';
import { posix } from 'node:path';
import { isKleeneError } from '#errors/kleene-error.ts';
import { hasCode } from '#os/errno.ts';
import {
	makeDirectoryAt,
	O_PATH,
	openAt,
	RESOLVE,
	removeDirectoryAt,
	removeFileAt,
	withDescriptor,
} from '#os/linux/files/directory.ts';
import { openInRoot, openRoot } from '#os/linux/files/inroot.ts';
import { failed } from './contexts.ts';

export interface MountPlace {
	/** Absolute path inside the root. */
	readonly destination: string;
	readonly kind: 'directory' | 'file';
}

/**
 * Makes the places that are missing, links of the image are resolved inside its root.
 *
 * @param list file that names those that were made, before they are
 */
export function makePlaces(root: string, places: readonly MountPlace[], list: string): void {
	const fd = openRoot(root);
	try {
		const made: string[] = [];
		const note = (path: string) => {
			made.push(path);
			writeFileSync(list, JSON.stringify(made), { mode: 0o600 });
		};
		for (const place of OF_EVERY_CONTAINER) tryOne(fd, place, note);
		for (const place of places) makeOne(fd, place, note);
	} finally {
		closeSync(fd);
	}
}

/** Places that the runtime would make, and leave in the layer. */
const OF_EVERY_CONTAINER: readonly MountPlace[] = [
	{ destination: '/proc', kind: 'directory' },
	{ destination: '/sys', kind: 'directory' },
	{ destination: '/dev', kind: 'directory' },
	{ destination: '/etc/hosts', kind: 'file' },
];

/** Where an image has something else there, the runtime says what is wrong. */
function tryOne(root: number, place: MountPlace, note: (path: string) => void): void {
	try {
		makePlace(root, place, note);
	} catch (error) {
		if (!isKleeneError(error) && !hasCode(error, 'EEXIST', 'ELOOP', 'ENOTDIR')) throw error;
	}
}

function makeOne(root: number, place: MountPlace, note: (path: string) => void): void {
	try {
		makePlace(root, place, note);
	} catch (error) {
		if (!hasCode(error, 'EEXIST', 'ELOOP')) throw error;
		const why = 'a link of the image leads nowhere there';
		throw failed(`cannot mount at ${place.destination}`, why, 'choose another target, or make what the link leads to');
	}
}

function makePlace(root: number, { destination, kind }: MountPlace, note: (path: string) => void): void {
	const names = destination.split('/').filter((name) => name !== '');
	for (const [index] of names.entries()) {
		const path = `/${names.slice(0, index + 1).join('/')}`;
		const wanted = index < names.length - 1 ? 'directory' : kind;
		const found = kindOf(root, path);
		if (found === undefined) {
			note(path);
			make(root, path, wanted);
		} else if (found !== wanted) {
			const why = found === 'directory' ? 'the image has a directory there' : `${path} is no directory in the image`;
			throw failed(`cannot mount at ${destination}`, why, 'choose another target');
		}
	}
}

/** Undefined: nothing is there. */
function kindOf(root: number, path: string): 'directory' | 'file' | undefined {
	try {
		return withDescriptor(openInRoot(root, path, O_PATH), (fd) => (fstatSync(fd).isDirectory() ? 'directory' : 'file'));
	} catch (error) {
		if (hasCode(error, 'ENOENT')) return undefined;
		throw error;
	}
}

function make(root: number, path: string, kind: 'directory' | 'file'): void {
	withDescriptor(openInRoot(root, posix.dirname(path), O_PATH | constants.O_DIRECTORY), (parent) => {
		const name = posix.basename(path);
		if (kind === 'directory') return makeDirectoryAt(parent, name, 0o755);
		const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
		closeSync(openAt(parent, name, { flags, mode: 0o644, resolve: RESOLVE.beneath }));
	});
}

/** Removes those that were made, unless something is in them now. No process is in the root. */
export function removePlaces(root: string, list: string): void {
	if (!existsSync(list)) return;
	const made = JSON.parse(readFileSync(list, 'utf8')) as string[];
	withDescriptor(openRoot(root), (fd) => {
		for (const path of made.reverse()) removePlace(fd, path);
	});
}

function removePlace(root: number, path: string): void {
	const name = posix.basename(path);
	try {
		withDescriptor(openInRoot(root, posix.dirname(path), O_PATH | constants.O_DIRECTORY), (parent) => {
			const status = withDescriptor(
				openAt(parent, name, { flags: O_PATH | constants.O_NOFOLLOW, resolve: RESOLVE.beneath }),
				(fd) => fstatSync(fd),
			);
			if (status.isDirectory()) removeDirectoryAt(parent, name);
			else if (status.isFile() && status.size === 0) removeFileAt(parent, name);
		});
	} catch (error) {
		if (!hasCode(error, 'ENOENT', 'ENOTDIR', 'ENOTEMPTY', 'ELOOP')) throw error;
	}
}
