/** Waiting for what comes about by itself, sooner or later, as busy as the machine is. */
import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
	/** Milliseconds after which it counts as never. Default 30000: only a failure waits that long. */
	readonly within?: number;
	/** Milliseconds between two looks. Default 20. */
	readonly every?: number;
}

/** @param what names in a failure what did not come about */
export async function eventually(
	what: string,
	holds: () => boolean | Promise<boolean>,
	{ within = 30_000, every = 20 }: Patience = {},
): Promise<void> {
	for (const start = performance.now(); !(await holds()); await sleep(every))
		if (performance.now() - start > within) throw new Error(`${what}: not within ${within / 1000} seconds`);
}
