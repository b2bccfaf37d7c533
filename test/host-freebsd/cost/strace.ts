/** The processes in the output of strace(1): who made whom, and what each became, in order. */

/** Options of strace(1), for a program that is to be seen with all that it starts; the tracer is its grandchild. */
export function tracing(file: string): string[] {
	const calls = 'trace=clone,clone3,fork,vfork,execve';
	return ['strace', '-D', '-f', '-qq', '-s', '512', '--seccomp-bpf', '-e', calls, '-e', 'signal=none', '-o', file];
}

export interface Program {
	readonly path: string;
	readonly argv: readonly string[];
}

export type ProcessEvent =
	| { readonly kind: 'became'; readonly program: Program }
	| { readonly kind: 'made'; readonly child: TracedProcess };

export interface TracedProcess {
	/** Number of the line that first told of it. */
	readonly line: number;
	readonly events: ProcessEvent[];
}

const LINE = /^(\d+) +(.*)$/;
const MADE = /^(?:<\.\.\. )?(?:clone3?|v?fork)\b.* = (\d+)$/;
const BECAME = /^execve\("((?:[^"\\]|\\.)*)", \[(.*?)\](?:\.\.\.)?,/;
const RESUMED = /^<\.\.\. execve resumed>.* = 0$/;

/** @param text output of `tracing` @returns the first process */
export function readTrace(text: string): TracedProcess {
	const reading = new Reading();
	for (const [number, line] of text.split('\n').entries()) {
		const [, pid, what] = LINE.exec(line) ?? [];
		if (pid !== undefined && what !== undefined) reading.take(number, pid, what);
	}
	if (!reading.first) throw new Error('nothing was traced');
	return reading.first;
}

/** A process may tell of itself, and end, before the one that made it is told of its number. */
class Reading {
	first: TracedProcess | undefined;
	readonly #latest = new Map<string, TracedProcess>();
	readonly #known = new Set<TracedProcess>();
	readonly #becoming = new Map<string, Program>();

	take(number: number, pid: string, what: string): void {
		// Threads are no processes of their own, but what they start is the work of theirs.
		const child = MADE.exec(what)?.[1];
		if (child !== undefined && !what.includes('CLONE_THREAD')) this.#made(number, pid, child);
		else if (child !== undefined) this.#latest.set(child, this.#process(number, pid));
		const program = programOf(what);
		if (program && what.endsWith(' = 0')) this.#process(number, pid).events.push({ kind: 'became', program });
		else if (program && what.endsWith('<unfinished ...>')) this.#becoming.set(pid, program);
		else if (RESUMED.test(what)) this.#became(number, pid);
	}

	#made(number: number, pid: string, childPid: string): void {
		const seen = this.#latest.get(childPid);
		// A number may have been somebody else's before.
		const child = seen && !this.#known.has(seen) ? seen : { line: number, events: [] };
		this.#latest.set(childPid, child);
		this.#known.add(child);
		this.#process(number, pid).events.push({ kind: 'made', child });
	}

	#became(number: number, pid: string): void {
		const program = this.#becoming.get(pid);
		if (program) this.#process(number, pid).events.push({ kind: 'became', program });
		this.#becoming.delete(pid);
	}

	#process(line: number, pid: string): TracedProcess {
		const found = this.#latest.get(pid) ?? { line, events: [] };
		this.#latest.set(pid, found);
		if (!this.first) {
			this.first = found;
			this.#known.add(found);
		}
		return found;
	}
}

function programOf(what: string): Program | undefined {
	const [, path, words] = BECAME.exec(what) ?? [];
	if (path === undefined || words === undefined) return undefined;
	return { path, argv: [...words.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = '']) => word) };
}
