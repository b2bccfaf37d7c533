/** A part of `npm run torture`, and its figures. To add one: a file here that exports a `Part`, and its name in scripts/torture/parts.ts. */

/** Figures of a run. All but `failures` are numbers of the table; one that a part does not count is left out. */
export interface Figures {
	/** Faults injected: kills, failing steps, hostile inputs, attacks. */
	readonly injected?: number;
	/** Requests to the API, commands of klee among them. */
	readonly requests?: number;
	/** Packets sent and counted at their other end. */
	readonly packets?: number;
	/** Of these, those that did not arrive; connections that broke. */
	readonly lost?: number;
	/** Objects that nobody owns afterwards: links, rules, mounts, processes, files, addresses. */
	readonly leaks?: number;
	/** Figures that have no column, for a line below the table, e.g. `resident memory +0.1 MB per hour`. */
	readonly note?: string;
	/** Each expectation that did not hold, in one line with how to see it again. Empty: the part passed. */
	readonly failures: readonly string[];
}

export interface Part {
	/** Word for the command line, e.g. `restarts`. */
	readonly name: string;
	/** One line for the table: the fault and the expectation. */
	readonly what: string;
	/** Budget of a run without `--minutes`. */
	readonly minutes: number;
	/** Runs in a network namespace of its own, with a `TMPDIR` that is removed afterwards. A rejection counts as a failure. */
	run(budget: Budget): Promise<Figures>;
}

/** Time that a part may use. A part with a fixed amount of work may ignore it. */
export class Budget {
	readonly #end: number;
	readonly milliseconds: number;

	constructor(milliseconds: number) {
		this.milliseconds = milliseconds;
		this.#end = performance.now() + milliseconds;
	}

	/** Milliseconds, 0 at least. */
	get left(): number {
		return Math.max(0, this.#end - performance.now());
	}

	get isSpent(): boolean {
		return this.left === 0;
	}

	/** A part of this budget, e.g. `share(1 / 3)` of all of it. */
	share(fraction: number): Budget {
		return new Budget(Math.min(this.left, this.milliseconds * fraction));
	}
}

/** The first lines of an error, for `failures`. */
export function messageOfFailure(error: unknown): string {
	const text = error instanceof Error ? error.message : String(error);
	return text.split('\n').slice(0, 12).join(' | ');
}
