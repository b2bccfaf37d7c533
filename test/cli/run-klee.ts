import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { COMPILE_CACHE } from '#test/testbed/programs/paths.ts';
import { runInThread } from '#test/testbed/programs/threads.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');

export interface Outcome {
	readonly code: number | null;
	readonly signal: string | null;
	readonly stdout: string;
	readonly stderr: string;
}

export interface KleeProcess {
	readonly child: ChildProcess;
	readonly ended: Promise<Outcome>;
	/** Resolves when stdout has shown this text. */
	shown(text: string): Promise<void>;
}

export interface KleeOptions {
	readonly env?: NodeJS.ProcessEnv;
	readonly cwd?: string;
	/** Standard input as a pipe that the test writes; otherwise there is none. */
	readonly input?: boolean;
}

/** What makes `klee` with these words, for a shell. */
export function kleeCommand(words: readonly string[]): string {
	return [process.execPath, MAIN, ...words].map((word) => `'${word}'`).join(' ');
}

export function startKlee(words: readonly string[], options: KleeOptions = {}): KleeProcess {
	return startProcess(process.execPath, [MAIN, ...words], options);
}

function environment({ env }: KleeOptions): NodeJS.ProcessEnv {
	return { PATH: process.env.PATH, HOME: '/nonexistent', NODE_COMPILE_CACHE: COMPILE_CACHE, ...env };
}

export function startProcess(command: string, words: readonly string[], options: KleeOptions = {}): KleeProcess {
	const child = spawn(command, words, {
		stdio: [options.input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
		env: environment(options),
		cwd: options.cwd ?? '/',
	});
	let stdout = '';
	let stderr = '';
	const watchers = new Set<() => void>();
	child.stdout?.setEncoding('utf8').on('data', (chunk) => {
		stdout += chunk;
		for (const watch of watchers) watch();
	});
	child.stderr?.setEncoding('utf8').on('data', (chunk) => {
		stderr += chunk;
	});
	const ended = new Promise<Outcome>((resolve) => {
		child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
	});
	const shown = (text: string) =>
		new Promise<void>((resolve, reject) => {
			const watch = () => {
				if (stdout.includes(text)) resolve();
			};
			watchers.add(watch);
			watch();
			ended.then(() => reject(new Error(`ended without showing ${text}: ${stdout}${stderr}`)));
		});
	return { child, ended, shown };
}

/** Without input and in no particular directory: in a thread of this process. Otherwise in a process of its own. */
export async function klee(words: readonly string[], options: KleeOptions = {}): Promise<Outcome> {
	if (options.input || options.cwd !== undefined) return startKlee(words, options).ended;
	return { signal: null, ...(await runInThread({ words, env: environment(options) })) };
}
