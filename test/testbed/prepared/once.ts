import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CACHE } from '../programs/paths.ts';

/** A lock that is older is of somebody who was killed: no test may take as long. Milliseconds. */
const LONGEST_WORK = 4 * 60 * 1000;

/** Makes something in the cache unless it is there: of several test processes one works and the others wait. */
export async function once(name: string, isThere: () => boolean, make: () => Promise<void>): Promise<void> {
	mkdirSync(CACHE, { recursive: true, mode: 0o700 });
	const lock = join(CACHE, `${name}.lock`);
	for (let waited = 0; !isThere(); waited += 1) {
		if (!takeLock(lock)) {
			if (waited > 2000) throw new Error(`another test holds ${lock}; remove it if that one was killed`);
			await sleep(100);
			continue;
		}
		try {
			// The one before may have made it between the look and the lock.
			if (!isThere()) await make();
		} finally {
			rmSync(lock, { recursive: true, force: true });
		}
	}
}

function takeLock(lock: string): boolean {
	try {
		mkdirSync(lock);
		return true;
	} catch {
		// The next try takes it. Two that remove it both do the work, and no more comes of that.
		if (isStale(lock)) rmSync(lock, { recursive: true, force: true });
		return false;
	}
}

function isStale(lock: string): boolean {
	const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
	return made !== undefined && Date.now() - made > LONGEST_WORK;
}
