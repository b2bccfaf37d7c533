/** A file or directory as a tar archive, while others change what is there: no link is followed. */
import { closeSync, constants, fstatSync, lstatSync, read, readlinkSync, type Stats, statfsSync } from 'node:fs';
import { promisify } from 'node:util';
import { hasCode } from '../../errno.ts';
import { listDirectory, openAt, openDirectoryAt, RESOLVE } from '../../linux/files/directory.ts';
import { ARCHIVE_END, type EncodedType, encodeHeader, paddingAfter } from './encode.ts';

const readAsync = promisify(read);
const BLOCK = 256 * 1024;
/** Directories in directories that are packed: each has a descriptor open. */
const DEEPEST = 200;
const SLASH = Buffer.from('/');
const NOTHING = Buffer.alloc(0);

interface Item {
	/** Descriptor of the directory that it is in. */
	readonly base: number;
	readonly name: Buffer;
	/** In the archive. */
	readonly path: Buffer;
	readonly depth: number;
}

/** Types of file systems without files (statfs(2)): proc, sysfs, cgroup, cgroup2, debugfs, tracefs, securityfs. */
const OF_KERNEL = new Set([0x9fa0, 0x62656572, 0x27e0eb, 0x63677270, 0x64626720, 0x74726163, 0x73636673]);

/** Whether what is there is the state of the kernel, and no file. @param path is followed */
export function isOfKernel(path: string): boolean {
	return OF_KERNEL.has(statfsSync(path).type);
}

/**
 * Sockets and devices are left out, and what is in file systems of the kernel, and what vanishes meanwhile. A file that shrinks is filled up with zeros.
 *
 * @param base descriptor of the directory that it is in
 * @param as name in the archive
 */
export async function* packTree(base: number, name: Buffer, as: Buffer): AsyncGenerator<Buffer> {
	yield* pack({ base, name, path: as, depth: 0 });
	yield ARCHIVE_END;
}

async function* pack(item: Item): AsyncGenerator<Buffer> {
	const status = statusAt(item);
	const type = status && typeOf(status);
	if (!status || !type) return;
	if (type === 'file') yield* packFile(item);
	else if (type === 'directory') yield* packDirectory(item);
	else {
		const target = type === 'symlink' ? targetOf(item) : NOTHING;
		if (target) yield header(item, { type, status, target });
	}
}

async function* packFile(item: Item): AsyncGenerator<Buffer> {
	const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW | constants.O_NOCTTY;
	const fd = unlessGone(() => openAt(item.base, item.name, { flags, resolve: RESOLVE.beneath | RESOLVE.noSymlinks }));
	if (fd === undefined) return;
	try {
		const status = fstatSync(fd);
		if (!status.isFile()) return;
		yield header(item, { type: 'file', status, target: NOTHING });
		for (let left = status.size; left > 0; ) {
			const buffer = Buffer.alloc(Math.min(BLOCK, left));
			const { bytesRead } = await readAsync(fd, buffer, 0, buffer.length, status.size - left);
			const length = bytesRead === 0 ? buffer.length : bytesRead;
			yield buffer.subarray(0, length);
			left -= length;
		}
		yield paddingAfter(status.size);
	} finally {
		closeSync(fd);
	}
}

async function* packDirectory(item: Item): AsyncGenerator<Buffer> {
	const fd = unlessGone(() => openDirectoryAt(item.base, item.name));
	if (fd === undefined) return;
	try {
		yield header(item, { type: 'directory', status: fstatSync(fd), target: NOTHING });
		if (item.depth === DEEPEST || (isMount(item, fd) && isOfKernel(`/proc/self/fd/${fd}`))) return;
		for await (const { name } of listDirectory(fd))
			yield* pack({ base: fd, name, path: Buffer.concat([item.path, SLASH, name]), depth: item.depth + 1 });
	} finally {
		closeSync(fd);
	}
}

function isMount({ base }: Item, fd: number): boolean {
	return fstatSync(base).dev !== fstatSync(fd).dev;
}

function header(
	{ path }: Item,
	{ type, status, target }: { readonly type: EncodedType; readonly status: Stats; readonly target: Buffer },
): Buffer {
	const { mode, uid, gid, size, mtimeMs } = status;
	const rest = { mode: mode & 0o7777, uid, gid, size: type === 'file' ? size : 0, mtime: mtimeMs / 1000 };
	return encodeHeader({ type, name: path, target, ...rest });
}

function typeOf(status: Stats): EncodedType | undefined {
	if (status.isFile()) return 'file';
	if (status.isDirectory()) return 'directory';
	if (status.isSymbolicLink()) return 'symlink';
	return status.isFIFO() ? 'fifo' : undefined;
}

/** One component below an open directory; it is not followed. */
function placeOf({ base, name }: Item): Buffer {
	return Buffer.concat([Buffer.from(`/proc/self/fd/${base}/`), name]);
}

function statusAt(item: Item): Stats | undefined {
	return lstatSync(placeOf(item), { throwIfNoEntry: false });
}

function targetOf(item: Item): Buffer | undefined {
	return unlessGone(() => readlinkSync(placeOf(item), { encoding: 'buffer' }));
}

function unlessGone<T>(run: () => T): T | undefined {
	try {
		return run();
	} catch (error) {
		if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EINVAL', 'ENXIO')) return undefined;
		throw error;
	}
}
