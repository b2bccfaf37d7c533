/** mount(2), umount2(2) and what is mounted. */
import { closeSync, constants, lstatSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode } from '../errno.ts';
import { O_PATH } from './files/directory.ts';
import { checked, declare, declareInBackground } from './libc.ts';

const MS_PRIVATE = 1 << 18;
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;

const mountCall = declare<
	(source: string | null, target: string, type: string | null, flags: number, data: string | null) => number
>('int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)');
const UMOUNT = 'int umount2(const char *target, int flags)';
const umountCall = declare<(target: string, flags: number) => number>(UMOUNT);
const umountInBackground = declareInBackground<[target: string, flags: number]>(UMOUNT);

const chdir = declare<(path: string) => number>('int chdir(const char *path)');
const fchdir = declare<(fd: number) => number>('int fchdir(int fd)');

const statvfs = declare<(path: string, into: Buffer) => number>('int statvfs(const char *path, void *buf)');
/** Source: bits/statvfs.h. */
const STATVFS = { size: 112, flags: 72 } as const;
const SAFETY = { ro: 1, nosuid: 2, nodev: 4, noexec: 8 } as const;

/** Which of `ro`, `nosuid`, `nodev` and `noexec` hold where a path is mounted. @throws SystemCallError */
export function safetyOf(path: string): string[] {
	const into = Buffer.alloc(STATVFS.size);
	checked('statvfs', () => statvfs(path, into));
	const flags = into.readUInt32LE(STATVFS.flags);
	return Object.entries(SAFETY).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [name]));
}

export interface MountRequest {
	readonly type: string;
	/** Mount source; for file systems without a device any word, which listings show. */
	readonly source: string;
	readonly target: string;
	/** Options of the file system, comma separated. */
	readonly options: string;
	/** MS_ flags of mount(2), default 0. */
	readonly flags?: number;
	/** Absolute path of the directory that relative paths in the options start from. */
	readonly from?: string;
}

/**
 * Mount, and let nothing that is mounted inside spread to other mount namespaces.
 *
 * @throws SystemCallError
 */
export function mountPrivately({ type, source, target, options, flags = 0, from }: MountRequest): void {
	const mount = () => checked('mount', () => mountCall(source, target, type, flags, options));
	if (from === undefined) mount();
	else within(from, mount);
	try {
		checked('mount', () => mountCall(null, target, null, MS_PRIVATE, null));
	} catch (error) {
		unmountAll(target);
		throw error;
	}
}

/** Runs something with another working directory, which is that of all threads meanwhile: every other path is absolute. */
function within(directory: string, run: () => unknown): void {
	const before = openSync('.', O_PATH | constants.O_DIRECTORY);
	try {
		checked('chdir', () => chdir(directory));
		run();
	} finally {
		checked('fchdir', () => fchdir(before));
		closeSync(before);
	}
}

/**
 * Take away everything that is mounted on a path, one above the other. What a process still uses leaves the tree at
 * once and goes when it lets go. Nothing mounted, or no such path, is fine.
 */
export function unmountAll(target: string): void {
	for (;;) {
		try {
			unmountTop(target);
		} catch (error) {
			// EINVAL: not a mount point (any more).
			if (hasCode(error, 'EINVAL', 'ENOENT')) return;
			throw error;
		}
	}
}

/** The same while the main thread goes on: the kernel writes out what is not on the disk yet. */
export async function unmountAllInBackground(target: string): Promise<void> {
	while ((await umountInBackground(target, UMOUNT_NOFOLLOW)) === 0);
	// Why there was nothing more to be unmounted is told to this thread alone.
	unmountAll(target);
}

function unmountTop(target: string): void {
	try {
		checked('umount2', () => umountCall(target, UMOUNT_NOFOLLOW));
	} catch (error) {
		if (!hasCode(error, 'EBUSY')) throw error;
		checked('umount2', () => umountCall(target, UMOUNT_NOFOLLOW | MNT_DETACH));
	}
}

/**
 * Whether another file system begins at a directory. Costs two calls, however many mounts the host has; a bind mount
 * of the same file system is not seen.
 */
export function isMountPoint(path: string): boolean {
	try {
		return lstatSync(path).dev !== lstatSync(dirname(path)).dev;
	} catch (error) {
		if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
		throw error;
	}
}

export interface MountEntry {
	/** Absolute path in the mount namespace of this process. */
	readonly target: string;
	readonly type: string;
	readonly source: string;
	/** Options of the file system, in the kernel's order, e.g. `lowerdir` → `/a`. A word without value gives `''`. */
	readonly options: ReadonlyMap<string, string>;
	/** E.g. `shared:1`; none: private. */
	readonly propagation: readonly string[];
}

/** Everything that is mounted, the topmost of a stack last. */
export function listMounts(): MountEntry[] {
	return parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** The text of /proc/PID/mountinfo, see proc(5). */
export function parseMountInfo(text: string): MountEntry[] {
	return text
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => {
			const [before = '', after = ''] = line.split(' - ');
			const [, , , , target = '', , ...propagation] = before.split(' ');
			const [type = '', source = '', options = ''] = after.split(' ');
			return {
				target: unescapeOctal(target),
				type,
				source: unescapeOctal(source),
				options: parseOptions(options),
				propagation,
			};
		});
}

function parseOptions(text: string): Map<string, string> {
	const options = text.split(',').map((option): [string, string] => {
		const equals = option.indexOf('=');
		return equals === -1 ? [option, ''] : [option.slice(0, equals), unescapeOctal(option.slice(equals + 1))];
	});
	return new Map(options);
}

/** Space, tab, newline, backslash and what else could be mistaken are written as three octal digits of a byte. */
function unescapeOctal(text: string): string {
	if (!text.includes('\\')) return text;
	const bytes = Buffer.from(text).toString('latin1');
	const plain = bytes.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
	return Buffer.from(plain, 'latin1').toString('utf8');
}
