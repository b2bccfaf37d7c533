/** Prints a session as a user would see it: what is typed, what comes back, and what was checked about it. */
import { isDeepStrictEqual } from 'node:util';
import type { Outcome } from '../../test/testbed/command.ts';
import type { TestHost } from '../../test/testbed/test-host.ts';

const colourful = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code: number) => (text: string) => (colourful ? `\x1b[${code}m${text}\x1b[0m` : text);
const bold = paint(1);
const dim = paint(2);
const red = paint(31);
const green = paint(32);

/** Longest wait for one command, in milliseconds: making an image fetches packages. */
const PATIENCE = 300_000;

export class Interrupted extends Error {}

export class Narrator {
	readonly host: TestHost;
	#checks = 0;
	#failures = 0;
	#chapters = 0;
	interrupted = false;

	constructor(host: TestHost) {
		this.host = host;
	}

	get checks(): number {
		return this.#checks;
	}

	get failures(): number {
		return this.#failures;
	}

	chapter(title: string): void {
		this.#chapters += 1;
		console.log(`\n${bold(`${this.#chapters}. ${title}`)}`);
	}

	/** `klee` with these words, as on a terminal: all output is in `stdout`. The exit code is checked. */
	async klee(...words: readonly string[]): Promise<Outcome> {
		const outcome = await this.kleeRefused(...words);
		if (outcome.code !== 0) this.check(`klee ${words[0]} succeeds`, `exit code ${outcome.code}`, 'exit code 0');
		return outcome;
	}

	/** The same where a refusal is what is expected. */
	kleeRefused(...words: readonly string[]): Promise<Outcome> {
		const typed = ['klee', ...words].map(asTyped).join(' ');
		return this.#show(typed, (onOutput) =>
			this.host.kleeWith({ onOutput, timeout: PATIENCE, together: true }, ...words),
		);
	}

	/** A command of the host itself, in its network namespace. */
	onHost(...argv: readonly string[]): Promise<Outcome> {
		return this.#show(argv.map(asTyped).join(' '), async (onOutput) => {
			const outcome = await this.host.inside(...argv);
			onOutput(outcome.stdout + outcome.stderr);
			return outcome;
		});
	}

	async #show(typed: string, run: (onOutput: (text: string) => void) => Promise<Outcome>): Promise<Outcome> {
		console.log(`   ${dim('$')} ${bold(typed)}`);
		let line = '';
		const outcome = await run((text) => {
			const lines = (line + text).split('\n');
			line = lines.pop() ?? '';
			for (const one of lines) console.log(`   ${one.slice(one.lastIndexOf('\r') + 1)}`);
		});
		if (line !== '') console.log(`   ${line}`);
		if (this.interrupted) throw new Interrupted('interrupted');
		return outcome;
	}

	/** @param wanted a pattern that the text must match, or the value that it must equal. */
	check(what: string, actual: unknown, wanted: unknown): void {
		this.#checks += 1;
		const ok = wanted instanceof RegExp ? wanted.test(String(actual)) : isDeepStrictEqual(actual, wanted);
		console.log(`   ${ok ? green('✓') : red('✗')} ${ok ? green(what) : red(what)}`);
		if (ok) return;
		this.#failures += 1;
		console.log(red(`     wanted ${wanted instanceof RegExp ? wanted : JSON.stringify(wanted)}`));
		console.log(red(`     got    ${JSON.stringify(actual)}`));
	}
}

/** As it would be typed into a shell. */
function asTyped(word: string): string {
	return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
