import { signal } from '@preact/signals';
import type { Refusal, RefusalLine } from '#api/observability/refusals.ts';
import { followLines, type StreamState } from '../daemon/lines.ts';

export interface RefusedRow {
	readonly order: number;
	readonly refusal: Refusal;
}

/** Packets that were refused while somebody looked, the newest first. */
export const refused = signal<readonly RefusedRow[]>([]);

/** Packets that were not shown: beyond the rate, or while the page was too slow. */
export const unshown = signal(0);

export const refusedState = signal<StreamState | undefined>(undefined);

const MOST_ROWS = 2000;
let last = 0;

/** @returns a function that ends it */
export function followRefused(): () => void {
	return followLines<RefusalLine>('/refused', {
		lines: (lines) => {
			const rows = lines.flatMap((line) => (line.type === 'refused' ? [{ order: last++, refusal: line.refusal }] : []));
			if (rows.length > 0) refused.value = [...rows.reverse(), ...refused.value].slice(0, MOST_ROWS);
			for (const line of lines) if (line.type === 'unshown') unshown.value += line.packets;
		},
		state: (state) => {
			refusedState.value = state;
		},
	});
}
