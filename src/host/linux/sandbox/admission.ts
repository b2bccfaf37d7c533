import { availableParallelism } from 'node:os';

/** Milliseconds after which a start that is not done yet counts no longer: it waits for something, not for a processor. */
const LONGEST = 2000;

/**
 * Lets so many start at a time, in the order of asking. A runtime is work for a processor, some 50 ms for each
 * container: were all started at once that are asked for, the daemon would be one of many that wait for their turn, and
 * its answers, to questions that start nothing, too. Nothing is started later for it.
 */
export class Admission {
	readonly #most: number;
	readonly #waiting: (() => void)[] = [];
	#inside = 0;

	/** @param most default: as many as there are processors, at least two */
	constructor(most = Math.max(2, availableParallelism())) {
		this.#most = most;
	}

	async run<T>(start: () => Promise<T>): Promise<T> {
		if (this.#inside < this.#most) this.#inside += 1;
		else await new Promise<void>((admit) => this.#waiting.push(admit));
		let left = false;
		const leave = () => {
			if (left) return;
			left = true;
			this.#leave();
		};
		const timer = setTimeout(leave, LONGEST);
		try {
			return await start();
		} finally {
			clearTimeout(timer);
			leave();
		}
	}

	/** Whoever waits longest takes the place over. */
	#leave(): void {
		const next = this.#waiting.shift();
		if (next) next();
		else this.#inside -= 1;
	}
}
