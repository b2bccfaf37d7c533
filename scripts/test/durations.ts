/** How long each test file took last on this machine, so that the longest begin first and nothing is waited for in the end. */
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Milliseconds for a byte, where nothing is known: tests of whole hosts say much in few words. */
const GUESSES: readonly (readonly [folder: string, milliseconds: number])[] = [
	['test/host-freebsd/far/everywhere', 100],
	['test/acceptance/', 2],
	['', 0.2],
];

export class Durations {
	readonly #path: string;
	readonly #known: Map<string, number>;

	private constructor(path: string, known: Map<string, number>) {
		this.#path = path;
		this.#known = known;
	}

	static read(path: string): Durations {
		const recorded: unknown = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
		return new Durations(path, new Map(Object.entries(recorded as Record<string, number>)));
	}

	note(file: string, milliseconds: number): void {
		this.#known.set(file, Math.round(milliseconds));
	}

	longestFirst(files: readonly string[]): string[] {
		return files.toSorted((one, other) => this.#expected(other) - this.#expected(one));
	}

	#expected(file: string): number {
		const [, factor = 0] = GUESSES.find(([folder]) => file.startsWith(folder)) ?? [];
		return this.#known.get(file) ?? statSync(file).size * factor;
	}

	save(): void {
		mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
		const unfinished = `${this.#path}.${process.pid}`;
		writeFileSync(unfinished, JSON.stringify(Object.fromEntries(this.#known), null, '\t'));
		renameSync(unfinished, this.#path);
	}
}
