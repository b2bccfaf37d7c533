import type { Flow, FlowEnd, FlowLine } from '#api/observability/traffic.ts';

/** A flow as it was last seen. */
export interface Row {
	readonly flow: Flow;
	/** Number of the flow in the order of their coming. */
	readonly order: number;
	/** When it ended, in milliseconds; undefined while it is there. */
	readonly ended: number | undefined;
}

/** How long flows stay in the table after their end: milliseconds, and how many at most. */
const KEPT = { milliseconds: 10_000, rows: 1000 };

/** Flows by id: those that are there, and those that ended a moment ago. */
export class FlowTable {
	readonly #rows = new Map<string, Row>();
	#last = 0;

	/** @param now milliseconds */
	apply(lines: readonly FlowLine[], now: number): void {
		for (const line of lines) {
			if (line.type === 'missed') this.clear();
			else this.#set(line.flow, line.type === 'ended' ? now : undefined);
		}
	}

	/** All flows that are there, with what they have sent by now. */
	refresh(flows: readonly Flow[], now: number): void {
		const present = new Set(flows.map(({ id }) => id));
		for (const flow of flows) this.#set(flow, undefined);
		for (const { flow, ended } of this.#rows.values())
			if (ended === undefined && !present.has(flow.id)) this.#set(flow, now);
		this.#forget(now);
	}

	clear(): void {
		this.#rows.clear();
	}

	get rows(): readonly Row[] {
		return [...this.#rows.values()];
	}

	#set(flow: Flow, ended: number | undefined): void {
		const order = this.#rows.get(flow.id)?.order ?? this.#last++;
		this.#rows.set(flow.id, { flow, order, ended });
	}

	#forget(now: number): void {
		const gone = [...this.#rows.values()].filter(({ ended }) => ended !== undefined);
		const late = gone.sort((one, other) => (other.ended ?? 0) - (one.ended ?? 0)).slice(KEPT.rows);
		for (const { flow } of late) this.#rows.delete(flow.id);
		for (const { flow, ended } of gone)
			if (ended !== undefined && now - ended > KEPT.milliseconds) this.#rows.delete(flow.id);
	}
}

export interface Filter {
	/** Words that are all in a row; upper and lower case are the same. */
	readonly text: string;
	/** '': all. */
	readonly protocol: string;
	readonly order: 'newest' | 'most';
}

/** Rows that a filter leaves, in its order. */
export function filtered(rows: readonly Row[], { text, protocol, order }: Filter): Row[] {
	const words = text.toLowerCase().split(/\s+/);
	const left = rows.filter(({ flow }) => {
		if (protocol !== '' && flow.protocol !== protocol) return false;
		const said = text === '' ? '' : wordsOf(flow);
		return words.every((word) => said.includes(word));
	});
	const rank = order === 'newest' ? (row: Row) => row.order : ({ flow }: Row) => bytesOf(flow);
	return left.sort((one, other) => rank(other) - rank(one));
}

const bytesOf = ({ sent, received }: Flow) => (sent?.bytes ?? 0) + (received?.bytes ?? 0);

function wordsOf(flow: Flow): string {
	const { protocol, state, source, target } = flow;
	const ends = [source, target].flatMap((end) => [nameOf(end), placeOf(end), end.network?.name ?? '']);
	return [protocol, state, ...ends, wayOf(flow)].join(' ').toLowerCase();
}

export function nameOf({ container, kind }: FlowEnd): string {
	return container?.name ?? kind;
}

/** Address and port, e.g. `10.4.6.2:80` or `[fd00::2]:80`. */
export function placeOf({ address, port }: { readonly address: string; readonly port: number }): string {
	if (port === 0) return address;
	return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** Translations on the way: the published port, and the address that the target sees. */
export function wayOf({ source, target, destination, sender }: Flow): string {
	const published = placeOf(destination) === placeOf(target) ? [] : [`by ${placeOf(destination)}`];
	return [...published, ...(sender.address === source.address ? [] : [`as ${sender.address}`])].join(', ');
}
