/**
 * `npm test [-- FILE...]`: types, lint and import law, then the tests, in a network namespace of their own. Fails also
 * when anything is left that carries the mark of this run. With file patterns only those tests run, without the checks.
 * `npm run test:slow` (`--slow`) runs what takes long for good reason: files called *.slow.test.ts. `--lanes N` sets how
 * many files run at a time.
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { CACHE } from '../test/testbed/programs/paths.ts';
import { Durations } from './test/durations.ts';
import { filesToRun, isFarAway, isPure } from './test/files.ts';
import { Mark } from './test/mark.ts';
import { passed, timed } from './test/phase.ts';
import { prepare } from './test/prepare.ts';
import { runFiles } from './test/run-files.ts';

const OPTIONS = {
	slow: { type: 'boolean', default: false },
	// Files at a time. Most of what tests of containers do is to wait for the kernel. On a host of somebody's they take turns.
	lanes: { type: 'string', default: String(isFarAway ? 1 : 2 * availableParallelism() + 1) },
} as const;

async function main(): Promise<boolean> {
	const mark = new Mark();
	let [passed, left]: [boolean, string[]] = [false, []];
	try {
		passed = await runWith(mark);
	} finally {
		left = await mark.remove();
		if (left.length > 0) console.error(`the tests left behind:\n${left.join('\n')}`);
	}
	return passed && left.length === 0;
}

async function runWith(mark: Mark): Promise<boolean> {
	const { values, positionals: patterns } = parseArgs({ options: OPTIONS, allowPositionals: true });
	const files = filesToRun(patterns, values.slow);
	const whole = patterns.length === 0 && !values.slow;
	if (whole && !(await timed('types, lint and import law', check))) return false;
	const pure = whole ? files.filter(isPure) : [];
	const durations = Durations.read(`${CACHE}/durations.json`);
	const apart = files.filter((file) => !pure.includes(file));
	const others = isFarAway ? apart : durations.longestFirst(apart);
	const run = async (title: string, some: readonly string[], lanes: number | 'one process') =>
		some.length === 0 || timed(title, () => runFiles(some, { lanes, mark, durations }));
	const first = await run('tests without a host', pure, 'one process');
	if (others.length > 0 && !isFarAway) await timed('base image', () => prepare(others));
	const second = await run('tests on hosts of their own', others, Number(values.lanes));
	durations.save();
	return first && second;
}

const check = () => passed('npm', ['run', '--silent', 'check']);

process.exitCode = (await main()) ? 0 : 1;
