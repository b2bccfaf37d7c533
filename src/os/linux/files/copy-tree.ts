/** Copies files from one root into another one; both are looked up as inside of them, and nothing leaves them. */
import { closeSync, constants, fchmodSync, fstatSync, type Stats, writeFileSync } from 'node:fs';
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
import { type BytePath, below, DEEPEST, toBytes, toText } from './selection.ts';

export interface CopyOptions {
	/** Owner of everything that is copied, and of directories that are made for it; absent: as they are, root's. */
	readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
	/** Permissions of files and directories that are copied; absent: as they are. */
	readonly mode?: number;
	readonly signal?: AbortSignal | undefined;
}

/** Something is in the way, or cannot be copied. */
export class CopyRefused extends Error {}

const NEW_FILE = {
	flags: constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
	mode: 0o600,
	resolve: RESOLVE.beneath | RESOLVE.noSymlinks,
};
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

/** A directory with its parents, where it is missing. @throws CopyRefused */
export function makeDirectory(to: { readonly root: number; readonly path: BytePath }, options: CopyOptions): void {
	closeSync(new TreeCopy(to.root, options).directory(to.path));
}

/** A file of some text, 0644 unless the options say otherwise. @throws CopyRefused */
export function putFile(
	to: { readonly root: number; readonly path: BytePath },
	content: string,
	options: CopyOptions,
): void {
	new TreeCopy(to.root, options).put(to.path, content);
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
		const { signal } = this.#options;
		if (path.split('/').length > DEEPEST) throw new CopyRefused(`${toText(path)} is too deep`);
		for await (const { name } of listDirectory(directory)) {
			signal?.throwIfAborted();
			const inner = below(path, name.toString('latin1'));
			const how = { flags: O_PATH | constants.O_NOFOLLOW, resolve: RESOLVE.beneath | RESOLVE.noSymlinks };
			await this.#with(openAt(directory, name, how), async (fd) => {
				const source = { fd, status: fstatSync(fd), path: inner };
				await this.copy(source, below(target, name.toString('latin1')));
			});
		}
	}

	async copy(source: Source, target: BytePath): Promise<void> {
		const { status } = source;
		if (status.isDirectory()) return this.#copyDirectory(source, target);
		if (status.isSocket() || status.isBlockDevice() || status.isCharacterDevice())
			throw new CopyRefused(`${toText(source.path)} is a ${status.isSocket() ? 'socket' : 'device'}`);
		await this.#with(this.directory(parentOf(target)), async (parent) => {
			const name = toBytes(nameOf(target));
			this.#clear(parent, name, target);
			if (status.isSymbolicLink()) makeSymlinkAt(parent, name, readLinkAt({ base: source.fd, name: '' }));
			else if (status.isFIFO()) makeFifoAt(parent, name, this.#modeOf(status));
			else await this.#copyFile(source, parent, name);
			const { uid, gid } = this.#options.owner ?? status;
			if (!status.isFile()) changeOwnerAt({ base: parent, name }, uid, gid);
			changeTimesAt({ base: parent, name }, status.mtimeMs / 1000);
		});
	}

	put(target: BytePath, content: string): void {
		const { owner = { uid: 0, gid: 0 }, mode = 0o644 } = this.#options;
		withDescriptor(this.directory(parentOf(target)), (parent) => {
			const name = toBytes(nameOf(target));
			this.#clear(parent, name, target);
			withDescriptor(openAt(parent, name, NEW_FILE), (file) => {
				writeFileSync(file, content);
				changeOwnerAt({ base: file, name: '' }, owner.uid, owner.gid);
				fchmodSync(file, mode);
			});
		});
	}

	async #copyDirectory(source: Source, target: BytePath): Promise<void> {
		closeSync(this.directory(target, source.status));
		const flags = constants.O_RDONLY | constants.O_DIRECTORY;
		await this.#with(openAt(source.fd, '.', { flags, resolve: RESOLVE.beneath }), (fd) =>
			this.contents(fd, source.path, target),
		);
	}

	async #copyFile({ fd, status }: Source, parent: number, name: Buffer): Promise<void> {
		await this.#with(openAt(parent, name, NEW_FILE), async (file) => {
			await copyFile(`/proc/self/fd/${fd}`, `/proc/self/fd/${file}`);
			const { uid, gid } = this.#options.owner ?? status;
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
			this.#makeDirectory(parent, toBytes(nameOf(path)), like);
		} catch (error) {
			if (!hasCode(error, 'EEXIST')) throw error;
			throw new CopyRefused(`/${toText(path)} is a link to something that is not there`);
		} finally {
			closeSync(parent);
		}
		return openAt(this.#to, toBytes(`/${path}`), { flags, resolve: IN_ROOT });
	}

	#makeDirectory(parent: number, name: Buffer, like: Stats | undefined): void {
		const { uid, gid } = this.#options.owner ?? like ?? { uid: 0, gid: 0 };
		makeDirectoryAt(parent, name, 0o700);
		const how = { flags: constants.O_RDONLY | constants.O_DIRECTORY, resolve: RESOLVE.beneath | RESOLVE.noSymlinks };
		withDescriptor(openAt(parent, name, how), (fd) => {
			changeOwnerAt({ base: fd, name: '' }, uid, gid);
			fchmodSync(fd, like === undefined ? 0o755 : this.#modeOf(like));
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
