import type { DiskUsage, SystemInfo } from '#api/activity/overview.ts';
import type { Action } from '../../invocation.ts';
import { renderJson } from '../../render/json.ts';
import { line, lines, terminalWidth } from '../../render/output.ts';
import { size } from '../../render/size.ts';
import { type Column, renderTable } from '../../render/table.ts';

export const info: Action<{ json?: boolean }> = async ({ options, client }) => {
	const answer = await client.system.info();
	if (options.json) line(renderJson(answer));
	else lines(describe(answer));
};

function describe(answer: SystemInfo): string[] {
	const { version, release, kernel, runtime, places, lacking } = answer;
	const rows = [
		['Daemon', `kleened ${version}`],
		['Host', `${release}, kernel ${kernel}`],
		['Runtime', runtime],
		['Containers', `${answer.containers} (${answer.running} running)`],
		['Images', `${answer.images}`],
		['Networks', `${answer.networks}`],
		['Volumes', `${answer.volumes}`],
		...Object.entries(places).map(([name, place]) => [`Storage of ${name}`, place] as const),
		...lacking.map((one) => ['Lacking', one] as const),
	] as const;
	const width = Math.max(...rows.map(([name]) => name.length)) + 1;
	return rows.map(([name, value]) => `${`${name}:`.padEnd(width)} ${value}`);
}

interface Sum {
	readonly kind: string;
	readonly count: number;
	readonly used: number;
	readonly bytes: number;
	readonly unusedBytes: number;
}

const SUMS: readonly Column<Sum>[] = [
	{ title: 'TYPE', cell: ({ kind }) => kind },
	{ title: 'TOTAL', cell: ({ count }) => String(count) },
	{ title: 'IN USE', cell: ({ used }) => String(used) },
	{ title: 'SIZE', cell: ({ bytes }) => size(bytes) },
	{ title: 'NOT IN USE', cell: ({ unusedBytes }) => size(unusedBytes) },
];

const OBJECTS: readonly Column<DiskUsage>[] = [
	{ title: 'TYPE', cell: ({ kind }) => kind },
	{ title: 'ID', cell: ({ id }) => id, shrinks: true },
	{ title: 'SIZE', cell: ({ bytes }) => size(bytes) },
	{ title: 'IN USE', cell: ({ used }) => (used ? 'yes' : 'no') },
];

export const diskUsage: Action<{ json?: boolean; verbose?: boolean }> = async ({ options, settings, client }) => {
	const all = await client.system.diskUsage();
	const style = { theme: settings.theme, width: terminalWidth() };
	if (options.json) line(renderJson(all));
	else if (options.verbose) lines(renderTable(OBJECTS, all, style));
	else lines(renderTable(SUMS, sumsOf(all), style));
};

const PLURALS: Readonly<Record<DiskUsage['kind'], string>> = {
	layer: 'layers',
	container: 'containers',
	volume: 'volumes',
	cache: 'build caches',
	lost: 'lost+found',
};

function sumsOf(all: readonly DiskUsage[]): Sum[] {
	const total = (some: readonly DiskUsage[]) => some.reduce((sum, { bytes }) => sum + bytes, 0);
	return (['layer', 'container', 'volume', 'cache', 'lost'] as const).map((kind) => {
		const [own, unused] = [all.filter((one) => one.kind === kind), all.filter((one) => one.kind === kind && !one.used)];
		const counts = { count: own.length, used: own.length - unused.length };
		return { kind: PLURALS[kind], ...counts, bytes: total(own), unusedBytes: total(unused) };
	});
}
