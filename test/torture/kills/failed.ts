/**
 * Steps that fail: the operation is done or it is not, what failed is reported, and no other part is left on the host or
 * missing there. What could not be unmade is unmade later: by the next attempt, the next daemon, or `doctor --repair`.
 */
import assert from 'node:assert/strict';
import { isKleeneError } from '#errors/kleene-error.ts';
import { identityOf, isCompared, type Part, providedBy, removedWith } from '#model/part.ts';
import { divergence, requireOrder } from './consistency.ts';
import { viewOf } from './furniture.ts';
import type { Scene } from './killed.ts';
import type { Daemon } from './mortal.ts';

interface Failure {
	/** Whether a step had any of the numbers. */
	readonly happened: boolean;
	readonly steps: number;
}

/** @param numbers of the steps that fail, counted from the beginning of the operation */
async function failedAt(scene: Scene, numbers: readonly number[]): Promise<Failure> {
	return scene.within(async (world) => {
		const daemon = await world.start();
		const before = viewOf(daemon);
		daemon.life.failSteps((step) => numbers.includes(step));
		const outcome = await scene.operation.run(daemon).catch((error: unknown) => error);
		const when = `${scene.operation.routes[0] ?? 'event'}, failing at step ${numbers.join(' and ')}`;
		const { failed } = daemon.life;
		if (failed.length < numbers.length) return { happened: false, steps: failed.length };
		daemon.life.failSteps(() => false);
		requireReported(daemon, outcome, when);
		requireBounded(daemon, when);
		if (failed.every(({ verb }) => verb === 'make') && outcome instanceof Error && !scene.operation.piecewise)
			assert.deepEqual(viewOf(daemon), before, `${when}: nothing was done`);
		await requireMended(await world.start(), when);
		return { happened: true, steps: failed.length };
	});
}

function requireReported({ errors }: Daemon, outcome: unknown, when: string): void {
	if (outcome instanceof Error) assert.ok(isKleeneError(outcome), `${when}: ${outcome.stack}`);
	assert.ok(outcome instanceof Error || errors.length > 0 || hasFailures(outcome), `${when}: it was reported`);
}

/** Of `doctor --repair`, which tells of failures in its answer. */
function hasFailures(outcome: unknown): boolean {
	return ((outcome as { failures?: unknown[] } | undefined)?.failures ?? []).length > 0;
}

/** What is there too much or too little is what failed, what the host refused because of that, and what goes with it. */
function requireBounded(daemon: Daemon, when: string): void {
	const { failed, refused } = daemon.life;
	const parts = [...failed, ...refused].map(({ part }) => part);
	const excused = new Set(parts.map(identityOf));
	const provided = new Set(parts.flatMap(providedBy));
	const goesAlong = (identity: string) => {
		const part = daemon.host.parts.get(identity);
		return part && removedWith(part).some((reference) => provided.has(reference));
	};
	const { excess, missing } = divergence(daemon);
	// A host that is told everything at once has gone on; the next stop or daemon finishes it.
	const halfStopped = failed.some(({ verb, part }) => verb === 'unmake' && part.kind === 'sandbox');
	for (const identity of halfStopped ? [] : [...excess, ...missing])
		assert.ok(excused.has(identity) || goesAlong(identity), `${when}: ${identity} is left or missing`);
}

async function requireMended(next: Daemon, when: string): Promise<void> {
	requireOrder(next, `${when}, at the next start`);
	const { excess, missing } = divergence(next);
	assert.deepEqual(missing, [], `${when}: the next start made what was missing`);
	const parts = excess.map((identity) => next.host.parts.get(identity)).filter((part) => part !== undefined);
	for (const part of parts) assert.ok(isForDoctor(part), `${when}: nobody finds ${identityOf(part)}`);
}

/**
 * The host in memory does not compare; on real hosts doctor finds these, see `npm run torture -- faults`. Files that only
 * the next start of a container reads are written anew by it; an unknown volume is kept, as somebody may own what is in it.
 */
function isForDoctor(part: Part): boolean {
	return isCompared(part) || ['name-servers', 'hosts-file', 'volume-files'].includes(part.kind);
}

/** Fails each step once. @returns number of failures */
export async function failOnce(scene: Scene, stride = 1, phase = 0): Promise<number> {
	for (let step = phase, failures = 0; ; step += stride, failures += 1)
		if (!(await failedAt(scene, [step])).happened) return failures;
}

/** Fails each step, and of what follows, undoing included, each n-th as well. @returns number of failures */
export async function failTwice(scene: Scene, stride = 1, phase = 0, skip = 1): Promise<number> {
	let failures = 0;
	for (let step = phase % skip, last = false; !last; step += skip)
		for (let then = step + 1 + ((step + phase) % stride); ; then += stride) {
			const { happened, steps } = await failedAt(scene, [step, then]);
			failures += steps;
			last = steps === 0;
			if (!happened) break;
		}
	return failures;
}
