/** Asks one name server after the other, and goes on listening to those asked before: an answer that comes late counts. */
import { CODE } from './answer.ts';
import { responseCode } from './query.ts';
import type { Upstream } from './upstreams.ts';

/** Answers after which glibc asks the next server as well: those of a server that cannot, not of one that knows. */
const NEXT_MAY_KNOW: readonly number[] = [CODE.serverFailure, CODE.notImplemented, CODE.refused];

export interface RaceOptions {
	/** In this order. */
	readonly servers: readonly Upstream[];
	/** Milliseconds after which the next server is asked as well. */
	readonly tryTimeout: number;
	/** Milliseconds after which the answer of a server that cannot is passed on, while others are silent. */
	readonly deadline: number;
	/** Milliseconds until nobody waits any more. */
	readonly patience: number;
	/** Ends it. */
	readonly signal: AbortSignal;
	/** @param signal aborted when there is an answer. @returns undefined for none */
	ask(server: Upstream, signal: AbortSignal): Promise<Buffer | undefined>;
	/** Called for a server that has not answered when the next one is asked, or at the end. */
	onSilence(server: Upstream): void;
}

/** @returns the first answer of a server that knows, otherwise the last of one that does not; undefined: none */
export function raceServers(options: RaceOptions): Promise<Buffer | undefined> {
	return new Promise((resolve) => new ServerRace(options, resolve).askNext());
}

class ServerRace {
	readonly #options: RaceOptions;
	readonly #resolve: (answer: Buffer | undefined) => void;
	readonly #over = new AbortController();
	readonly #timers = new Set<NodeJS.Timeout>();
	#asked = 0;
	#open = 0;
	#last: Buffer | undefined;
	#isLate = false;

	constructor(options: RaceOptions, resolve: (answer: Buffer | undefined) => void) {
		this.#options = options;
		this.#resolve = resolve;
		const { deadline, patience, signal } = options;
		signal.addEventListener('abort', this.#giveUp, { once: true });
		this.#after(patience, this.#giveUp);
		this.#after(deadline, () => {
			this.#isLate = true;
			if (this.#last) this.#giveUp();
		});
	}

	askNext(): void {
		const { servers, signal, tryTimeout } = this.#options;
		const server = servers[this.#asked];
		if (signal.aborted || server === undefined) {
			if (signal.aborted || this.#open === 0) this.#giveUp();
			return;
		}
		this.#asked += 1;
		this.#open += 1;
		const turn = this.#asked;
		const timer = this.#after(tryTimeout, () => {
			this.#options.onSilence(server);
			this.askNext();
		});
		void this.#options.ask(server, this.#over.signal).then((answer) => {
			if (this.#over.signal.aborted) return;
			clearTimeout(timer);
			this.#settle(answer, turn === this.#asked);
		});
	}

	/** @param isLatest whether it was the last one that was asked */
	#settle(answer: Buffer | undefined, isLatest: boolean): void {
		this.#open -= 1;
		const isFinal = answer && !NEXT_MAY_KNOW.includes(responseCode(answer));
		this.#last = answer ?? this.#last;
		if (isFinal) this.#finish(answer);
		else if (isLatest) this.askNext();
		else if (this.#isLate && this.#last) this.#giveUp();
		else if (this.#open === 0 && this.#asked === this.#options.servers.length) this.#giveUp();
	}

	readonly #giveUp = (): void => this.#finish(this.#last);

	#finish(answer: Buffer | undefined): void {
		for (const timer of this.#timers) clearTimeout(timer);
		this.#options.signal.removeEventListener('abort', this.#giveUp);
		this.#over.abort();
		this.#resolve(answer);
	}

	#after(milliseconds: number, run: () => void): NodeJS.Timeout {
		const timer = setTimeout(run, milliseconds);
		this.#timers.add(timer);
		return timer;
	}
}
