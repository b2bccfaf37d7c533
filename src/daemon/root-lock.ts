import { closeSync, constants, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exhaustedResource, refuseExhausted } from '#errors/exhaustion.ts';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';

/** As many characters as the longest process id has: written over, the file needs no more room than it has. */
const WIDTH = 10;

/**
 * Two daemons on one root would undo each other's work. The lock ends with the process, also where nobody has asked yet
 * how that ended; the process id in the file is for people.
 *
 * @param tryLock takes the lock of a file; see os/file-lock.ts
 * @returns a function that gives the root free
 */
export function lockRoot(root: string, tryLock: (fd: number) => boolean): () => void {
	const file = join(root, 'kleened.pid');
	const fd = open(root, file);
	if (!tryLock(fd)) {
		closeSync(fd);
		throw inUse(root, readFileSync(file, 'utf8').trim());
	}
	try {
		writeSync(fd, `${String(process.pid).padEnd(WIDTH)}\n`, 0);
	} catch {
		// There is no room left: the lock holds without it.
	}
	return () => closeSync(fd);
}

function open(root: string, file: string): number {
	try {
		makeDirectories(root);
		return openSync(file, constants.O_RDWR | constants.O_CREAT, 0o644);
	} catch (error) {
		throw unusable(root, error);
	}
}

/** Not by `recursive`: Node then says ENOENT where a file system is read-only. */
function makeDirectories(path: string): void {
	if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
	if (dirname(path) !== path) makeDirectories(dirname(path));
	mkdirSync(path, { mode: 0o711 });
}

const REASONS: Readonly<Record<string, string>> = {
	EROFS: 'its file system is read-only',
	ENOTDIR: 'it is not a directory',
	EEXIST: 'it is not a directory',
	ENOSPC: 'its file system is full',
	EACCES: 'this process may not write to it',
};

function unusable(root: string, error: unknown): unknown {
	const what = `cannot use the root directory ${root}`;
	const { code = '' } = error as NodeJS.ErrnoException;
	if (!(code in REASONS) && exhaustedResource(error) !== undefined) return refuseExhausted(what, error);
	const hint =
		code === 'ENOSPC'
			? 'free some space on it'
			: 'name a directory with --root that kleened can write to, or make this one so';
	return new KleeneError({
		code: 'CONFIG_INVALID',
		what,
		why: REASONS[code] ?? messageOf(error),
		hint,
		cause: error,
	});
}

function inUse(root: string, pid: string): KleeneError {
	return new KleeneError({
		code: 'CONFIG_INVALID',
		what: `cannot use the root directory ${root}`,
		why: `another kleened${pid === '' ? '' : ` (process ${pid})`} uses it`,
		hint: 'stop that one first, or choose another --root',
	});
}
