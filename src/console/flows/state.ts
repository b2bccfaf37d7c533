import { signal } from '@preact/signals';
import type { Flow, FlowLine } from '#api/observability/traffic.ts';
import { followLines, type StreamState } from '../daemon/lines.ts';
import { refusalOf } from '../daemon/refusal.ts';
import { ask } from '../daemon/request.ts';
import { FlowTable, type Row } from './table.ts';

/** Flows of all containers; empty while nobody looks. */
export const flowRows = signal<readonly Row[]>([]);

/** Whether they are followed, and if not, why. */
export const flowState = signal<StreamState | undefined>(undefined);

/** Milliseconds between two pictures. */
const PICTURE = 250;
/** Milliseconds between two looks at what flows have sent, and how much longer than a look takes. */
const LOOK = { every: 3000, times: 10 };

/**
 * Follows the flows. The stream tells of those that begin and end; what they sent, and those that do not pass the host, are looked
 * up now and then.
 *
 * @returns a function that ends it
 */
export function followFlows(): () => void {
	const table = new FlowTable();
	let picture: ReturnType<typeof setTimeout> | undefined;
	const draw = () => {
		picture ??= setTimeout(() => {
			picture = undefined;
			flowRows.value = table.rows;
		}, PICTURE);
	};
	const stopLines = followLines<FlowLine>('/flows/changes', {
		lines: (lines) => {
			table.apply(lines, Date.now());
			draw();
		},
		state: (state) => {
			flowState.value = state;
			if (state.kind === 'live') table.clear();
		},
	});
	const stopLooks = lookAgain(async (signal) => {
		table.refresh(await ask<Flow[]>('/flows', { signal }), Date.now());
		draw();
	});
	return () => {
		stopLines();
		stopLooks();
		clearTimeout(picture);
		flowRows.value = [];
		flowState.value = undefined;
	};
}

/** Looks while the page is in view. A daemon that is away is told by the stream. */
function lookAgain(look: (signal: AbortSignal) => Promise<void>): () => void {
	const ended = new AbortController();
	let timer: ReturnType<typeof setTimeout>;
	const next = async () => {
		const start = performance.now();
		if (document.visibilityState === 'visible')
			await look(ended.signal).catch((error: unknown) => {
				if (!ended.signal.aborted && flowState.value?.kind !== 'away')
					flowState.value = { kind: 'away', refusal: refusalOf(error) };
			});
		const delay = Math.max(LOOK.every, LOOK.times * (performance.now() - start));
		if (!ended.signal.aborted) timer = setTimeout(() => void next(), delay);
	};
	timer = setTimeout(() => void next(), LOOK.every);
	return () => {
		ended.abort();
		clearTimeout(timer);
	};
}
