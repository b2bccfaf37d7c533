/** Starts the test files inside a network namespace of their own: what would reach the network of the machine shows there. */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { COMPILE_CACHE } from '../../test/testbed/programs/paths.ts';
import type { Durations } from './durations.ts';
import { isFarAway } from './files.ts';
import type { Mark } from './mark.ts';

export interface Manner {
	/** Files at a time, each in a process of its own; or all of them in one. */
	readonly lanes: number | 'one process';
	readonly mark: Mark;
	readonly durations: Durations;
}

/** What the process inside tells about a file that is done. */
export interface Done {
	readonly file: string;
	readonly milliseconds: number;
}

const PROGRAM = join(import.meta.dirname, 'inside.ts');

/** @returns whether all tests passed and nothing happened to the network */
export async function runFiles(files: readonly string[], { lanes, mark, durations }: Manner): Promise<boolean> {
	const child = startApart([PROGRAM, String(lanes), ...files], {
		...mark.environment,
		NODE_COMPILE_CACHE: COMPILE_CACHE,
	});
	child.on('message', ({ file, milliseconds }: Done) => durations.note(file, milliseconds));
	const [code] = await once(child, 'exit');
	return code === 0;
}

/**
 * Starts node in a network namespace of its own, with an IPC channel. Not where the host of the tests is reached by ssh:
 * that is out there, where the machine's own network leads.
 */
export function startApart(words: readonly string[], environment: NodeJS.ProcessEnv): ChildProcess {
	const options: SpawnOptions = { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] };
	const env = { ...process.env, ...environment };
	if (isFarAway) return spawn(process.execPath, words, { ...options, env });
	const script = 'ip link set lo up && exec "$@"';
	return spawn('unshare', ['--net', 'sh', '-c', script, 'sh', process.execPath, ...words], {
		...options,
		// The way back, for what comes over the network.
		env: { ...env, KLEENE_TEST_MACHINE: `/proc/${process.pid}/ns/net` },
	});
}
