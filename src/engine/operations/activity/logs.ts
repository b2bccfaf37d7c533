import type { LogBatch, LogGap, LogRecord } from '#model/activity/log.ts';
import type { EngineContext } from '../../context.ts';
import { findContainer } from '../../identify.ts';
import type { Runs } from '../container/runs.ts';

export interface LogSelection {
	/** Wait for more until the container ends. */
	readonly follow: boolean;
	/** Number of lines at the end to begin with; undefined: all. */
	readonly tail: number | undefined;
	/** Lines that began at this time or later, in the form of `logTime`. */
	readonly since: string | undefined;
	/** Lines that began before this time. */
	readonly until: string | undefined;
	/** Ends the reading. */
	readonly abandoned: AbortSignal;
}

/** A record with the beginning of its line: a line that was cut into records is selected as a whole. */
export type SelectedRecord = LogGap | (LogRecord & { readonly beginsLine: boolean });

export class LogOperations {
	readonly #context: EngineContext;
	readonly #runs: Runs;

	constructor(context: EngineContext, runs: Runs) {
		this.#context = context;
		this.#runs = runs;
	}

	/** Batches as they are read. @throws NO_SUCH_CONTAINER at once */
	read(identifier: string, selection: LogSelection): AsyncGenerator<readonly SelectedRecord[]> {
		const { store, driver } = this.#context;
		const { id } = findContainer(store, identifier);
		const { tail, abandoned } = selection;
		const follow = selection.follow ? { follow: this.#whenGone(id) } : {};
		const request = { container: id, abandoned, ...(tail === undefined ? {} : { tail }), ...follow };
		return select(driver.activity.log(request), selection);
	}

	#whenGone(id: string): AbortSignal {
		const over = new AbortController();
		const gone = this.#runs.untilGone(id);
		if (gone === undefined) over.abort();
		else gone.then(() => over.abort());
		return over.signal;
	}
}

/** Times of lines rise, so that nothing after the first one that is too late is wanted. */
async function* select(
	batches: AsyncIterable<LogBatch>,
	{ since = '', until }: Pick<LogSelection, 'since' | 'until'>,
): AsyncGenerator<readonly SelectedRecord[]> {
	const lines = new Lines();
	for await (const batch of batches) {
		const selected: SelectedRecord[] = [];
		for (const record of batch) {
			if (record.kind === 'gap') {
				selected.push(record);
				continue;
			}
			const { began, beginsLine } = lines.place(record);
			if (until !== undefined && record.time >= until && began >= until) {
				if (selected.length > 0) yield selected;
				return;
			}
			if (began >= since) selected.push({ ...record, beginsLine });
		}
		if (selected.length > 0) yield selected;
	}
}

/** Puts the records of both streams into their lines. */
class Lines {
	/** Time at which the line began that is not ended yet. */
	readonly #open = new Map<LogRecord['stream'], string>();

	place({ stream, time, complete }: LogRecord): { readonly began: string; readonly beginsLine: boolean } {
		const open = this.#open.get(stream);
		const began = open ?? time;
		if (complete) this.#open.delete(stream);
		else this.#open.set(stream, began);
		return { began, beginsLine: open === undefined };
	}
}
