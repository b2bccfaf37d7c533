/** The parts of the torture that run on the host in memory. */
import { type Budget, type Figures, messageOfFailure, type Part } from '../part.ts';
import { failOnce, failTwice } from './failed.ts';
import { killOnce, killTwice, Scene } from './killed.ts';
import { SYSTEMS, type System } from './mortal.ts';
import { OPERATIONS } from './operations.ts';

/** So many rounds, each with other pairs of changes, leave no pair out. */
const ROUNDS = 24;

export const kills: Part = {
	name: 'kills',
	what:
		'killed before and after every step and every change of the store, and again within the recovery, in memory; ' +
		'store and host agree',
	minutes: 20,
	run: (budget) =>
		inEveryOperation(budget, async (scene, round) => {
			const once = round === 0 ? await killOnce(scene) : 0;
			return once + (await killTwice(scene, ROUNDS, round));
		}),
};

export const failures: Part = {
	name: 'failures',
	what: 'every step fails, and each one of those that undo it, in memory; reported, bounded, and mended later',
	minutes: 5,
	run: (budget) =>
		inEveryOperation(budget, async (scene, round) => {
			const once = round === 0 ? await failOnce(scene) : 0;
			return once + (await failTwice(scene, ROUNDS, round));
		}),
};

/** Rounds over all operations as long as the budget lasts; the first one in any case. */
async function inEveryOperation(
	budget: Budget,
	inject: (scene: Scene, round: number) => Promise<number>,
): Promise<Figures> {
	const failures: string[] = [];
	let injected = 0;
	let rounds = 0;
	for (; rounds < ROUNDS && (rounds === 0 || !budget.isSpent); rounds += 1)
		for (const system of Object.keys(SYSTEMS) as System[])
			for (const [name, operation] of Object.entries(OPERATIONS)) {
				const scene = await Scene.set(operation, system);
				const count = inject(scene, rounds).catch((error: unknown) => {
					failures.push(`${name} on ${system}: ${messageOfFailure(error)}`);
					return 0;
				});
				injected += await count;
				scene.close();
			}
	const operations = Object.keys(OPERATIONS).length * Object.keys(SYSTEMS).length;
	return { injected, failures, note: `${operations} operations, ${rounds} of ${ROUNDS} rounds of pairs` };
}
