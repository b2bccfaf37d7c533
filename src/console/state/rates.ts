/** How much every endpoint sends and receives now. */
import { type Signal, signal } from '@preact/signals';
import type { EndpointCounters } from '#api/observability/traffic.ts';
import { ask } from '../daemon/request.ts';

export interface Rate {
	/** Bytes per second, as the container sees it. */
	readonly received: number;
	readonly sent: number;
}

const STILL: Rate = { received: 0, sent: 0 };
/** Milliseconds. */
const INTERVAL = 1000;

const rates = new Map<string, Signal<Rate>>();

/** A signal of its own for each endpoint: only the cable on which something moves is drawn again. */
export function rateOf(endpoint: string): Signal<Rate> {
	const known = rates.get(endpoint);
	if (known) return known;
	const made = signal(STILL);
	rates.set(endpoint, made);
	return made;
}

interface Sample {
	/** Milliseconds. */
	readonly at: number;
	readonly counters: ReadonlyMap<string, EndpointCounters>;
}

/** Rates between two samples. Endpoints that are new, or begin anew, have none. */
export function ratesBetween(before: Sample, after: Sample): Map<string, Rate> {
	const seconds = (after.at - before.at) / 1000;
	const found = new Map<string, Rate>();
	for (const [id, { received_bytes, sent_bytes }] of after.counters) {
		const earlier = before.counters.get(id);
		if (!earlier || seconds <= 0 || earlier.received_bytes > received_bytes || earlier.sent_bytes > sent_bytes)
			continue;
		const received = (received_bytes - earlier.received_bytes) / seconds;
		found.set(id, { received, sent: (sent_bytes - earlier.sent_bytes) / seconds });
	}
	return found;
}

/** Reads the counters while the page is visible. */
export function followRates(): void {
	let last: Sample | undefined;
	const look = async () => {
		if (document.hidden) {
			last = undefined;
			return;
		}
		const counters = await ask<EndpointCounters[]>('/counters');
		const sample = { at: performance.now(), counters: new Map(counters.map((one) => [one.endpoint_id, one])) };
		if (last) show(ratesBetween(last, sample));
		last = sample;
	};
	const again = () => {
		// While the daemon is away, nothing moves.
		look()
			.catch(() => {
				last = undefined;
				show(new Map());
			})
			.finally(() => setTimeout(again, INTERVAL));
	};
	again();
}

function show(found: ReadonlyMap<string, Rate>): void {
	for (const [id, rate] of found) {
		const shown = rateOf(id);
		if (shown.value.received !== rate.received || shown.value.sent !== rate.sent) shown.value = rate;
	}
	for (const [id, shown] of rates) if (!found.has(id) && shown.value !== STILL) shown.value = STILL;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** E.g. `1.2 MB/s`; `''`: nothing. @param rate bytes per second */
export function perSecond(rate: number): string {
	return rate < 1 ? '' : `${amount(rate)}/s`;
}

/** E.g. `1.2 MB`. @param bytes from 0 */
export function amount(bytes: number): string {
	const step = Math.min(Math.floor(Math.log10(Math.max(1, bytes)) / 3), UNITS.length - 1);
	const value = bytes / 1000 ** step;
	return `${value < 10 && step > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[step]}`;
}
