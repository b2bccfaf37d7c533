import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { declare } from './libc.ts';

const call = declare<(number: number, a: number, b: number, c: number, d: number) => number>(
	'long syscall(long number, long a, long b, long c, long d)',
);

/** Numbers that x86_64 and aarch64 share (include/uapi/asm-generic/unistd.h). */
const PIDFD_SEND_SIGNAL = 424;
const PIDFD_OPEN = 434;

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

/** Whether the host was started again since that process ran. */
export function isOfEarlierBoot(process: ProcessIdentity): boolean {
	return process.boot !== bootId();
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

/** Kills a process and, where it leads a process group, all of that. False when the process is gone. */
export function killWithGroup(leader: ProcessIdentity): boolean {
	// The number stays that of the group as long as the process is there.
	if (isAlive(leader) && groupOf(leader.pid) === leader.pid) killGroup(leader.pid);
	return signalProcess(leader, 'SIGKILL');
}

function killGroup(pid: number): void {
	try {
		process.kill(-pid, 'SIGKILL');
	} catch {
		// It ended.
	}
}

function groupOf(pid: number): number | undefined {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
		return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
	} catch {
		return undefined;
	}
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

/** Processes whose number is compared with what is known of them, each time that `gone` is called. */
const COMPARED = 32;

/**
 * Watches any number of processes without a descriptor for each. To ask whether there is a process of a number takes a
 * microsecond; whether it is a zombie, or another one that got the number, is found out of a few of them at a time.
 */
export class ProcessWatch {
	readonly #watched = new Map<string, ProcessIdentity>();
	/** Names that are to be compared before the others have their turn again. */
	#due: string[] = [];

	/** False when the process is gone already. A name is watched once. */
	add(name: string, process: ProcessIdentity): boolean {
		if (this.#watched.has(name)) return true;
		if (!isAlive(process)) return false;
		this.#watched.set(name, process);
		return true;
	}

	remove(name: string): void {
		this.#watched.delete(name);
	}

	/** Names of processes that ended, each until it is removed. */
	gone(): string[] {
		if (this.#due.length === 0) this.#due = [...this.#watched.keys()];
		const compared = new Set(this.#due.splice(0, COMPARED));
		const isGone = (name: string, process: ProcessIdentity) =>
			!hasNumber(process.pid) || (compared.has(name) && !isAlive(process));
		return [...this.#watched].filter(([name, process]) => isGone(name, process)).map(([name]) => name);
	}
}

function hasNumber(pid: number): boolean {
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
}
