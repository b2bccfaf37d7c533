/** Takes times and says what they come to. All in milliseconds. */

/** On a machine that is busy otherwise a measurement ends after so long, */
const MOST_TIME = 45_000;
/** but not before so many rounds. */
const LEAST_ROUNDS = 5;

export interface Figures {
	readonly median: number;
	/** Nine of ten were not slower. */
	readonly p90: number;
	readonly mean: number;
	readonly runs: number;
}

/** @param before,after done around each run and not timed */
export async function measure(
	runs: number,
	run: (index: number) => Promise<unknown>,
	around: {
		readonly before?: (index: number) => Promise<unknown>;
		readonly after?: (index: number) => Promise<unknown>;
	} = {},
): Promise<Figures> {
	const times: number[] = [];
	const until = performance.now() + MOST_TIME;
	// The first one fills caches and is not counted.
	for (let index = 0; index <= runs && !isLate(until, index); index += 1) {
		await around.before?.(index);
		const time = await timed(() => run(index));
		await around.after?.(index);
		if (index > 0) times.push(time);
	}
	return figuresOf(times);
}

function isLate(until: number, rounds: number): boolean {
	return rounds >= LEAST_ROUNDS && performance.now() > until;
}

/** Milliseconds of processor time of this thread so far, system calls included. Exact on average only. */
export function workOfThread(): number {
	const { user, system } = process.threadCpuUsage();
	return (user + system) / 1000;
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
	const began = performance.now();
	await work();
	return performance.now() - began;
}

/**
 * Peers in turn, so that what else the machine does meanwhile falls on all of them alike.
 * @param measureOnce one measurement; the first `warmUp` of each peer are not counted
 * @param forget what was measured so far
 */
export async function alternate<P>(
	peers: readonly P[],
	{ rounds, warmUp }: { readonly rounds: number; readonly warmUp: number },
	measureOnce: (peer: P) => Promise<void>,
	forget: () => void = () => {},
): Promise<void> {
	const until = performance.now() + MOST_TIME;
	for (let round = 0; round < rounds + warmUp && !isLate(until, round - warmUp); round += 1) {
		if (round === warmUp) forget();
		// Nobody always comes after the same one.
		for (let turn = 0; turn < peers.length; turn += 1) await measureOnce(peers[(round + turn) % peers.length] as P);
	}
}

/** Times under names, collected as they come. */
export class Stopwatch {
	readonly #times = new Map<string, number[]>();

	add(name: string, time: number): void {
		const times = this.#times.get(name);
		if (times) times.push(time);
		else this.#times.set(name, [time]);
	}

	async time(name: string, work: () => Promise<unknown>): Promise<number> {
		const time = await timed(work);
		this.add(name, time);
		return time;
	}

	clear(): void {
		this.#times.clear();
	}

	figures(name: string): Figures {
		return figuresOf(this.#times.get(name) ?? []);
	}
}

export function figuresOf(times: readonly number[]): Figures {
	const sorted = times.toSorted((one, other) => one - other);
	const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
	const middle = sorted.length / 2;
	const median = Number.isInteger(middle) ? ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2 : at(0.5);
	const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
	return { median: rounded(median), p90: rounded(at(0.9)), mean: rounded(mean), runs: times.length };
}

function rounded(milliseconds: number): number {
	return Math.round(milliseconds * 1000) / 1000;
}
