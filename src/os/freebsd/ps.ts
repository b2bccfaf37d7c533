import type { ProcessRow } from '../process-row.ts';

/**
 * Processes by the number of their jail, of `ps -ax -o jid= -o state=`. Those count no more that have ended and wait for
 * their parent to hear of it (state `Z`).
 */
export function countProcesses(output: string): Map<number, number> {
	const counts = new Map<number, number>();
	for (const line of output.split('\n')) {
		const [, jid, state = ''] = /^\s*(\d+)\s+(\S+)/.exec(line) ?? [];
		if (jid === undefined || state.startsWith('Z')) continue;
		counts.set(Number(jid), (counts.get(Number(jid)) ?? 0) + 1);
	}
	return counts;
}

/** Columns for `parseProcesses`, as options of ps(1). */
export const PS_COLUMNS = ['pid', 'ppid', 'uid', 'state', 'time', 'rss', 'etimes', 'command'].flatMap((one) => [
	'-o',
	`${one}=`,
]);

/** Lines of `ps -ww` with `PS_COLUMNS`. */
export function parseProcesses(output: string): ProcessRow[] {
	return output.split('\n').flatMap((line) => {
		const [pid, parent, uid, state, time, rss, elapsed, ...command] = line.trim().split(/\s+/);
		if (elapsed === undefined || state === undefined) return [];
		return [
			{
				pid: Number(pid),
				parent: Number(parent),
				uid: Number(uid),
				state,
				cpu: secondsOf(time ?? ''),
				memory: Number(rss) * 1024,
				elapsed: Number(elapsed),
				command: command.join(' '),
			},
		];
	});
}

/** `[DAYS-][HOURS:]MINUTES:SECONDS[.HUNDREDTHS]` */
function secondsOf(text: string): number {
	const [, days = '0', rest = ''] = /^(?:(\d+)-)?(.*)$/.exec(text) ?? [];
	return rest.split(':').reduce((sum, part) => sum * 60 + Number(part), 0) + Number(days) * 86_400;
}
