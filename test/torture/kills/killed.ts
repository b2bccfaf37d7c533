/**
 * A daemon that is killed before any change that an operation makes, to the host or to the database: the next one
 * brings both together, the operation is done or it is not, and what runs is not touched.
 */
import assert from 'node:assert/strict';
import { requireConsistent } from './consistency.ts';
import { furnish, onHost, RUNNING, viewOf } from './furniture.ts';
import { type Daemon, MortalWorld, type System } from './mortal.ts';
import type { Operation } from './operations.ts';

export interface Outcome {
	/** For each daemon that was to die, whether it came to its end before. */
	readonly survived: readonly boolean[];
	readonly before: readonly string[];
	readonly after: readonly string[];
	readonly onHost: readonly string[];
	readonly when: string;
	/** All steps that were applied on the host, e.g. `make epair 3`. */
	readonly applied: readonly string[];
}

const worlds = new Map<System, Promise<MortalWorld>>();

/** The same one for all that ask. It goes with the process. */
function furnished(system: System): Promise<MortalWorld> {
	const make = async () => {
		const world = new MortalWorld(system);
		process.once('exit', () => world.close());
		await furnish(await world.start());
		return world;
	};
	const world = worlds.get(system) ?? make();
	worlds.set(system, world);
	return world;
}

/** A world in which an operation is about to begin. Made once, and copied for each kill. */
export class Scene {
	readonly operation: Operation;
	readonly #world: MortalWorld;

	private constructor(operation: Operation, world: MortalWorld) {
		this.operation = operation;
		this.#world = world;
	}

	static async set(operation: Operation, system: System): Promise<Scene> {
		const world = (await furnished(system)).copy();
		if (operation.prepare) await operation.prepare(await world.start());
		return new Scene(operation, world);
	}

	/** Steps that were applied to set the scene. */
	get applied(): readonly string[] {
		return this.#world.host.applied;
	}

	/** A daemon that dies before the change with the first number is followed by others, of which all but the last die as well. */
	async killedAt(...moments: readonly number[]): Promise<Outcome> {
		return this.within(async (world) => {
			const daemon = await world.start();
			const before = viewOf(daemon);
			const [hostBefore, running] = [onHost(daemon), runningAmong(daemon)];
			const [first = Number.POSITIVE_INFINITY, ...later] = moments;
			daemon.life.dieAfter(first);
			await daemon.life.within(this.operation.run(daemon));
			const survived = [!daemon.life.dead];
			for (const moment of later) survived.push(!(await world.start(moment)).life.dead);
			const next = await world.start();
			const when = `killed before change ${moments.join(', then ')}`;
			requireConsistent(next, when);
			const after = viewOf(next);
			if (after.join() === before.join()) assert.deepEqual(onHost(next), hostBefore, `${when}: nothing was done`);
			for (const [name, process] of running)
				if (after.includes(`${name} runs`))
					assert.equal(processOf(next, name), process, `${when}: ${name} was not disturbed`);
			return { survived, before, after, onHost: onHost(next), when, applied: world.host.applied };
		});
	}

	/** A copy of the world, for what else is to be done to it; closed afterwards. */
	async within<T>(task: (world: MortalWorld) => Promise<T>): Promise<T> {
		const world = this.#world.copy();
		try {
			return await task(world);
		} finally {
			world.close();
		}
	}

	close(): void {
		this.#world.close();
	}
}

function processOf({ store, host }: Daemon, name: string): unknown {
	return host.processes.get(store.containers.byName(name)?.id ?? '');
}

function runningAmong(daemon: Daemon): Map<string, unknown> {
	return new Map(
		RUNNING.map((name) => [name, processOf(daemon, name)] as const).filter(([, process]) => process !== undefined),
	);
}

/** @throws AssertionError where the operation is half done */
export function requireDoneOrNot(whole: Outcome, outcome: Outcome, { piecewise = false }: Operation): void {
	const { before, after, when, onHost } = outcome;
	if (after.join() === before.join()) return;
	if (!piecewise) assert.deepEqual(after, whole.after, `${when}: done or not done`);
	if (after.join() === whole.after.join()) assert.deepEqual(onHost, whole.onHost, `${when}: all was done`);
	for (const line of after) assert.ok(before.includes(line) || whole.after.includes(line), `${when}: ${line}`);
	for (const line of before.filter((line) => whole.after.includes(line)))
		assert.ok(after.includes(line), `${when}: ${line} is gone`);
}

/**
 * Kills once before each n-th change.
 *
 * @param phase 0 to n - 1
 * @returns number of kills
 */
export async function killOnce(scene: Scene, stride = 1, phase = 0): Promise<number> {
	const whole = await scene.killedAt();
	for (let moment = phase, kills = 0; ; moment += stride, kills += 1) {
		const outcome = await scene.killedAt(moment);
		requireDoneOrNot(whole, outcome, scene.operation);
		if (outcome.survived[0]) return kills;
	}
}

/**
 * Kills before each change, and the daemon that recovers before each n-th change of its own; another n-th for each change
 * before which the operation was cut short. The last time the operation is not cut short: only the next start is.
 *
 * @param phase 0 to n - 1; all of them together leave nothing out
 * @param skip of the operation, each change with this number is killed before; default: each
 * @returns number of kills
 */
export async function killTwice(scene: Scene, stride = 1, phase = 0, skip = 1): Promise<number> {
	const whole = await scene.killedAt();
	let kills = 0;
	for (let moment = phase % skip, last = false; !last; moment += skip)
		for (let again = (moment + phase) % stride, settled = false; !settled; again += stride) {
			const outcome = await scene.killedAt(moment, again);
			requireDoneOrNot(whole, outcome, scene.operation);
			last = outcome.survived[0] === true;
			settled = outcome.survived[1] === true;
			kills += outcome.survived.filter((survived) => !survived).length;
		}
	return kills;
}
