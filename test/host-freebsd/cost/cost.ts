/**
 * What a FreeBSD host would have forked, by what was traced on the far side made of scripts. The sh there is dash, a
 * cousin of FreeBSD's: it forks where that does, and for `$(printf ...)` and other builtins in `$()` once more, so what
 * is counted is rather too much. A stand-in command counts as the one process that it stands for, however it comes to
 * its answer; a few commands of FreeBSD start another, which is added.
 */
import { basename, dirname } from 'node:path';
import type { Program, TracedProcess } from './strace.ts';

/** For whom a process works. */
type Zone = 'daemon' | 'host' | 'stand-in' | 'container';

/** One exchange or session with the host. */
export interface Visit {
	readonly kind: 'exchange' | 'session' | 'earlier';
	/** One for each process that FreeBSD would have made, the shell itself included: what it became. */
	readonly forks: string[];
	/** Line of the trace at which it began. */
	readonly line: number;
}

/** Of FreeBSD's, those that start another program for part of their work. */
const HELPERS: readonly (readonly [command: RegExp, helper: string])[] = [
	[/^jail -c .*\bmount\.devfs(=true)?\b/, 'mount -t devfs (by jail)'],
	[/^mount -t nullfs /, 'mount_nullfs (by mount)'],
];

/**
 * @param daemon what was traced
 * @param bin directory of the stand-in commands
 */
export function visitsOf(daemon: TracedProcess, bin: string): Visit[] {
	const visits: Visit[] = [];
	for (const event of daemon.events) {
		if (event.kind !== 'made') continue;
		const { child } = event;
		const visit: Visit = { kind: kindOf(child), forks: [nameOf(child)], line: child.line };
		new Walk(bin, visit.forks).through(child, 'host');
		visits.push(visit);
	}
	return visits;
}

function kindOf(root: TracedProcess): Visit['kind'] {
	const isSession = root.events.some(
		(event) => event.kind === 'became' && event.program.argv[2]?.startsWith('IFS= read'),
	);
	return isSession ? 'session' : 'exchange';
}

class Walk {
	readonly #bin: string;
	readonly #forks: string[];

	constructor(bin: string, forks: string[]) {
		this.#bin = bin;
		this.#forks = forks;
	}

	through(process: TracedProcess, began: Zone): void {
		let zone = began;
		/** For whom a stand-in works, in the process that was started as one. */
		let outer: Zone = began;
		for (const event of process.events) {
			if (event.kind === 'made') {
				if (zone === 'host') this.#forks.push(nameOf(event.child));
				this.through(event.child, zone);
			} else if (this.#isStandIn(event.program)) {
				outer = basename(event.program.path) === 'jexec' ? 'container' : zone;
				if (zone === 'host') this.#forks.push(...helpersOf(event.program));
				zone = 'stand-in';
			} else if (zone === 'stand-in' && began !== 'stand-in') zone = outer;
		}
	}

	#isStandIn({ path }: Program): boolean {
		return dirname(path) === this.#bin;
	}
}

function helpersOf(program: Program): string[] {
	const line = lineOf(program);
	return HELPERS.filter(([command]) => command.test(line)).map(([, helper]) => helper);
}

function lineOf({ path, argv }: Program): string {
	return [basename(path), ...argv.slice(1)].join(' ');
}

function nameOf({ events }: TracedProcess): string {
	const program = events.find((event) => event.kind === 'became')?.program;
	return program ? lineOf(program) : '(subshell)';
}
