import { cpuUsage } from 'node:process';

/** Milliseconds between looks. */
const LOOK = 5000;
/** Looks without work until the daemon counts as idle. */
const PATIENCE = 2;
/** Share of a processor. Timers and watches of an idle daemon take less. */
const WORK = 0.02;

/**
 * Calls `act` each time that this process, after work, has been idle for some ten seconds.
 *
 * @param used processor time of this process since a time. Microseconds
 * @returns a function that ends it
 */
export function whenIdle(act: () => void, used: typeof cpuUsage = cpuUsage): () => void {
	let last = used();
	let hasWorked = true;
	let idle = 0;
	const timer = setInterval(() => {
		const { user, system } = used(last);
		const works = (user + system) / 1000 > WORK * LOOK;
		if (works) hasWorked = true;
		idle = works ? 0 : idle + 1;
		if (hasWorked && idle >= PATIENCE) {
			hasWorked = false;
			act();
		}
		// Without that work.
		last = used();
	}, LOOK);
	timer.unref();
	return () => clearInterval(timer);
}
