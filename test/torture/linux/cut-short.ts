/** Kills and failing steps at the points that a real daemon passes, on a bench. */
import { eventually } from '#test/testbed/eventually.ts';
import { messageOfFailure } from '../part.ts';
import type { Bench } from './bench.ts';
import type { Typed } from './operations.ts';

/** Figures as they come. */
export interface Tally {
	kills: number;
	failingSteps: number;
	leaks: number;
	requests: number;
	readonly failures: string[];
}

export function newTally(): Tally {
	return { kills: 0, failingSteps: 0, leaks: 0, requests: 0, failures: [] };
}

/** Names of the points that an operation passes undisturbed. */
export async function pointsOf(bench: Bench, typed: Typed): Promise<string[]> {
	await bench.prepare(typed);
	bench.faults.order();
	await bench.host.kleeOutput(...typed.operate);
	const points = bench.faults.passed;
	await bench.restore(typed);
	return points;
}

/** Kills at one point and, if asked, the daemon that recovers at one of its own. */
export async function kill(
	bench: Bench,
	typed: Typed,
	{ at, again }: { readonly at: number; readonly again?: number },
	tally: Tally,
): Promise<void> {
	const { host, faults } = bench;
	await bench.prepare(typed);
	faults.order({ die: at });
	await host.klee(...typed.operate);
	const point = faults.passed[at];
	if (await died(bench, at)) tally.kills += 1;
	if (again !== undefined && host.daemonPid === undefined) {
		faults.order({ die: again });
		// It may die before it is ready.
		await host.startDaemon().catch(() => {});
		if (await died(bench, again)) tally.kills += 1;
	}
	faults.order();
	if (host.daemonPid === undefined) await host.startDaemon();
	const when = `${typed.name}, killed at point ${at} (${point})${again === undefined ? '' : ` and ${again} of the recovery`}`;
	tally.requests += 1;
	await judge(bench, typed, when, { tally });
}

/** Whether the point of the last order was passed; then the daemon is dead when this resolves. */
async function died({ host, faults }: Bench, point: number): Promise<boolean> {
	if (faults.passed.length <= point) return false;
	await eventually('the daemon is dead', () => host.daemonPid === undefined, { every: 2 });
	return true;
}

/** @param mends tries to take away what was left over, where that is not to happen at once */
async function judge(
	bench: Bench,
	typed: Typed,
	when: string,
	{ tally, mends }: { readonly tally: Tally; readonly mends?: () => Promise<void> },
): Promise<void> {
	const note = (lines: readonly string[]) => tally.failures.push(...lines.map((line) => `${when}: ${line}`));
	note(await bench.troubles());
	let left = await bench.restore(typed);
	if (left.length > 0 && mends) {
		await mends();
		left = await bench.restore(typed);
	}
	tally.leaks += left.length;
	note(left);
	if (left.length > 0) await bench.reset();
}

/**
 * Lets steps fail: the refusal is one in words, and what is left over is found and mended by `doctor --repair`.
 *
 * @returns whether there was such a step
 */
export async function fail(bench: Bench, typed: Typed, steps: readonly number[], tally: Tally): Promise<boolean> {
	const { host, faults } = bench;
	await bench.prepare(typed);
	faults.order({ fail: steps });
	const { code, stderr } = await host.klee(...typed.operate);
	const failed = faults.passed.filter((point) => point.startsWith('failed '));
	faults.order();
	tally.requests += 1;
	tally.failingSteps += failed.length;
	const when = `${typed.name}, failing at step ${steps.join(' and ')} (${failed.join(', ')})`;
	const reported = code !== 0 ? /told to fail/.test(stderr) : failed.length === 0 || /told to fail/.test(host.log);
	if (!reported) tally.failures.push(`${when}: it was not reported: ${code} ${stderr}`);
	const repair = await host.klee('network', 'doctor', '--repair');
	if (repair.code > 1) tally.failures.push(`${when}: ${repair.stdout}${repair.stderr}`);
	// A resolver is a socket of the daemon, and gone with it.
	if (failed.some((point) => point.startsWith('failed unmake resolver '))) await bench.restart();
	// What could not be taken back is mended by the next start of the daemon, see docs/reliability.md.
	const couldNot = failed.some((point) => point.startsWith('failed unmake '));
	await judge(bench, typed, when, { tally, ...(couldNot ? { mends: () => bench.reset() } : {}) });
	return failed.length === steps.length;
}

/** Notes an error of the bench itself, and goes on with a host in order. */
export async function guarded(tally: Tally, what: string, task: () => Promise<unknown>): Promise<void> {
	await task().catch((error: unknown) => tally.failures.push(`${what}: ${messageOfFailure(error)}`));
}
