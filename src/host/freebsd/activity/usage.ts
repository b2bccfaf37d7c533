import type { ContainerUsage, NetworkCounters, UsageRequest } from '#model/activity/usage.ts';
import { type InterfaceCounters, parseCounters } from '#os/freebsd/interface-counters.ts';
import { PS_COLUMNS, parseProcesses } from '#os/freebsd/ps.ts';
import { lines, sh } from '#os/shell/quote.ts';
import type { Section } from '../section.ts';

export const countersSection: Section<ReadonlyMap<string, InterfaceCounters>> = {
	script: sh`netstat --libxo json -ibn`,
	parse: parseCounters,
};

type Measured = Pick<ContainerUsage, 'cpu' | 'memory' | 'processes'>;

/**
 * By rctl(8) where the kernel counts (`kern.racct.enable=1`), otherwise the sums over the processes that there are now.
 * Undefined when the jail is gone.
 */
export function usageSection(container: string): Section<Measured | undefined> {
	return {
		script: lines(
			sh`jls -j ${container} jid >/dev/null 2>&1 || exit 0`,
			sh`rctl -u ${`jail:${container}`} 2>/dev/null | grep -E ${'^(cputime|memoryuse|maxproc)='} || :`,
			sh`echo --`,
			sh`ps -ww -J ${container} ${PS_COLUMNS} 2>/dev/null || :`,
		),
		parse: (output) => {
			if (output.trim() === '') return undefined;
			const [counted = '', listed = ''] = output.split(/^--$/m);
			const rows = parseProcesses(listed);
			const sum = (key: 'cpu' | 'memory') => rows.reduce((total, row) => total + row[key], 0);
			const value = (name: string) => {
				const digits = new RegExp(`^${name}=(\\d+)$`, 'm').exec(counted)?.[1];
				return digits === undefined ? undefined : Number(digits);
			};
			return {
				cpu: (value('cputime') ?? sum('cpu')) * 1e9,
				memory: value('memoryuse') ?? sum('memory'),
				processes: value('maxproc') ?? rows.length,
			};
		},
	};
}

export function usageOf(
	{ container, ownStack, cables }: UsageRequest,
	measured: Measured,
	counters: ReadonlyMap<string, InterfaceCounters>,
): ContainerUsage {
	const ends = cables.flatMap((cable) => counters.get(cable) ?? []);
	const sum = (key: keyof InterfaceCounters) => ends.reduce((total, end) => total + end[key], 0);
	// What the end on the host receives, the container has sent.
	const network: NetworkCounters = {
		receivedBytes: sum('sentBytes'),
		receivedPackets: sum('sentPackets'),
		sentBytes: sum('receivedBytes'),
		sentPackets: sum('receivedPackets'),
	};
	const counted = ownStack && cables.length > 0;
	return { container, ...measured, memoryLimit: undefined, network: counted ? network : undefined };
}
