/** Amount of random input: some seconds' worth in `npm test`, more in `npm run torture`. */
import type { TestContext } from 'node:test';
import fc from 'fast-check';

/** Factor by which torture does more than `npm test`. */
export const AMOUNT = Math.max(1, Number(process.env.KLEENE_TORTURE) || 1);

/** Seed of all random input; set KLEENE_SEED to the number of a failed run to repeat it. */
export const SEED = Number(process.env.KLEENE_SEED) || (Date.now() ^ (process.pid << 8)) & 0x7fff_ffff;

/** Milliseconds after which a property ends early, so that a loaded machine does not make a test hang. */
const LIMIT = 60_000;

export interface Inputs<T> {
	/** Number of inputs in `npm test`. */
	readonly count: number;
	readonly of: fc.Arbitrary<T>;
	/** Whether each input meets what the ones before left: then a smaller one proves nothing, and none is searched for. */
	readonly stateful?: boolean;
}

/** Checks a property and reports the number of inputs and the seed as a diagnostic of the test. */
export async function holds<T>(
	context: TestContext,
	{ count, of, stateful = false }: Inputs<T>,
	check: (input: T) => void | Promise<void>,
): Promise<void> {
	const numRuns = count * AMOUNT;
	let tried = 0;
	const property = fc.asyncProperty(of, async (input) => {
		tried += 1;
		await check(input);
	});
	const limit = { interruptAfterTimeLimit: LIMIT * AMOUNT, markInterruptAsFailure: false };
	const options = { numRuns, seed: SEED, endOnFailure: stateful, ...limit };
	try {
		await fc.assert(property, options);
	} finally {
		context.diagnostic(`${tried} inputs, seed ${SEED}`);
	}
}
