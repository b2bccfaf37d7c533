/**
 * Writes entries below a root directory. Parents are opened as directories, never through a link, and everything is
 * made relative to the open parent: an archive cannot first put a link somewhere and then write through it.
 */
import { closeSync, constants, fchmodSync, ftruncateSync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { hasCode } from '../errno.ts';
import {
	changeOwnerAt,
	changeTimesAt,
	linkAt,
	makeDirectoryAt,
	makeFifoAt,
	makeSymlinkAt,
	O_PATH,
	openAt,
	openDirectoryAt,
	type Place,
	RESOLVE,
	removeDirectoryAt,
	removeFileAt,
	setAttribute,
	withDescriptor,
} from '../linux/files/directory.ts';
import { ArchiveError } from './archive-error.ts';
import { type ArchiveEntry, nameBytes } from './entry.ts';
import { realPath } from './inside-links.ts';
import type { Piece } from './sparse/pieces.ts';

const writeLater = promisify(write);
/** Larger pieces of data are written by the thread pool, so that a slow disk does not hold up the event loop. */
const LARGE_FILE = 256 * 1024;
const INSIDE = RESOLVE.beneath | RESOLVE.noSymlinks | RESOLVE.noMounts;

export class TreeWriter {
	protected readonly root: number;
	/** The parent of the last entry: neighbours in an archive mostly share it. */
	#parent: { readonly path: string; readonly fd: number } | undefined;
	/** Making something in a directory changes its time, so these are set at the end. */
	readonly #directoryTimes = new Map<string, number>();

	/** @param root path of a directory that exists and is empty */
	constructor(root: string) {
		this.root = openAt(undefined, root, { flags: constants.O_RDONLY | constants.O_DIRECTORY, resolve: 0 });
	}

	close(): void {
		this.#forgetParent();
		closeSync(this.root);
	}

	/** @param data of a regular file; empty for everything else */
	async put(given: ArchiveEntry, data: AsyncIterable<Piece>): Promise<void> {
		const entry = this.resolved(given);
		if (entry.type === 'directory') return this.#putDirectory(entry);
		const name = entry.path.at(-1);
		if (name === undefined)
			throw new ArchiveError('hostile', `${entry.name} would replace the root directory`, { entry: entry.name });
		const place = { base: this.openParent(entry.path, entry.name), name: nameBytes(name) };
		this.#clear(place, entry);
		switch (entry.type) {
			case 'file':
				return this.#putFile(place, entry, data);
			case 'link':
				return this.#putLink(place, entry);
			case 'symlink':
				makeSymlinkAt(place.base, place.name, entry.target);
				break;
			case 'fifo':
				makeFifoAt(place.base, place.name, entry.mode & 0o777);
				break;
			case 'device':
				return;
		}
		changeOwnerAt(place, entry.uid, entry.gid);
		changeTimesAt(place, entry.mtime);
	}

	/** The entry with paths that lead through no link: links to directories inside the root are followed. */
	protected resolved(entry: ArchiveEntry): ArchiveEntry {
		const { path, linkPath } = entry;
		const parent = path.slice(0, -1).join('/');
		if (entry.type !== 'link' && (parent === '' || parent === this.#parent?.path)) return entry;
		const real = (names: readonly string[]) =>
			names.length < 2 ? names : [...realPath(this.root, names.slice(0, -1)), ...names.slice(-1)];
		return { ...entry, path: real(path), linkPath: real(linkPath) };
	}

	/** After the last entry. */
	finish(): void {
		this.#forgetParent();
		for (const [path, seconds] of this.#directoryTimes) {
			const fd = openDirectoryAt(this.root, nameBytes(path), INSIDE);
			try {
				changeTimesAt({ base: fd, name: '.' }, seconds);
			} finally {
				closeSync(fd);
			}
		}
	}

	#putDirectory(entry: ArchiveEntry): void {
		const name = entry.path.at(-1);
		if (name !== undefined) this.#ensureDirectory(this.openParent(entry.path, entry.name), nameBytes(name));
		const path = entry.path.join('/') || '.';
		const fd = openDirectoryAt(this.root, nameBytes(path), INSIDE);
		try {
			changeOwnerAt({ base: fd, name: '' }, entry.uid, entry.gid);
			fchmodSync(fd, entry.mode);
			putAttributes(fd, entry);
		} finally {
			closeSync(fd);
		}
		this.#directoryTimes.set(path, entry.mtime);
	}

	#ensureDirectory(base: number, name: Buffer): void {
		try {
			makeDirectoryAt(base, name, 0o755);
			return;
		} catch (error) {
			if (!hasCode(error, 'EEXIST')) throw error;
		}
		try {
			closeSync(openDirectoryAt(base, name, INSIDE));
		} catch (error) {
			if (!hasCode(error, 'ENOTDIR', 'ELOOP')) throw error;
			removeFileAt(base, name);
			makeDirectoryAt(base, name, 0o755);
		}
	}

	async #putFile(place: Place, entry: ArchiveEntry, data: AsyncIterable<Piece>): Promise<void> {
		const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
		const fd = openAt(place.base, place.name, { flags, mode: 0o600, resolve: INSIDE });
		try {
			for await (const piece of data) await writeAll(fd, piece, entry.size > LARGE_FILE);
			ftruncateSync(fd, entry.size);
			// In this order: a change of owner takes setuid bits and capabilities away.
			changeOwnerAt({ base: fd, name: '' }, entry.uid, entry.gid);
			fchmodSync(fd, entry.mode);
			putAttributes(fd, entry);
		} finally {
			closeSync(fd);
		}
		changeTimesAt(place, entry.mtime);
	}

	/** A link to a file that the archive does not have. @returns whether one is in the place now */
	protected async copyFromBelow(_entry: ArchiveEntry, _place: Place): Promise<boolean> {
		return false;
	}

	async #putLink(place: Place, entry: ArchiveEntry): Promise<void> {
		const name = entry.linkPath.at(-1);
		const missing = () =>
			new ArchiveError('corrupt', `${entry.name} is a link to a file that is not in the archive before it`, {
				entry: entry.name,
			});
		if (name === undefined) throw missing();
		const base = this.#openDirectory(entry.linkPath.slice(0, -1).join('/'), entry.name, () =>
			this.isLayer ? this.#makeParents(entry.linkPath.slice(0, -1), entry.name) : missing(),
		);
		try {
			linkAt({ base, name: nameBytes(name) }, place);
		} catch (error) {
			if (!hasCode(error, 'ENOENT', 'EPERM')) throw error;
			if (!(await this.copyFromBelow(entry, place))) throw missing();
		} finally {
			closeSync(base);
		}
	}

	/** Of two entries with one name the later one counts; a directory with something in it is not thrown away for it. */
	#clear({ base, name }: Place, entry: ArchiveEntry): void {
		try {
			removeFileAt(base, name);
		} catch (error) {
			if (hasCode(error, 'ENOENT')) return;
			if (!hasCode(error, 'EISDIR')) throw error;
			try {
				removeDirectoryAt(base, name);
			} catch (busy) {
				if (!hasCode(busy, 'ENOTEMPTY')) throw busy;
				throw new ArchiveError('hostile', `${entry.name} would replace a directory that has files`, {
					entry: entry.name,
				});
			}
		}
		this.#directoryTimes.delete(entry.path.join('/'));
	}

	/** Whether directories and files that are not in the archive may be in layers below. */
	protected get isLayer(): boolean {
		return false;
	}

	/** A parent that has no entry of its own was made. */
	protected onParent(_path: readonly string[], _fd: number): void {}

	/** Descriptor of the directory that something is to be in, valid until the next one is asked for. */
	protected openParent(path: readonly string[], entry: string): number {
		const parent = path.slice(0, -1).join('/');
		if (this.#parent?.path === parent && parent !== '') return this.#parent.fd;
		this.#forgetParent();
		const fd = this.#openDirectory(parent, entry, () => this.#makeParents(path.slice(0, -1), entry));
		this.#parent = { path: parent, fd };
		return fd;
	}

	/** @param onMissing gives the error to throw, or makes the directory and gives nothing */
	#openDirectory(path: string, entry: string, onMissing: () => Error | undefined): number {
		for (let attempt = 1; ; attempt += 1) {
			try {
				const how = { flags: O_PATH | constants.O_DIRECTORY, resolve: INSIDE };
				return openAt(this.root, nameBytes(path || '.'), how);
			} catch (error) {
				if (hasCode(error, 'ELOOP'))
					throw new ArchiveError('hostile', `${entry} leads through a symbolic link`, { entry, cause: error });
				if (hasCode(error, 'ENOTDIR'))
					throw new ArchiveError('hostile', `${entry} leads through something that is no directory`, {
						entry,
						cause: error,
					});
				if (!hasCode(error, 'ENOENT') || attempt === 2) throw error;
				const refusal = onMissing();
				if (refusal) throw refusal;
			}
		}
	}

	/** Parents that have no entry of their own: root's, readable by everyone. */
	#makeParents(path: readonly string[], entry: string): undefined {
		for (let depth = 1; depth <= path.length; depth += 1) {
			const base = this.#openDirectory(path.slice(0, depth - 1).join('/'), entry, () => undefined);
			try {
				const name = nameBytes(path[depth - 1] ?? '');
				makeDirectoryAt(base, name, 0o755);
				withDescriptor(openDirectoryAt(base, name, INSIDE), (fd) => this.onParent(path.slice(0, depth), fd));
			} catch (error) {
				if (!hasCode(error, 'EEXIST')) throw error;
			} finally {
				closeSync(base);
			}
		}
		return undefined;
	}

	#forgetParent(): void {
		if (this.#parent) closeSync(this.#parent.fd);
		this.#parent = undefined;
	}
}

async function writeAll(fd: number, { at, bytes }: Piece, later: boolean): Promise<void> {
	for (let offset = 0; offset < bytes.length; ) {
		const rest = bytes.length - offset;
		offset += later
			? (await writeLater(fd, bytes, offset, rest, at + offset)).bytesWritten
			: writeSync(fd, bytes, offset, rest, at + offset);
	}
}

/** A file system that has no attributes for users leaves these out; a capability is never lost in silence. */
function putAttributes(fd: number, { attributes }: ArchiveEntry): void {
	for (const [name, value] of attributes)
		try {
			setAttribute(fd, name, value);
		} catch (error) {
			if (!name.startsWith('user.') || !hasCode(error, 'EOPNOTSUPP', 'ENOTSUP')) throw error;
		}
}
