/**
 * Files of a container as the container itself would find them, looked up from the host. Every link, also an absolute
 * one and one that is being changed, is resolved inside the root: `/etc -> /` in a container is that container's `/`.
 */
import { closeSync, constants, fchmodSync, fstatSync, read, readFileSync, writeFileSync } from 'node:fs';
import { posix } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { promisify } from 'node:util';
import { hasCode } from '#os/errno.ts';
import {
	makeDirectoryAt,
	makeSymlinkAt,
	O_PATH,
	openAt,
	RESOLVE,
	removeDirectoryAt,
	removeFileAt,
	withDescriptor,
} from './directory.ts';

const readPiece = promisify(read);
const IN_ROOT = RESOLVE.inRoot | RESOLVE.noMagicLinks;

/** The root directory of a tree, for the functions below; the caller closes it. */
export function openRoot(path: string): number {
	return openAt(undefined, path, { flags: O_PATH | constants.O_DIRECTORY, resolve: 0 });
}

/**
 * @param root a path on the host, or a descriptor of the root
 * @param path inside the root
 * @param flags of open(2), from `node:fs` constants
 * @returns a descriptor that the caller closes
 * @throws SystemCallError
 */
export function openInRoot(root: string | number, path: string, flags: number, mode = 0): number {
	if (typeof root === 'number') return openAt(root, path, { flags, mode, resolve: IN_ROOT });
	return withDescriptor(openRoot(root), (fd) => openInRoot(fd, path, flags, mode));
}

/** Read limit: the owner of the root could otherwise fill the memory of the host. */
const LARGEST = 4 * 1024 * 1024;

/**
 * The text of a regular file inside a root, or undefined where there is none. Never waits, whatever is in its place. For
 * roots in which nothing runs yet: a process that runs in one may make the file as long as the daemon allows.
 *
 * @throws RangeError for a file of more than 4 MiB
 */
export function readInRoot(root: string | number, path: string): string | undefined {
	const fd = openFileInRoot(root, path);
	return fd === undefined ? undefined : withDescriptor(fd, (file) => readFileSync(file, 'utf8'));
}

/** @returns undefined where there is no regular file @throws RangeError where it is too large */
function openFileInRoot(root: string | number, path: string): number | undefined {
	let fd: number;
	try {
		fd = openInRoot(root, path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
	} catch (error) {
		// ENXIO: a socket, or a device that is not there.
		if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO', 'ENODEV')) return undefined;
		throw error;
	}
	try {
		const status = fstatSync(fd);
		if (status.size > LARGEST) throw new RangeError(`${path} in a container has ${status.size} bytes`);
		if (status.isFile()) return fd;
	} catch (error) {
		closeSync(fd);
		throw error;
	}
	closeSync(fd);
	return undefined;
}

/** Bytes that are read, and looked at, in one turn of the event loop; a longer line is left out. */
const PIECE = 16 * 1024;
const LONGEST_LINE = 4 * PIECE;

/**
 * The lines of such a file that are not empty, a few at a time. Others have their turn in between, however many there
 * are, and no more than a few lines are in memory.
 *
 * @throws RangeError for a file of more than 4 MiB
 */
export async function* linesInRoot(root: string | number, path: string): AsyncGenerator<readonly string[]> {
	const fd = openFileInRoot(root, path);
	if (fd === undefined) return;
	try {
		const [piece, decoder] = [Buffer.alloc(PIECE), new StringDecoder('utf8')];
		let rest = '';
		// It may be growing.
		for (let position = 0; position <= LARGEST; ) {
			const { bytesRead } = await readPiece(fd, piece, 0, PIECE, position);
			if (bytesRead === 0) break;
			position += bytesRead;
			const lines = (rest + decoder.write(piece.subarray(0, bytesRead))).split(/\n+/);
			const last = lines.pop() ?? '';
			// Its beginning is enough to tell that it is too long, until its end is there.
			rest = last.slice(0, LONGEST_LINE + 1);
			yield lines.filter(isFit);
		}
		yield [rest].filter(isFit);
	} finally {
		closeSync(fd);
	}
}

function isFit(line: string): boolean {
	return line !== '' && line.length <= LONGEST_LINE;
}

/**
 * A directory inside a root, made with its parents where it is missing.
 *
 * @returns a descriptor that the caller closes
 */
function openDirectoryInRoot(root: number, path: string): number {
	const directory = posix.normalize(`/${path}`);
	const flags = O_PATH | constants.O_DIRECTORY;
	try {
		return openInRoot(root, directory, flags);
	} catch (error) {
		if (!hasCode(error, 'ENOENT') || directory === '/') throw error;
	}
	const parent = openDirectoryInRoot(root, posix.dirname(directory));
	try {
		makeDirectoryAt(parent, posix.basename(directory), 0o755);
	} catch (error) {
		if (!hasCode(error, 'EEXIST')) throw error;
	} finally {
		closeSync(parent);
	}
	return openInRoot(root, directory, flags);
}

/** Put a new file where something else may be; a link of that name is replaced and not followed. */
export function writeInRoot(root: number, path: string, content: string | Buffer, mode = 0o644): void {
	withDescriptor(openDirectoryInRoot(root, posix.dirname(path)), (directory) => {
		const name = posix.basename(path);
		clear(directory, name);
		const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
		withDescriptor(openAt(directory, name, { flags, mode: 0o600, resolve: RESOLVE.beneath }), (file) => {
			writeFileSync(file, content);
			fchmodSync(file, mode);
		});
	});
}

/** Put a symbolic link where something else may be. */
export function linkInRoot(root: number, path: string, target: string): void {
	withDescriptor(openDirectoryInRoot(root, posix.dirname(path)), (directory) => {
		clear(directory, posix.basename(path));
		makeSymlinkAt(directory, posix.basename(path), target);
	});
}

export function existsInRoot(root: number, path: string): boolean {
	try {
		closeSync(openInRoot(root, path, O_PATH | constants.O_NOFOLLOW));
		return true;
	} catch (error) {
		if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return false;
		throw error;
	}
}

function clear(directory: number, name: string): void {
	try {
		removeFileAt(directory, name);
	} catch (error) {
		if (hasCode(error, 'EISDIR')) removeDirectoryAt(directory, name);
		else if (!hasCode(error, 'ENOENT')) throw error;
	}
}
