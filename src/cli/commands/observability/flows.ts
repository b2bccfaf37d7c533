import type { RefusalLine } from '#api/observability/refusals.ts';
import type { Flow, FlowEnd, FlowLine } from '#api/observability/traffic.ts';
import type { Action } from '../../invocation.ts';
import { renderJson } from '../../render/json.ts';
import { bytes, line, lines, terminalWidth, warn, whenWritable } from '../../render/output.ts';
import { size } from '../../render/size.ts';
import { type Column, renderTable } from '../../render/table.ts';

export interface FlowsOptions {
	readonly json?: boolean;
	readonly follow?: boolean;
	readonly refused?: boolean;
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
	if (options.refused) {
		await client.observability.followRefused(args, (change) => write(options.json, change, describeRefused));
		return;
	}
	if (options.follow) {
		await client.observability.followFlows(args, (change) => write(options.json, change, describe));
		return;
	}
	const found = await client.observability.flows(args);
	if (options.json) line(renderJson(found));
	else lines(renderTable(COLUMNS, found, { theme: settings.theme, width: terminalWidth() }));
};

/** Writes a line of the stream as it came, or for people. */
async function write<T>(json: boolean | undefined, line: T, describeLine: (line: T) => string | undefined) {
	const text = json ? JSON.stringify(line) : describeLine(line);
	if (text !== undefined && !bytes('stdout', Buffer.from(`${text}\n`))) await whenWritable();
}

/** Two lines for people: the packet with the rule, and the change that would allow it. */
function describeRefused(news: RefusalLine): string | undefined {
	switch (news.type) {
		case 'ready':
			return undefined;
		case 'missed':
			warn('more packets were refused than could be shown');
			return undefined;
		case 'unshown':
			warn(`${news.packets} more packets refused (${news.reason}), not shown one by one`);
			return undefined;
		case 'refused': {
			const { time, packets, verdict, reason, rule, change, protocol, source, target } = news.refusal;
			const told = verdict === 'reject' ? 'rejected' : 'dropped';
			const many = packets > 1 ? ` (${packets} packets)` : '';
			const clock = time.slice(11, 19);
			return `${clock} ${told} ${protocol} ${endOf(source)} → ${endOf(target)}${many}  ${reason}: ${rule}\n         to allow it: ${change}`;
		}
	}
}

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
