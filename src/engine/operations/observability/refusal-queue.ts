import type { Refusal, RefusalReason, RefusalReport } from '#model/traffic/refusal.ts';

/** Different refusals that wait for a reader, at most; a reader that takes less is told that it missed some. */
const MOST_WAITING = 2000;
/** Milliseconds between reports about equal refusals. */
const REPEATED = 1000;
/** Different refusals of which the last report is remembered. */
const MOST_REMEMBERED = 10_000;

/** Equal refusals: same ends but for the port of the source, same reason. */
export interface Repeated extends Refusal {
	readonly packets: number;
	/** Milliseconds since 1970 of the last of them. */
	readonly time: number;
}

export interface Taken {
	readonly refusals: readonly Repeated[];
	/** Packets by reason that the host did not report. */
	readonly unshown: ReadonlyMap<RefusalReason, number>;
	readonly missed: boolean;
}

/** Refusals until a reader takes them, equal ones together. Its memory is bounded, whatever is refused. */
export class RefusalQueue {
	#waiting = new Map<string, Repeated>();
	#unshown = new Map<RefusalReason, number>();
	#missed = false;
	/** When equal refusals were taken last, oldest first. */
	readonly #taken = new Map<string, number>();
	#wake: () => void = () => {};
	#later: NodeJS.Timeout | undefined;

	add(report: RefusalReport, now = Date.now()): void {
		if (report.kind === 'unshown')
			this.#unshown.set(report.reason, (this.#unshown.get(report.reason) ?? 0) + report.packets);
		else this.#note(report.refusal, now);
		this.wake();
	}

	wake(): void {
		this.#wake();
	}

	/** Resolves when there is something to take, or at `wake`. */
	async some(): Promise<void> {
		if (this.#missed || this.#unshown.size > 0 || this.#hasNew()) return;
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#wake = resolve;
		// Repetitions are due by time.
		if (this.#waiting.size > 0) this.#later = setTimeout(resolve, REPEATED);
		await promise;
		clearTimeout(this.#later);
	}

	/** Takes new refusals at once, and those that were reported before a second after that. */
	take(now: number): Taken {
		const due = [...this.#waiting].filter(([key]) => this.#isDue(key, now));
		for (const [key] of due) {
			this.#waiting.delete(key);
			this.#taken.delete(key);
			this.#taken.set(key, now);
		}
		for (const key of this.#taken.keys()) {
			if (this.#taken.size <= MOST_REMEMBERED) break;
			this.#taken.delete(key);
		}
		const taken = { refusals: due.map(([, one]) => one), unshown: this.#unshown, missed: this.#missed };
		this.#unshown = new Map();
		this.#missed = false;
		return taken;
	}

	#note(refusal: Refusal, now: number): void {
		const { verdict, reason, protocol, source, destination, arrived } = refusal;
		const key = [verdict, reason, protocol, source.address, destination.address, destination.port, arrived].join(' ');
		const known = this.#waiting.get(key);
		if (!known && this.#waiting.size >= MOST_WAITING) {
			this.#missed = true;
			return;
		}
		this.#waiting.set(key, { ...refusal, packets: (known?.packets ?? 0) + 1, time: now });
	}

	#isDue(key: string, now: number): boolean {
		return now - (this.#taken.get(key) ?? 0) >= REPEATED;
	}

	#hasNew(): boolean {
		const now = Date.now();
		return this.#waiting.keys().some((key) => this.#isDue(key, now));
	}
}
