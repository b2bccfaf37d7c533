import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerUsage } from '#api/activity/processes.ts';
import type { Action } from '../../invocation.ts';
import { renderJson } from '../../render/json.ts';
import { frame, line, lines, terminalWidth } from '../../render/output.ts';
import { size } from '../../render/size.ts';
import { type Column, renderTable } from '../../render/table.ts';

export interface StatsOptions {
	readonly stream: boolean;
	readonly json?: boolean;
}

/** Milliseconds between two measurements. */
const INTERVAL = 1000;
/** The same for the first two. */
const SHORT_INTERVAL = 300;

/** `cpu_percent`: of one processor, since the measurement before; null for the first. */
type Row = ContainerUsage & { readonly cpu_percent: number | null };

const COLUMNS: readonly Column<Row>[] = [
	{ title: 'CONTAINER ID', cell: ({ container_id }) => container_id },
	{ title: 'NAME', cell: ({ name }) => name, shrinks: true },
	{ title: 'CPU', cell: ({ cpu_percent }) => (cpu_percent === null ? '' : `${cpu_percent.toFixed(1)} %`) },
	{ title: 'MEMORY', cell: memory },
	{ title: 'PROCESSES', cell: ({ processes }) => String(processes ?? '') },
	{ title: 'RECEIVED', cell: ({ network }) => traffic(network?.received_bytes, network?.received_packets) },
	{ title: 'SENT', cell: ({ network }) => traffic(network?.sent_bytes, network?.sent_packets) },
];

function memory({ memory_bytes, memory_limit_bytes }: Row): string {
	if (memory_bytes === null) return '';
	return memory_limit_bytes === null ? size(memory_bytes) : `${size(memory_bytes)} of ${size(memory_limit_bytes)}`;
}

function traffic(bytes: number | undefined, packets: number | undefined): string {
	return bytes === undefined ? '' : `${size(bytes)} (${packets} packets)`;
}

export const stats: Action<StatsOptions> = async ({ args, options, settings, client }) => {
	let before = await client.activity.usage(args);
	await sleep(SHORT_INTERVAL);
	for (;;) {
		const now = await client.activity.usage(args);
		const rows = now.map((usage) => ({ ...usage, cpu_percent: percent(before, usage) }));
		const table = () => renderTable(COLUMNS, rows, { theme: settings.theme, width: terminalWidth() });
		if (options.json) line(options.stream ? JSON.stringify(rows) : renderJson(rows));
		else if (options.stream) frame(table());
		else lines(table());
		if (!options.stream) return;
		before = now;
		await sleep(INTERVAL);
	}
};

function percent(before: readonly ContainerUsage[], now: ContainerUsage): number | null {
	const earlier = before.find(({ container_id }) => container_id === now.container_id);
	if (earlier?.cpu_nanoseconds == null || now.cpu_nanoseconds === null) return null;
	const milliseconds = Date.parse(now.at) - Date.parse(earlier.at);
	const used = (now.cpu_nanoseconds - earlier.cpu_nanoseconds) / 1e6;
	// Less than before: it was started again.
	return milliseconds > 0 && used >= 0 ? Math.round((used / milliseconds) * 1000) / 10 : null;
}
