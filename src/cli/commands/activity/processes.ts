import type { ContainerProcess } from '#api/activity/processes.ts';
import { type Action, each } from '../../invocation.ts';
import { renderJson } from '../../render/json.ts';
import { line, lines, terminalWidth } from '../../render/output.ts';
import { clock, size } from '../../render/size.ts';
import { type Column, renderTable } from '../../render/table.ts';

const COLUMNS: readonly Column<ContainerProcess>[] = [
	{ title: 'PID', cell: ({ pid }) => String(pid) },
	{ title: 'PARENT', cell: ({ parent }) => String(parent) },
	{ title: 'HOST PID', cell: ({ host_pid }) => String(host_pid) },
	{ title: 'UID', cell: ({ uid }) => String(uid) },
	{ title: 'STATE', cell: ({ state }) => state },
	{ title: 'CPU TIME', cell: ({ cpu_seconds }) => clock(cpu_seconds) },
	{ title: 'MEMORY', cell: ({ memory_bytes }) => size(memory_bytes) },
	{ title: 'ELAPSED', cell: ({ elapsed_seconds }) => clock(elapsed_seconds) },
	{ title: 'COMMAND', cell: ({ command }) => command, shrinks: true },
];

export const top: Action<{ json?: boolean }> = async ({ args: [container = ''], options, settings, client }) => {
	const processes = await client.activity.processes(container);
	if (options.json) line(renderJson(processes));
	else lines(renderTable(COLUMNS, processes, { theme: settings.theme, width: terminalWidth() }));
};

export const kill: Action<{ signal: string }> = ({ args, options, client }) =>
	each(args, async (container) => line(await client.activity.kill(container, options.signal)));
