/**
 * Network namespaces. A thread is in one namespace; these functions take the main thread into another one and back
 * within one synchronous call. Nothing may be awaited in between: the whole daemon would go on in the wrong place, and
 * a pool thread that libuv starts meanwhile would stay there for good.
 */
import { closeSync, fstatSync, openSync, statSync, writeSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { hasCode } from '../errno.ts';
import { checked, declare } from './libc.ts';

const CLONE_NEWNET = 0x4000_0000;
const F_DUPFD_CLOEXEC = 1030;
/** Libraries that wait with select(2), libnftables among them, can use no descriptor from this number on. */
const FD_SETSIZE = 1024;
const OWN = '/proc/thread-self/ns/net';
/** Source: linux/nsfs.h. */
const NS_GET_USERNS = 0xb701;

const unshare = declare<(flags: number) => number>('int unshare(int flags)');
const setns = declare<(fd: number, kind: number) => number>('int setns(int fd, int nstype)');
const fcntl = declare<(fd: number, command: number, type: 'int', value: number) => number>(
	'int fcntl(int fd, int command, ...)',
);

const ioctl = declare<(fd: number, request: number) => number>('int ioctl(int fd, unsigned long request, ...)');

/** Current namespace of the thread, so that calls can be nested. */
let current: number | undefined;

function here(): number {
	current ??= openSync(OWN, 'r');
	return current;
}

/**
 * As a descriptor that the caller closes, and that is closed on exec.
 *
 * @param nameOrPath a path, or a name as `ip netns` knows it
 */
export function openNamespace(nameOrPath: string): number {
	return openSync(isAbsolute(nameOrPath) ? nameOrPath : `/run/netns/${nameOrPath}`, 'r');
}

/** The namespace of a running process. Throws ENOENT when there is no such process. */
export function openNamespaceOf(pid: number): number {
	return putAside(openSync(`/proc/${pid}/ns/net`, 'r'));
}

/** There may be thousands of these, so they leave the low numbers to those who can use no others. */
function putAside(fd: number): number {
	try {
		const high = checked('fcntl', () => fcntl(fd, F_DUPFD_CLOEXEC, 'int', FD_SETSIZE));
		closeSync(fd);
		return high;
	} catch (error) {
		// This process may not have as many descriptors, so it cannot come that far either.
		if (hasCode(error, 'EINVAL', 'EMFILE')) return fd;
		closeSync(fd);
		throw error;
	}
}

export function closeNamespace(fd: number): void {
	closeSync(fd);
}

export function isSameNamespace(one: number, other: number): boolean {
	const [a, b] = [fstatSync(one), fstatSync(other)];
	return a.dev === b.dev && a.ino === b.ino;
}

/** What tells an open namespace from all others while it is open. */
export function inodeOf(fd: number): number {
	return fstatSync(fd).ino;
}

/** The user namespace that a namespace belongs to, which the caller closes; undefined: the one of this process. */
export function openOwnerOf(fd: number): number | undefined {
	const owner = putAside(checked('ioctl', () => ioctl(fd, NS_GET_USERNS)));
	if (inodeOf(owner) !== statSync('/proc/self/ns/user').ino) return owner;
	closeSync(owner);
	return undefined;
}

/**
 * A fresh namespace that lives as long as its descriptor is open or a process is in it. It has no name and no mount,
 * so a daemon that is killed leaves nothing behind.
 *
 * @param prepare run inside before the thread comes back
 */
export function createNamespace(prepare?: () => void): number {
	const back = here();
	checked('unshare', () => unshare(CLONE_NEWNET));
	let fd: number | undefined;
	try {
		fd = putAside(openSync(OWN, 'r'));
		current = fd;
		prepare?.();
		return fd;
	} catch (error) {
		if (fd !== undefined) closeSync(fd);
		throw error;
	} finally {
		comeBack(back);
	}
}

/**
 * Run something inside a namespace. Files below /proc/sys/net and new sockets belong to it.
 *
 * @param run synchronous; a promise is refused because its rest would run outside
 */
export function within<T>(fd: number, run: () => T): T {
	const back = here();
	checked('setns', () => setns(fd, CLONE_NEWNET));
	let result: T;
	try {
		current = fd;
		result = run();
	} finally {
		comeBack(back);
	}
	if (result instanceof Promise) throw new TypeError('within() runs synchronous functions only');
	return result;
}

/** A daemon in the wrong namespace would build the next network inside a container: rather die. */
function comeBack(fd: number): void {
	try {
		checked('setns', () => setns(fd, CLONE_NEWNET));
		current = fd;
	} catch (error) {
		writeSync(2, `cannot return to the network namespace of the host: ${String(error)}\n`);
		process.abort();
	}
}
