import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { checked, declare } from './libc.ts';

const call = declare<(number: number, a: number, b: number, c: number, d: number) => number>(
	'long syscall(long number, long a, long b, long c, long d)',
);
const epollCreate = declare<(flags: number) => number>('int epoll_create1(int flags)');
const epollControl = declare<(epoll: number, operation: number, fd: number, event: Buffer) => number>(
	'int epoll_ctl(int epoll, int operation, int fd, void *event)',
);
const epollWait = declare<(epoll: number, events: Buffer, size: number, timeout: number) => number>(
	'int epoll_wait(int epoll, void *events, int size, int timeout)',
);

/** Numbers that x86_64 and aarch64 share (include/uapi/asm-generic/unistd.h). */
const PIDFD_SEND_SIGNAL = 424;
const PIDFD_OPEN = 434;
const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_ADD = 1;
const EPOLL_DELETE = 2;
const EPOLLIN = 1;
/** `struct epoll_event` is packed on x86_64 alone. */
const EVENT = process.arch === 'x64' ? { size: 12, data: 4 } : { size: 16, data: 8 };

/** A process that no other one can be taken for: `start` is in clock ticks after the boot named by `boot`. */
export interface ProcessIdentity {
	readonly pid: number;
	readonly start: string;
	readonly boot: string;
}

let boot: string | undefined;

function bootId(): string {
	boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
	return boot;
}

/** Undefined when there is no such process, or only its zombie. */
export function identify(pid: number): ProcessIdentity | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		// The name, field 2, may hold anything, parentheses too; fields after it are counted from its end.
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
		return { pid, start: fields[19]!, boot: bootId() };
	} catch {
		return undefined;
	}
}

export function isAlive(process: ProcessIdentity): boolean {
	const now = identify(process.pid);
	return now !== undefined && now.start === process.start && now.boot === process.boot;
}

/** A descriptor that means this process for ever, whatever becomes of its number; undefined when it is gone. */
function openProcess(process: ProcessIdentity): number | undefined {
	const fd = Number(call(PIDFD_OPEN, process.pid, 0, 0, 0));
	if (fd < 0) return undefined;
	// The number may have been given anew before it was opened, never after.
	if (isAlive(process)) return fd;
	closeSync(fd);
	return undefined;
}

/** False when the process is gone. Never signals another one that got its number. */
export function signalProcess(process: ProcessIdentity, signal: NodeJS.Signals): boolean {
	const fd = openProcess(process);
	if (fd === undefined) return false;
	const result = Number(call(PIDFD_SEND_SIGNAL, fd, constants.signals[signal], 0, 0));
	closeSync(fd);
	return result === 0;
}

/** Children that the process made or inherited. Empty when it is gone. */
export function childrenOf(pid: number): number[] {
	try {
		const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
		return list.split(' ').filter(Boolean).map(Number);
	} catch {
		return [];
	}
}

/** Whether it has any, however many. */
export function hasChildren(pid: number): boolean {
	try {
		const list = openSync(`/proc/${pid}/task/${pid}/children`, 'r');
		try {
			return readSync(list, Buffer.alloc(1)) > 0;
		} finally {
			closeSync(list);
		}
	} catch {
		return false;
	}
}

/** Parent of a process, and the number that it has in its innermost pid namespace; undefined when it is gone. */
export function familyOf(pid: number): { readonly parent: number; readonly innerPid: number } | undefined {
	try {
		const status = readFileSync(`/proc/${pid}/status`, 'utf8');
		const parent = /^PPid:\s*(\d+)$/m.exec(status)?.[1];
		const inner = /^NSpid:.*?(\d+)\s*$/m.exec(status)?.[1];
		return { parent: Number(parent), innerPid: Number(inner) };
	} catch {
		return undefined;
	}
}

/** Any number of processes; asking which of them are gone is one system call. */
export class ProcessWatch {
	readonly #epoll = checked('epoll_create1', () => epollCreate(EPOLL_CLOEXEC));
	readonly #names = new Map<number, string>();
	readonly #fds = new Map<string, number>();

	/** False when the process is gone already. A name is watched once. */
	add(name: string, process: ProcessIdentity): boolean {
		if (this.#fds.has(name)) return true;
		const fd = openProcess(process);
		if (fd === undefined) return false;
		const event = Buffer.alloc(EVENT.size);
		event.writeUInt32LE(EPOLLIN);
		event.writeUInt32LE(fd, EVENT.data);
		checked('epoll_ctl', () => epollControl(this.#epoll, EPOLL_ADD, fd, event));
		this.#names.set(fd, name);
		this.#fds.set(name, fd);
		return true;
	}

	remove(name: string): void {
		const fd = this.#fds.get(name);
		if (fd === undefined) return;
		epollControl(this.#epoll, EPOLL_DELETE, fd, Buffer.alloc(EVENT.size));
		closeSync(fd);
		this.#names.delete(fd);
		this.#fds.delete(name);
	}

	/** Names of up to 64 processes that ended, each until it is removed. */
	gone(): string[] {
		const events = Buffer.alloc(EVENT.size * 64);
		const count = epollWait(this.#epoll, events, 64, 0);
		const names: string[] = [];
		for (let i = 0; i < count; i++) {
			const name = this.#names.get(events.readUInt32LE(i * EVENT.size + EVENT.data));
			if (name !== undefined) names.push(name);
		}
		return names;
	}

	close(): void {
		for (const name of [...this.#fds.keys()]) this.remove(name);
		closeSync(this.#epoll);
	}
}
