/**
 * System calls that take names relative to an open directory. A name is one component and is never looked up through a
 * symbolic link, so what was checked is what is used, whatever else happens in the tree meanwhile.
 *
 * Names are bytes, because files on Linux have names that need not be UTF-8.
 */
import { closeSync, constants } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { checked, declare, declareInBackground } from '../libc.ts';

/** The same on every Linux architecture. */
const SYS_OPENAT2 = 437;
const AT_FDCWD = -100;
const AT_REMOVEDIR = 0x200;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_EMPTY_PATH = 0x1000;
const O_CLOEXEC = 0x8_0000;
const S_IFIFO = 0o010000;
const S_IFCHR = 0o020000;

/** Bytes; PATH_MAX. */
const LONGEST_PATH = 4096;

/** Names that are read at a time. */
const CHUNK = 256;

/** A descriptor that only names a place: enough as a base for other names, and it needs no permission to read. */
export const O_PATH = 0x20_0000;

/** Path resolution flags of openat2(2). */
export const RESOLVE = {
	/** Not onto another file system, and not through a bind mount. */
	noMounts: 0x01,
	/** Not through links of /proc that jump elsewhere. */
	noMagicLinks: 0x02,
	noSymlinks: 0x04,
	/** Fails at whatever would leave the base: `..`, absolute links. */
	beneath: 0x08,
	/** The base is `/` for the whole lookup, as after chroot(2). */
	inRoot: 0x10,
} as const;

export interface OpenHow {
	readonly flags: number;
	/** Of a file that the call creates. */
	readonly mode?: number;
	readonly resolve: number;
}

const syscall = declare<(call: number, base: number, path: Buffer, how: Buffer, size: number) => number>(
	'long syscall(long number, long base, const void *path, const void *how, long size)',
);
const mkdirat = declare<(base: number, name: Buffer, mode: number) => number>(
	'int mkdirat(int base, const void *name, uint32_t mode)',
);
const mknodat = declare<(base: number, name: Buffer, mode: number, device: number) => number>(
	'int mknodat(int base, const void *name, uint32_t mode, uint64_t device)',
);
const UNLINKAT = 'int unlinkat(int base, const void *name, int flags)';
const unlinkat = declare<(base: number, name: Buffer, flags: number) => number>(UNLINKAT);
const unlinkatInBackground = declareInBackground<[base: number, name: Buffer, flags: number]>(UNLINKAT);
const symlinkat = declare<(target: Buffer, base: number, name: Buffer) => number>(
	'int symlinkat(const void *target, int base, const void *name)',
);
const readlinkat = declare<(base: number, name: Buffer, target: Buffer, size: number) => number>(
	'ssize_t readlinkat(int base, const void *name, void *target, size_t size)',
);
const linkat = declare<(from: number, name: Buffer, to: number, newName: Buffer, flags: number) => number>(
	'int linkat(int from, const void *name, int to, const void *newName, int flags)',
);
const renameat = declare<(from: number, name: Buffer, to: number, newName: Buffer) => number>(
	'int renameat(int from, const void *name, int to, const void *newName)',
);
const fchownat = declare<(base: number, name: Buffer, uid: number, gid: number, flags: number) => number>(
	'int fchownat(int base, const void *name, uint32_t uid, uint32_t gid, int flags)',
);
const utimensat = declare<(base: number, name: Buffer, times: Buffer, flags: number) => number>(
	'int utimensat(int base, const void *name, const void *times, int flags)',
);
const fsetxattr = declare<(fd: number, name: Buffer, value: Buffer, size: number, flags: number) => number>(
	'int fsetxattr(int fd, const void *name, const void *value, size_t size, int flags)',
);

const getxattr = declare<(path: Buffer, name: Buffer, value: Buffer | null, size: number) => number>(
	'ssize_t lgetxattr(const void *path, const void *name, void *value, size_t size)',
);
const listxattr = declare<(path: Buffer, list: Buffer | null, size: number) => number>(
	'ssize_t llistxattr(const void *path, void *list, size_t size)',
);

/** A C string. A NUL inside would silently shorten it: that is refused. */
function cString(bytes: Buffer | string): Buffer {
	const name = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
	if (name.includes(0)) throw new TypeError('a file name cannot hold a NUL byte');
	return Buffer.concat([name, Buffer.alloc(1)]);
}

/**
 * openat2(2). A lookup that races with a rename is tried again.
 *
 * @param base descriptor of a directory; undefined: the working directory, for absolute paths
 * @returns a descriptor that is closed on exec
 * @throws SystemCallError ELOOP at a forbidden link, EXDEV where the path would leave the base
 */
export function openAt(base: number | undefined, path: Buffer | string, how: OpenHow): number {
	const options = Buffer.alloc(24);
	options.writeBigUInt64LE(BigInt(how.flags | O_CLOEXEC), 0);
	options.writeBigUInt64LE(BigInt(how.mode ?? 0), 8);
	options.writeBigUInt64LE(BigInt(how.resolve), 16);
	const name = cString(path);
	for (let attempt = 1; ; attempt += 1) {
		try {
			return checked('openat2', () => syscall(SYS_OPENAT2, base ?? AT_FDCWD, name, options, options.length));
		} catch (error) {
			if (attempt === 16 || !(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
		}
	}
}

/** A directory below another one, reached through directories only. */
export function openDirectoryAt(base: number, path: Buffer | string, resolve: number = 0): number {
	const flags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
	return openAt(base, path, { flags, resolve: resolve | RESOLVE.beneath | RESOLVE.noSymlinks });
}

/** The names in an open directory, as they are read: there may be millions. */
export async function* listDirectory(
	fd: number,
): AsyncGenerator<{ readonly name: Buffer; readonly directory: boolean }> {
	// Its types know names as text alone.
	const options = { encoding: 'buffer', bufferSize: CHUNK } as unknown as { bufferSize: number };
	for await (const entry of await opendir(`/proc/self/fd/${fd}`, options))
		yield { name: entry.name as unknown as Buffer, directory: entry.isDirectory() };
}

export function makeDirectoryAt(base: number, name: Buffer | string, mode: number): void {
	checked('mkdirat', () => mkdirat(base, cString(name), mode));
}

export function makeFifoAt(base: number, name: Buffer | string, mode: number): void {
	checked('mknodat', () => mknodat(base, cString(name), S_IFIFO | mode, 0));
}

/** What overlayfs takes for the removal of a file of the layers below: a character device with the numbers 0, 0. */
export function makeWhiteoutAt(base: number, name: Buffer | string): void {
	checked('mknodat', () => mknodat(base, cString(name), S_IFCHR, 0));
}

export function removeFileAt(base: number, name: Buffer | string): void {
	checked('unlinkat', () => unlinkat(base, cString(name), 0));
}

/** Fails with ENOTEMPTY when something is in it. */
export function removeDirectoryAt(base: number, name: Buffer | string): void {
	checked('unlinkat', () => unlinkat(base, cString(name), AT_REMOVEDIR));
}

/** The same while the main thread goes on: a journal that is being written holds up who changes a directory. */
export async function removeDirectoryInBackground(base: number, name: Buffer | string): Promise<void> {
	// Why it was refused is told to the other thread alone, so that it is tried again.
	if ((await unlinkatInBackground(base, cString(name), AT_REMOVEDIR)) !== 0) removeDirectoryAt(base, name);
}

export function makeSymlinkAt(base: number, name: Buffer | string, target: Buffer | string): void {
	checked('symlinkat', () => symlinkat(cString(target), base, cString(name)));
}

/** The target of a symbolic link. An empty name means the descriptor. */
export function readLinkAt({ base, name }: Place): Buffer {
	const target = Buffer.alloc(LONGEST_PATH);
	const length = checked('readlinkat', () => readlinkat(base, cString(name), target, target.length));
	return target.subarray(0, length);
}

export interface Place {
	readonly base: number;
	readonly name: Buffer | string;
}

/** A second name for a file; a symbolic link is not followed but gets the second name itself. */
export function linkAt(from: Place, to: Place): void {
	checked('linkat', () => linkat(from.base, cString(from.name), to.base, cString(to.name), 0));
}

export function renameAt(from: Place, to: Place): void {
	checked('renameat', () => renameat(from.base, cString(from.name), to.base, cString(to.name)));
}

/** Of the thing itself, also when it is a symbolic link. An empty name means the descriptor. */
export function changeOwnerAt({ base, name }: Place, uid: number, gid: number): void {
	checked('fchownat', () => fchownat(base, cString(name), uid, gid, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH));
}

/** @param seconds since 1970, both for access and modification; fractions count */
export function changeTimesAt({ base, name }: Place, seconds: number): void {
	const whole = Math.floor(seconds);
	const times = Buffer.alloc(32);
	for (const offset of [0, 16]) {
		times.writeBigInt64LE(BigInt(whole), offset);
		times.writeBigInt64LE(BigInt(Math.floor((seconds - whole) * 1e9)), offset + 8);
	}
	checked('utimensat', () => utimensat(base, cString(name), times, AT_SYMLINK_NOFOLLOW));
}

export function setAttribute(fd: number, name: string, value: Buffer): void {
	checked('fsetxattr', () => fsetxattr(fd, cString(name), value, value.length, 0));
}

/** Of the file itself, also when it is a link. @returns undefined where it has no such attribute */
export function getAttribute(path: Buffer | string, name: string): Buffer | undefined {
	const value = Buffer.alloc(64 * 1024);
	try {
		const size = checked('lgetxattr', () => getxattr(cString(path), cString(name), value, value.length));
		return Buffer.from(value.subarray(0, size));
	} catch (error) {
		if (error instanceof Error && 'code' in error && ['ENODATA', 'ENOTSUP', 'EOPNOTSUPP'].includes(String(error.code)))
			return undefined;
		throw error;
	}
}

/** Names of the attributes of the file itself, also when it is a link. */
export function listAttributes(path: Buffer | string): string[] {
	const list = Buffer.alloc(64 * 1024);
	const size = checked('llistxattr', () => listxattr(cString(path), list, list.length));
	return list
		.toString('utf8', 0, size)
		.split('\0')
		.filter((name) => name !== '');
}

/** Run with a descriptor that is closed afterwards, whatever happens. */
export function withDescriptor<T>(fd: number, run: (fd: number) => T): T {
	try {
		return run(fd);
	} finally {
		closeSync(fd);
	}
}
