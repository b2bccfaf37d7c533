/**
 * Guides of the documentation as tests: command lines as a user types them, each with what it must bring about. Lines run
 * one after the other on a host that the guides of a file share; a guide removes what it makes.
 *
 * `KLEENE_TEST_HOST` selects the host, as for test/acceptance/everywhere. `Debian` in lines, files and expectations stands for
 * the base image of the host.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { type Outcome, run } from '#test/testbed/command.ts';
import { KLEE } from '#test/testbed/daemon-host.ts';
import { eventually } from '#test/testbed/eventually.ts';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { startHostUnderTest } from '#test/testbed/host-under-test.ts';
import { within } from '#test/testbed/network-namespace.ts';

/** Text that output must equal, or patterns that it must match. */
type Wanted = string | RegExp | readonly RegExp[];

export interface Expected {
	/** Exit code; default 0. */
	readonly code?: number;
	readonly out?: Wanted;
	readonly err?: Wanted;
	/** Neither stream may match it. */
	readonly not?: RegExp;
	/** Keeps group 1 of a pattern of standard output: `<NAME>` stands for it in later lines. */
	readonly keep?: Readonly<Record<string, RegExp>>;
	/** Repeats the line until all of this holds: for effects that come about a moment later. */
	readonly soon?: boolean;
	/** Looks at the host afterwards. */
	readonly host?: (host: HostUnderTest) => void | Promise<void>;
	/** It is about files or users that a process finds inside: left out where containers are made of scripts (`far`). */
	readonly inside?: true;
}

/** A line of sh(1) on the host, in the guide's directory, and what is expected of it. */
export type Step = readonly [line: string, expected?: Expected];

/** Files of a guide's directory by their path, e.g. `app/Dockerfile`. */
export type Files = Readonly<Record<string, string>>;

export const ID = '[0-9a-f]{12}';
export const ONE_ID = new RegExp(`^${ID}\n$`);
/** Row of a table, e.g. `row('web', 'running')`: these patterns in one line, in this order. */
export const row = (...words: readonly string[]) => new RegExp(words.join('.* '), 'm');

const HOST = process.env.KLEENE_TEST_HOST ?? 'linux';
/** For `skip`: the host is Linux. */
export const LINUX_ALONE = HOST === 'linux' ? false : 'it is about Linux';
/** For `skip`: what runs in containers made of scripts would write to this machine. */
export const NOT_FAR = HOST === 'far' ? 'it is about files inside' : false;

/** A started host with its base image. */
export function startGuideHost(): Promise<HostUnderTest> {
	return HOST === 'linux' ? startHostWithImage() : startHostUnderTest();
}

/** Declares a guide. @param host of the file, started when the test runs. @param skip reason to leave it out */
export function guide<H extends HostUnderTest>(
	title: string,
	host: () => H,
	steps: readonly Step[],
	files: Files = {},
	skip: string | false = false,
): void {
	test(`guide: ${title}`, { skip }, async () => {
		const directory = mkdtempSync(join(host().folder, 'guide-'));
		for (const [path, text] of Object.entries(files)) {
			mkdirSync(dirname(join(directory, path)), { recursive: true });
			writeFileSync(join(directory, path), forImage(text, host().image));
		}
		const shell = new Shell(host(), directory);
		for (const [line, expected = {}] of steps)
			if (!expected.inside || HOST !== 'far') await shell.step(line, expectedOf(expected, host().image));
	});
}

function forImage(text: string, image: string): string {
	return text.replace(/\bDebian\b/g, image);
}

function expectedOf(expected: Expected, image: string): Expected {
	const wanted = (one: Wanted | undefined): Wanted => {
		if (one === undefined) return [];
		if (typeof one === 'string') return forImage(one, image);
		return [one].flat().map((pattern) => new RegExp(forImage(pattern.source, image), pattern.flags));
	};
	return { ...expected, out: wanted(expected.out), err: wanted(expected.err) };
}

class Shell {
	readonly #host: HostUnderTest;
	readonly #directory: string;
	readonly #kept = new Map<string, string>();
	#transcript = '';

	constructor(host: HostUnderTest, directory: string) {
		this.#host = host;
		this.#directory = directory;
	}

	async step(typed: string, expected: Expected): Promise<void> {
		const line = forImage(typed, this.#host.image).replace(
			/<(\w+)>/g,
			(whole, name: string) => this.#kept.get(name) ?? whole,
		);
		let outcome = await this.#run(line);
		if (expected.soon) {
			const held = async () => {
				if (unmet(outcome, expected) === undefined) return true;
				outcome = await this.#run(line);
				return false;
			};
			await eventually(line, held, { within: 10_000, every: 50 }).catch(() => undefined);
		}
		this.#transcript += `$ ${line}\n${outcome.stdout}${outcome.stderr}[${outcome.code}]\n`;
		const fault = unmet(outcome, expected);
		if (fault !== undefined) assert.fail(`${fault}\n${this.#transcript}`);
		for (const [name, pattern] of Object.entries(expected.keep ?? {})) this.#keep(name, pattern, outcome);
		await expected.host?.(this.#host);
	}

	#keep(name: string, pattern: RegExp, { stdout, stderr }: Outcome): void {
		const found = pattern.exec(stdout + stderr)?.[1];
		if (found === undefined) assert.fail(`nothing matches ${pattern}\n${this.#transcript}`);
		this.#kept.set(name, found);
	}

	/** In a thread where no shell is needed and nothing depends on the directory: thirty times as fast. */
	#run(line: string): Promise<Outcome> {
		const plain = /^klee (?!build|image build|cp|save|load)[^|<>&;$`*?\n]*$/.test(line);
		if (plain) return this.#host.klee(...wordsOf(line).slice(1));
		const env = { ...this.#host.environment, PATH: `${dirname(KLEE)}:${this.#host.environment.PATH}` };
		const inside = this.#host.namespace === undefined ? [] : within(this.#host.namespace);
		return run([...inside, 'sh', '-c', line], { env, cwd: this.#directory });
	}
}

/** The first expectation that does not hold, in words. */
function unmet({ stdout, stderr, code }: Outcome, { code: wanted = 0, out, err, not }: Expected): string | undefined {
	if (code !== wanted) return `exit code ${code}, not ${wanted}`;
	if (not?.test(stdout) || not?.test(stderr)) return `the output has ${not}`;
	return differing('standard output', stdout, out) ?? differing('standard error', stderr, err);
}

function differing(stream: string, text: string, wanted: Wanted = []): string | undefined {
	if (typeof wanted === 'string') return text === wanted ? undefined : `${stream} is not ${JSON.stringify(wanted)}`;
	const missing = [wanted].flat().find((pattern) => !pattern.test(text));
	return missing === undefined ? undefined : `${stream} has no ${missing}`;
}

/** Words of a line without expansions, by the quoting of sh(1). */
function wordsOf(line: string): string[] {
	const words = line.match(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g) ?? [];
	return words.map((word) => word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'));
}
