import type { ContainerProcess } from '#model/activity/process.ts';
import { PS_COLUMNS, parseProcesses } from '#os/freebsd/ps.ts';
import { sh } from '#os/shell/quote.ts';
import type { Section } from '../section.ts';

/** ps(1) ends with 1 where there is none. */
export function processesSection(container: string): Section<ContainerProcess[]> {
	return {
		script: sh`ps -ww -J ${container} ${PS_COLUMNS} 2>/dev/null || :`,
		parse: (output) => {
			const rows = parseProcesses(output);
			const inside = new Set(rows.map(({ pid }) => pid));
			// Processes in jails have the numbers that they have on the host.
			return rows.map((row) => ({ ...row, hostPid: row.pid, parent: inside.has(row.parent) ? row.parent : 0 }));
		},
	};
}

/** @param directory of the run. `pkill -F -j` signals the one process, and only if it is in the jail. */
export function signalSection(directory: string, container: string, signal: NodeJS.Signals): Section<boolean> {
	const flag = `-${signal.slice('SIG'.length)}`;
	return {
		script: sh`[ -e ${directory}/code ] || ! pkill ${flag} -j ${container} -F ${directory}/pid 2>/dev/null || echo told`,
		parse: (output) => output.trim() === 'told',
	};
}
