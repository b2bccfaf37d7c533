import type { BuildEvent, Report } from './request.ts';

/** Output held of a stage that has to wait. Bytes. */
const MOST_HELD = 4 * 1024 * 1024;

/**
 * Puts the events of stages that are built at the same time in the order of the Dockerfile: those of one stage are
 * reported as they come, those of later ones are held until it is done.
 */
export class Outlet {
	readonly #report: Report;
	readonly #interleaved: boolean;
	#order: readonly number[] = [];
	readonly #held = new Map<number, { events: BuildEvent[]; bytes: number }>();
	readonly #done = new Set<number>();

	/** @param interleaved report all as it comes */
	constructor(report: Report, interleaved: boolean) {
		this.#report = report;
		this.#interleaved = interleaved;
	}

	/** @param stages indexes, the first one first */
	order(stages: readonly number[]): void {
		this.#order = stages;
	}

	now(event: BuildEvent): void {
		this.#report(event);
	}

	of(stage: number): Report {
		return (event) => {
			if (this.#interleaved || this.#current() === stage) this.#report(event, stage);
			else this.#hold(stage, event);
		};
	}

	done(stage: number): void {
		this.#done.add(stage);
		for (let next = this.#current(); next !== undefined; next = this.#current()) {
			this.#release(next);
			if (!this.#done.has(next)) return;
		}
	}

	/** Reports all that is held. */
	flush(): void {
		for (const stage of this.#order) this.#release(stage);
	}

	#current(): number | undefined {
		return this.#order.find((stage) => !this.#done.has(stage) || this.#held.has(stage));
	}

	#hold(stage: number, event: BuildEvent): void {
		const held = this.#held.get(stage) ?? { events: [], bytes: 0 };
		this.#held.set(stage, held);
		const size = event.kind === 'output' ? event.chunk.length : 0;
		if (held.bytes + size > MOST_HELD) {
			if (held.bytes <= MOST_HELD) held.events.push({ kind: 'output', chunk: Buffer.from('... output left out\n') });
			held.bytes = MOST_HELD + 1;
			return;
		}
		held.bytes += size;
		held.events.push(event);
	}

	#release(stage: number): void {
		const { events } = this.#held.get(stage) ?? { events: [] };
		this.#held.delete(stage);
		for (const event of events) this.#report(event, stage);
	}
}
