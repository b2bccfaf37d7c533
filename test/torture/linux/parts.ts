/** The parts of the torture that run against a real daemon on a Linux host of its own. */
import type { Budget, Figures, Part } from '../part.ts';
import { Bench } from './bench.ts';
import { fail, guarded, kill, newTally, pointsOf, type Tally } from './cut-short.ts';
import { TYPED, type Typed } from './operations.ts';
import { killAtRandom } from './random-kills.ts';

export const linuxKills: Part = {
	name: 'linux-kills',
	what:
		'kill -9 of kleened before and after every step of klee commands, and of the daemon that recovers; what runs goes on, ' +
		'doctor is clean, the host is as before',
	minutes: 30,
	run: (budget) => onBench(budget, killsOf),
};

export const linuxFailures: Part = {
	name: 'linux-failures',
	what: 'every step of klee commands fails on a Linux host, alone and with the next one; reported, mended by doctor --repair',
	minutes: 15,
	run: (budget) => onBench(budget, failuresOf),
};

export const randomKills: Part = {
	name: 'random-kills',
	what: 'kill -9 of kleened at random under four clients at random; what runs goes on, doctor is clean, the host is as before',
	minutes: 60,
	run: (budget) => killAtRandom(budget, Math.floor(Math.random() * 2 ** 31)),
};

type Task = () => Promise<unknown>;

/** Tasks of an operation, in an order in which a prefix covers it evenly. */
async function killsOf(bench: Bench, typed: Typed, tally: Tally): Promise<Task[]> {
	const points = await pointsOf(bench, typed);
	// After the last point there is nothing left to be killed in but the next start.
	const once = points.map((_, at) => () => kill(bench, typed, { at }, tally));
	const twice = points.map((_, at) => () => kill(bench, typed, { at, again: (7 * at) % points.length }, tally));
	return spread([...once, ...twice]);
}

async function failuresOf(bench: Bench, typed: Typed, tally: Tally): Promise<Task[]> {
	const points = await pointsOf(bench, typed);
	const steps = points.filter((point) => /^before (make|unmake) /.test(point)).map((_, step) => step);
	return [
		...steps.map((step) => () => fail(bench, typed, [step], tally)),
		...spread(steps.map((step) => () => fail(bench, typed, [step, step + 1], tally))),
	];
}

/** Every 7th, then every 7th beginning with the second, and so on. */
function spread<T>(all: readonly T[]): T[] {
	return Array.from({ length: 7 }, (_, phase) => all.filter((_, index) => index % 7 === phase)).flat();
}

/** Tasks of all operations in turn, as long as the budget lasts. */
async function onBench(
	budget: Budget,
	tasksOf: (bench: Bench, typed: Typed, tally: Tally) => Promise<Task[]>,
	operations: readonly Typed[] = TYPED,
): Promise<Figures> {
	const bench = await Bench.start();
	const tally = newTally();
	let [all, done] = [0, 0];
	try {
		const queues: { readonly typed: Typed; readonly tasks: Task[] }[] = [];
		for (const typed of operations) queues.push({ typed, tasks: await tasksOf(bench, typed, tally) });
		all = queues.reduce((sum, { tasks }) => sum + tasks.length, 0);
		while (done < all && !budget.isSpent && tally.failures.length < 20)
			for (const { typed, tasks } of queues) {
				const task = tasks.shift();
				if (!task) continue;
				await guarded(tally, typed.name, task);
				done += 1;
			}
	} finally {
		await bench.close();
	}
	const { kills, failingSteps, requests, leaks, failures } = tally;
	return { injected: kills + failingSteps, requests, leaks, failures, note: `${done} of ${all} cases` };
}

/** A few cases of some operations, for `npm test`. */
export async function sample(budget: Budget): Promise<Figures> {
	const some = TYPED.filter(({ name }) => ['run', 'stop', 'network create'].includes(name));
	const tasksOf = async (bench: Bench, typed: Typed, tally: Tally) => {
		const points = await pointsOf(bench, typed);
		const middle = points.length >> 1;
		return [() => kill(bench, typed, { at: middle, again: 3 }, tally), () => fail(bench, typed, [0], tally)];
	};
	return onBench(budget, tasksOf, some);
}
