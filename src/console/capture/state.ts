import { signal } from '@preact/signals';
import type { CaptureLine } from '#api/observability/capture.ts';
import { followLines } from '../daemon/lines.ts';
import type { Refusal } from '../daemon/refusal.ts';

export interface Packet {
	readonly order: number;
	readonly text: string;
}

/** Packets that were captured last, the newest last. */
export const packets = signal<readonly Packet[]>([]);

export type CaptureState =
	| { readonly kind: 'idle' | 'running' }
	| { readonly kind: 'ended'; readonly text: string }
	| { readonly kind: 'refused'; readonly refusal: Refusal };

export const captureState = signal<CaptureState>({ kind: 'idle' });

/** Of the list; older ones are left out. */
export const MOST_PACKETS = 5000;

/** @param of container or network. @param filter as for tcpdump; '': all */
export function capturePath(of: string, filter: string, more: Readonly<Record<string, string>>): string {
	const query = new URLSearchParams({ of, ...(filter.trim() !== '' && { filter: filter.trim() }), ...more });
	return `/capture?${query}`;
}

let stop: (() => void) | undefined;
let last = 0;

/** Ends a capture that runs. */
export function endCapture(): void {
	stop?.();
	stop = undefined;
	if (captureState.value.kind === 'running') captureState.value = { kind: 'ended', text: 'Stopped' };
}

/** Shows the packets of a container or network as they come. One capture at a time. */
export function beginCapture(of: string, filter: string): void {
	endCapture();
	packets.value = [];
	captureState.value = { kind: 'running' };
	stop = followLines<CaptureLine>(capturePath(of, filter, { format: 'lines' }), {
		lines: (lines) => {
			const found = lines.flatMap((line) => (line.type === 'packet' ? [{ order: last++, text: line.text }] : []));
			if (found.length > 0) packets.value = [...packets.value, ...found].slice(-MOST_PACKETS);
			for (const line of lines) if (line.type === 'end') finish({ kind: 'ended', text: describeEnd(line) });
		},
		// It is not begun again by itself: what was between would be missing unsaid.
		state: (state) => {
			if (state.kind === 'away') finish({ kind: 'refused', refusal: state.refusal });
		},
	});
}

function finish(state: CaptureState): void {
	captureState.value = state;
	endCapture();
}

function describeEnd({ packets: count, dropped, reason }: CaptureLine & { type: 'end' }): string {
	const lost = dropped > 0 ? `, ${dropped} came too fast` : '';
	return `Ended: ${reason}. ${count} packets${lost}`;
}
