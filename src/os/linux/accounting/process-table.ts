/** Processes as proc(5) shows them. */
import { readFileSync } from 'node:fs';
import type { ProcessRow } from '../../process-row.ts';

/** Clock ticks per second (USER_HZ), and the size of a page, which files of proc(5) count in. */
const TICKS = 100;

/** `command` is the name in brackets where a process has no command line. */
export interface NumberedProcess extends ProcessRow {
	readonly hostPid: number;
}

/** Longest command line that is read. Bytes. */
const LONGEST_COMMAND = 4096;

/** @returns undefined when it is gone */
export function describeProcess(hostPid: number): NumberedProcess | undefined {
	try {
		const stat = readFileSync(`/proc/${hostPid}/stat`, 'utf8');
		const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
		// Field 3 of proc(5) is the first one.
		const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
		const status = readFileSync(`/proc/${hostPid}/status`, 'utf8');
		const uptime = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);
		const value = (key: string) => new RegExp(`^${key}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '';
		return {
			hostPid,
			pid: Number(value('NSpid').split(/\s+/).at(-1)) || hostPid,
			parent: Number(fields[1]),
			uid: Number(value('Uid').split(/\s+/)[0]),
			state: fields[0] ?? '?',
			cpu: (Number(fields[11]) + Number(fields[12])) / TICKS,
			memory: (Number.parseInt(value('VmRSS'), 10) || 0) * 1024,
			elapsed: Math.max(0, Math.round(100 * uptime - Number(fields[19])) / 100),
			command: commandOf(hostPid) || `[${name}]`,
		};
	} catch {
		return undefined;
	}
}

function commandOf(pid: number): string {
	return readFileSync(`/proc/${pid}/cmdline`)
		.subarray(0, LONGEST_COMMAND)
		.toString('utf8')
		.replace(/\0+$/, '')
		.replaceAll('\0', ' ');
}

export interface InterfaceCounters {
	readonly name: string;
	readonly receivedBytes: number;
	readonly receivedPackets: number;
	readonly sentBytes: number;
	readonly sentPackets: number;
}

/** Counters of the interfaces in the network namespace of a process. Empty when it is gone. */
export function interfaceCounters(pid: number): InterfaceCounters[] {
	let text = '';
	try {
		text = readFileSync(`/proc/${pid}/net/dev`, 'utf8');
	} catch {
		return [];
	}
	return text.split('\n').flatMap((line) => {
		const [, name, counters] = /^\s*(\S+):\s*(.*)$/.exec(line) ?? [];
		if (name === undefined || counters === undefined) return [];
		const [receivedBytes = 0, receivedPackets = 0, , , , , , , sentBytes = 0, sentPackets = 0] = counters
			.split(/\s+/)
			.map(Number);
		return [{ name, receivedBytes, receivedPackets, sentBytes, sentPackets }];
	});
}
