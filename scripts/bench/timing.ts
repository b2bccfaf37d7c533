/** Takes times and says what they come to. All in milliseconds. */

export interface Figures {
	readonly median: number;
	/** Nine of ten were not slower. */
	readonly p90: number;
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
	// The first one fills caches and is not counted.
	for (let index = 0; index <= runs; index += 1) {
		await around.before?.(index);
		const began = performance.now();
		await run(index);
		const time = performance.now() - began;
		await around.after?.(index);
		if (index > 0) times.push(time);
	}
	return figuresOf(times);
}

function figuresOf(times: readonly number[]): Figures {
	const sorted = times.toSorted((one, other) => one - other);
	const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
	const middle = sorted.length / 2;
	const median = Number.isInteger(middle) ? ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2 : at(0.5);
	return { median: rounded(median), p90: rounded(at(0.9)), runs: times.length };
}

function rounded(milliseconds: number): number {
	return Math.round(milliseconds * 100) / 100;
}
