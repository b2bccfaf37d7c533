/** The tests with random input, again and again with other seeds and more of it. */
import { run } from '../testbed/command.ts';
import type { Budget, Figures, Part } from './part.ts';

interface Suite {
	readonly files: readonly string[];
	/** Value of KLEENE_TORTURE: how much more than in `npm test` they do. */
	readonly amount: number;
}

/** Milliseconds that a file may take. */
const LONGEST = 600_000;
const INPUTS = /^\s*# (\d+) inputs, seed (\d+)/gm;
const REQUESTS = /^\s*# (\d+) requests/gm;
const FAILED = /^not ok .*/gm;

async function repeat({ files, amount }: Suite, budget: Budget): Promise<Figures> {
	const failures: string[] = [];
	let [injected, requests] = [0, 0];
	// Each at least once, however small the budget is.
	for (let round = 0; round === 0 || !budget.isSpent; round += 1)
		for (const file of files) {
			const { inputs, asked, failed } = await runOnce(file, amount);
			injected += inputs;
			requests += asked;
			failures.push(...failed);
			if (failures.length > 0 || (round > 0 && budget.isSpent)) return { injected, requests, failures };
		}
	return { injected, requests, failures };
}

async function runOnce(file: string, amount: number): Promise<{ inputs: number; asked: number; failed: string[] }> {
	const words = [process.execPath, '--test', '--test-reporter=tap', `--test-timeout=${LONGEST}`, file];
	const { stdout, code } = await run(words, {
		env: { ...process.env, KLEENE_TORTURE: String(amount) },
		timeout: LONGEST,
	});
	const seeds = [...stdout.matchAll(INPUTS)];
	const sum = (matches: Iterable<RegExpMatchArray>) =>
		[...matches].reduce((total, [, count]) => total + Number(count), 0);
	const [inputs, asked] = [sum(seeds), sum(stdout.matchAll(REQUESTS))];
	if (code === 0) return { inputs, asked, failed: [] };
	const reasons = stdout.match(FAILED) ?? ['it ended by itself'];
	const again = `KLEENE_SEED=${seeds.at(-1)?.[2]} KLEENE_TORTURE=${amount} node --test ${file}`;
	return { inputs, asked, failed: reasons.map((reason) => `${reason}: ${again}`) };
}

const part = (name: string, what: string, minutes: number, suite: Suite): Part => {
	return { name, what, minutes, run: (budget) => repeat(suite, budget) };
};

const fuzz = (name: string) => `test/fuzz/${name}.test.ts`;

export const HOSTILE: readonly Part[] = [
	part('history', 'clients at random against a model of the API: answers that no order of the requests explains', 5, {
		files: ['test/history/in-memory.test.ts', 'test/history/linux.test.ts'],
		amount: 2,
	}),
	part('fuzz-api', 'requests and frames made from the schemas: no status of 500, no error in the log', 5, {
		files: [fuzz('routes'), fuzz('frames')],
		amount: 20,
	}),
	part('fuzz-cli', 'every command of klee with hostile words: no stack, no refusal with exit code 0', 5, {
		files: [fuzz('cli')],
		amount: 10,
	}),
	part('fuzz-parsers', 'damaged output of tools, messages of the kernel, files and archives: no crash, no hang', 5, {
		files: [fuzz('parsers'), fuzz('archives')],
		amount: 20,
	}),
	part('attacks', 'root in a container of each driver against the host: outcomes as in docs/security.md', 1, {
		files: ['test/acceptance/security/attacks.test.ts', 'test/acceptance/security/inside.test.ts'],
		amount: 1,
	}),
];
