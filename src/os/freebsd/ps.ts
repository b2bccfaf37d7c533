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
