import type { Flow, FlowEnd, FlowLine } from '#api/observability/traffic.ts';
import type { Action } from '../../invocation.ts';
import { renderJson } from '../../render/json.ts';
import { bytes, line, lines, terminalWidth, warn, whenWritable } from '../../render/output.ts';
import { size } from '../../render/size.ts';
import { type Column, renderTable } from '../../render/table.ts';

export interface FlowsOptions {
	readonly json?: boolean;
	readonly follow?: boolean;
}

const COLUMNS: readonly Column<Flow>[] = [
	{ title: 'PROTOCOL', cell: ({ protocol }) => protocol },
	{ title: 'FROM', cell: ({ source }) => endOf(source), shrinks: true },
	{ title: 'TO', cell: ({ target }) => endOf(target), shrinks: true },
	{ title: 'BY', cell: byWay, shrinks: true },
	{ title: 'STATE', cell: ({ state }) => state },
	{ title: 'SENT', cell: ({ sent }) => countOf(sent) },
	{ title: 'RECEIVED', cell: ({ received }) => countOf(received) },
];

/** E.g. `web 10.4.6.2:80`. */
function endOf({ kind, address, port, container }: FlowEnd): string {
	const place = port === 0 ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
	return `${container?.name ?? kind} ${place}`;
}

/** Translations on the way: the published port that the source wrote, the address that the target sees. */
function byWay({ source, target, destination, sender }: Flow): string {
	const differ = (one: { address: string; port: number }, other: { address: string; port: number }) =>
		one.address !== other.address || one.port !== other.port;
	return [
		...(differ(destination, target) ? [`port ${destination.port} of ${destination.address}`] : []),
		...(differ(sender, source) ? [`as ${sender.address}`] : []),
	].join(', ');
}

function countOf(count: Flow['sent']): string {
	return count === null ? '' : `${size(count.bytes)} (${count.packets})`;
}

export const flows: Action<FlowsOptions> = async ({ args, options, settings, client }) => {
	if (options.follow) {
		await client.observability.followFlows(args, async (change) => {
			const text = options.json ? JSON.stringify(change) : describe(change);
			if (text !== undefined && !bytes('stdout', Buffer.from(`${text}\n`))) await whenWritable();
		});
		return;
	}
	const found = await client.observability.flows(args);
	if (options.json) line(renderJson(found));
	else lines(renderTable(COLUMNS, found, { theme: settings.theme, width: terminalWidth() }));
};

/** A line for people: without changes of state. */
function describe(change: FlowLine): string | undefined {
	if (change.type === 'missed') {
		warn('more happened than could be shown; the flows that are there follow');
		return undefined;
	}
	if (change.type === 'changed') return undefined;
	const { flow, type } = change;
	const { protocol, source, target, sent, received } = flow;
	const way = byWay(flow);
	const counts = type === 'ended' && sent && received ? `, sent ${countOf(sent)}, received ${countOf(received)}` : '';
	return `${type.padEnd(7)} ${protocol} ${endOf(source)} → ${endOf(target)}${way === '' ? '' : ` (${way})`}${counts}`;
}
