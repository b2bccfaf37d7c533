/** Processes of the host that are known by a word of their command line: one that no other process has. */

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '#os/errno.ts';

/** Milliseconds for giving a lease back, and between looks. */
const GRACE = 2000;
const LOOK = 10;

/** @param word an argument, whole @returns pids */
export function processesWith(word: string): number[] {
	const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
	return pids.filter((pid) => argumentsOf(pid).includes(word)).map(Number);
}

/** Ends them, by force after two seconds. Safe to repeat. */
export async function endProcesses(word: string): Promise<void> {
	const begun = performance.now();
	for (let pids = processesWith(word), asked = false; pids.length > 0; pids = processesWith(word)) {
		const late = performance.now() - begun > GRACE;
		if (!asked || late) for (const pid of pids) signal(pid, late ? 'SIGKILL' : 'SIGTERM');
		asked = true;
		await sleep(LOOK);
	}
}

function signal(pid: number, name: NodeJS.Signals): void {
	try {
		process.kill(pid, name);
	} catch (error) {
		if (!hasCode(error, 'ESRCH')) throw error;
	}
}

function argumentsOf(pid: string): string[] {
	try {
		return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
	} catch (error) {
		if (hasCode(error, 'ENOENT', 'ESRCH')) return [];
		throw error;
	}
}
