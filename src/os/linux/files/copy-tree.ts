/** Copies files from one root into another one; both are looked up as inside of them, and nothing leaves them. */
import { closeSync, constants, fchmodSync, fstatSync, type Stats } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { hasCode } from '../../errno.ts';
import {
	changeOwnerAt,
	changeTimesAt,
	listDirectory,
	makeDirectoryAt,
	makeFifoAt,
	makeSymlinkAt,
	O_PATH,
	openAt,
	RESOLVE,
	readLinkAt,
	removeFileAt,
	withDescriptor,
} from './directory.ts';
import { type BytePath, below, DEEPEST, type Ignored, NOTHING_IGNORED, toBytes, toText } from './selection.ts';

export interface CopyOptions {
	/** Owner of everything that is copied, and of directories that are made for it. */
	readonly owner: { readonly uid: number; readonly gid: number };
	/** Permissions of files and directories that are copied; absent: as they are. */
	readonly mode?: number;
	readonly ignored?: Ignored;
	readonly signal?: AbortSignal | undefined;
}

/** Something is in the way, or cannot be copied. */
export class CopyRefused extends Error {}

const IN_ROOT = RESOLVE.inRoot | RESOLVE.noMagicLinks;

/**
 * Copies a file to a path, or what is in a directory into another one. Directories that are missing are made; files that
 * are there are replaced, directories that are there keep owner and permissions. Sockets and devices are refused.
 *
 * @param from descriptor of the root to read
 * @param to descriptor of the root to write
 * @throws CopyRefused
 */
export async function copyTree(
	from: { readonly root: number; readonly path: BytePath },
	to: { readonly root: number; readonly path: BytePath },
	options: CopyOptions,
): Promise<void> {
	const fd = openAt(from.root, toBytes(`/${from.path}`), { flags: O_PATH, resolve: IN_ROOT });
	try {
		const status = fstatSync(fd);
		const tree = new TreeCopy(to.root, options);
		if (!status.isDirectory()) return await tree.copy({ fd, status, path: from.path }, to.path);
		const directory = openAt(fd, '.', { flags: constants.O_RDONLY | constants.O_DIRECTORY, resolve: IN_ROOT });
		try {
			closeSync(tree.directory(to.path));
			await tree.contents(directory, from.path, to.path);
		} finally {
			closeSync(directory);
		}
	} finally {
		closeSync(fd);
	}
}

interface Source {
	/** Names it, without following it where it is a link. */
	readonly fd: number;
	readonly status: Stats;
	readonly path: BytePath;
}

class TreeCopy {
	readonly #to: number;
	readonly #options: CopyOptions;

	constructor(to: number, options: CopyOptions) {
		this.#to = to;
		this.#options = options;
	}

	async contents(directory: number, path: BytePath, target: BytePath): Promise<void> {
		const { ignored = NOTHING_IGNORED, signal } = this.#options;
		if (path.split('/').length > DEEPEST) throw new CopyRefused(`${toText(path)} is too deep`);
		for await (const { name } of listDirectory(directory)) {
			signal?.throwIfAborted();
			const inner = below(path, name.toString('latin1'));
			// A directory that is left out may hold something that is not.
			const leftOut = ignored(toText(inner));
			const how = { flags: O_PATH | constants.O_NOFOLLOW, resolve: RESOLVE.beneath | RESOLVE.noSymlinks };
			await this.#with(openAt(directory, name, how), async (fd) => {
				const source = { fd, status: fstatSync(fd), path: inner };
				if (leftOut && !source.status.isDirectory()) return;
				await this.copy(source, below(target, name.toString('latin1')), leftOut);
			});
		}
	}

	/** @param sparingly a directory is made only for something in it */
	async copy(source: Source, target: BytePath, sparingly = false): Promise<void> {
		const { status } = source;
		if (status.isDirectory()) return this.#copyDirectory(source, target, sparingly);
		if (status.isSocket() || status.isBlockDevice() || status.isCharacterDevice())
			throw new CopyRefused(`${toText(source.path)} is a ${status.isSocket() ? 'socket' : 'device'}`);
		await this.#with(this.directory(parentOf(target)), async (parent) => {
			const name = toBytes(nameOf(target));
			this.#clear(parent, name, target);
			if (status.isSymbolicLink()) makeSymlinkAt(parent, name, readLinkAt({ base: source.fd, name: '' }));
			else if (status.isFIFO()) makeFifoAt(parent, name, this.#modeOf(status));
			else await this.#copyFile(source, parent, name);
			const { uid, gid } = this.#options.owner;
			if (!status.isFile()) changeOwnerAt({ base: parent, name }, uid, gid);
			changeTimesAt({ base: parent, name }, status.mtimeMs / 1000);
		});
	}

	async #copyDirectory(source: Source, target: BytePath, sparingly: boolean): Promise<void> {
		if (!sparingly) closeSync(this.directory(target, source.status));
		const flags = constants.O_RDONLY | constants.O_DIRECTORY;
		await this.#with(openAt(source.fd, '.', { flags, resolve: RESOLVE.beneath }), (fd) =>
			this.contents(fd, source.path, target),
		);
	}

	async #copyFile({ fd, status }: Source, parent: number, name: Buffer): Promise<void> {
		const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
		const made = openAt(parent, name, { flags, mode: 0o600, resolve: RESOLVE.beneath | RESOLVE.noSymlinks });
		await this.#with(made, async (file) => {
			await copyFile(`/proc/self/fd/${fd}`, `/proc/self/fd/${file}`);
			const { uid, gid } = this.#options.owner;
			// In this order: a change of owner takes setuid bits away.
			changeOwnerAt({ base: file, name: '' }, uid, gid);
			fchmodSync(file, this.#modeOf(status));
		});
	}

	/** A directory in the target, made with its parents where it is missing. Callers close it. */
	directory(path: BytePath, like?: Stats): number {
		const flags = O_PATH | constants.O_DIRECTORY;
		try {
			return openAt(this.#to, toBytes(`/${path}`), { flags, resolve: IN_ROOT });
		} catch (error) {
			if (hasCode(error, 'ENOTDIR')) throw new CopyRefused(`/${toText(path)} is no directory`);
			if (!hasCode(error, 'ENOENT') || path === '') throw error;
		}
		const parent = this.directory(parentOf(path));
		try {
			this.#makeDirectory(parent, toBytes(nameOf(path)), like === undefined ? 0o755 : this.#modeOf(like));
		} catch (error) {
			if (!hasCode(error, 'EEXIST')) throw error;
			throw new CopyRefused(`/${toText(path)} is a link to something that is not there`);
		} finally {
			closeSync(parent);
		}
		return openAt(this.#to, toBytes(`/${path}`), { flags, resolve: IN_ROOT });
	}

	#makeDirectory(parent: number, name: Buffer, mode: number): void {
		makeDirectoryAt(parent, name, 0o700);
		const how = { flags: constants.O_RDONLY | constants.O_DIRECTORY, resolve: RESOLVE.beneath | RESOLVE.noSymlinks };
		withDescriptor(openAt(parent, name, how), (fd) => {
			changeOwnerAt({ base: fd, name: '' }, this.#options.owner.uid, this.#options.owner.gid);
			fchmodSync(fd, mode);
		});
	}

	#clear(parent: number, name: Buffer, target: BytePath): void {
		try {
			removeFileAt(parent, name);
		} catch (error) {
			if (hasCode(error, 'EISDIR')) throw new CopyRefused(`/${toText(target)} is a directory`);
			if (!hasCode(error, 'ENOENT')) throw error;
		}
	}

	#modeOf(status: Stats): number {
		return (this.#options.mode ?? status.mode) & 0o7777;
	}

	async #with(fd: number, run: (fd: number) => Promise<void>): Promise<void> {
		try {
			await run(fd);
		} finally {
			closeSync(fd);
		}
	}
}

function parentOf(path: BytePath): BytePath {
	return path.split('/').slice(0, -1).join('/');
}

function nameOf(path: BytePath): BytePath {
	return path.split('/').at(-1) ?? '';
}
