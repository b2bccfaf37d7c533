import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Duplex, Readable, Writable } from 'node:stream';

export interface RunOptions {
	/** Written to standard input; without it, input is empty. */
	readonly input?: string | Buffer;
	/** Milliseconds until the command and its children are killed. Default 30000. */
	readonly timeout?: number;
	/** Added to the environment. `LC_ALL=C` is always set. */
	readonly env?: Readonly<Record<string, string>>;
	readonly cwd?: string;
	/** Called with each line of output and error output as it comes, newline included. */
	readonly onOutput?: (line: string) => void;
	/** Exit codes that are answers rather than failures. Default: 0 alone. */
	readonly codes?: readonly number[];
	/** Kills the command and its children when aborted; its reason is then thrown. */
	readonly signal?: AbortSignal | undefined;
}

export interface RunResult {
	readonly stdout: string;
	readonly stderr: string;
	readonly code: number;
}

/** A command that could not be started, did not end in time, or failed. */
export class CommandError extends Error {
	/** E.g. `exit code 1`, `not found`, `no answer within 30 s`. */
	readonly reason: string;
	readonly argv: readonly string[];
	/** Error output, trimmed. */
	readonly stderr: string;
	/** Exit code, 128 + signal; -1 when it never ran. */
	readonly code: number;

	/** @param said `cause`: of a command that could not be started */
	constructor(argv: readonly string[], reason: string, said: { stderr?: string; code?: number; cause?: unknown } = {}) {
		const stderr = (said.stderr ?? '').trim();
		super(`${reason}: ${argv.join(' ')}${stderr === '' ? '' : `: ${stderr}`}`, { cause: said.cause });
		this.name = 'CommandError';
		this.reason = reason;
		this.argv = argv;
		this.stderr = stderr;
		this.code = said.code ?? -1;
	}
}

const DEFAULT_TIMEOUT = 30_000;

/** Runs a command to its end. Throws CommandError unless it ends with one of `codes`. No shell is involved. */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
	const { signal } = options;
	signal?.throwIfAborted();
	const child = start(argv, options, [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe']);
	const closed = ended(child, argv, 'close');
	if (child.pid === undefined) await closed;
	const stdout = collect(child.stdout!, options.onOutput);
	const stderr = collect(child.stderr!, options.onOutput);
	// A command that ends without reading its input is judged by its exit code.
	child.stdin?.on('error', () => {}).end(options.input);
	const timeout = options.timeout ?? DEFAULT_TIMEOUT;
	let late = false;
	const end = () => {
		killGroup(child);
		// Processes that left the group may hold them open for ever.
		child.stdout!.destroy();
		child.stderr!.destroy();
	};
	const timer = setTimeout(() => {
		late = true;
		end();
	}, timeout);
	signal?.addEventListener('abort', end);
	try {
		const code = await closed;
		signal?.throwIfAborted();
		const result = { stdout: stdout(), stderr: stderr(), code };
		if (late) throw new CommandError(argv, `no answer within ${timeout / 1000} s`, result);
		if (!(options.codes ?? [0]).includes(code)) throw new CommandError(argv, `exit code ${code}`, result);
		return result;
	} finally {
		clearTimeout(timer);
		signal?.removeEventListener('abort', end);
	}
}

/** A program that goes on by itself, and pipes to it beyond the standard three. */
export interface Launched {
	readonly pid: number;
	/** Our ends; the child has theirs as descriptors 3, 4, ... */
	readonly pipes: readonly Duplex[];
	/** Error output until now, trimmed. */
	stderr(): string;
	/** Exit code of the process that was started, not of what it left behind. */
	readonly exited: Promise<number>;
}

/** Starts a program in a session of its own, its standard input and output empty, with `pipes` two-way pipes. */
export async function launch(
	argv: readonly string[],
	options: { readonly pipes: number; readonly env?: Readonly<Record<string, string>> },
): Promise<Launched> {
	const pipes = Array.from({ length: options.pipes }, () => 'pipe' as const);
	const child = start(argv, options, ['ignore', 'ignore', 'pipe', ...pipes]);
	const exited = ended(child, argv, 'exit');
	if (child.pid === undefined) await exited;
	exited.catch(() => {});
	const stderr = collect(child.stderr!);
	return {
		pid: child.pid!,
		pipes: child.stdio.slice(3).map((pipe) => (pipe as Duplex).on('error', () => {})),
		stderr: () => stderr().trim(),
		exited,
	};
}

/** A program that is talked with. */
export interface Opened {
	readonly pid: number;
	/** Swallows what is written after the program is gone. */
	readonly stdin: Writable;
	readonly stdout: Readable;
	readonly stderr: Readable;
	/** Exit code of the process, perhaps before its output was read; others may still hold its streams. */
	readonly exited: Promise<number>;
	/** This process alone, not what it started. */
	kill(signal: NodeJS.Signals): void;
	/** Lets go of it: its streams are closed, and this program may end before it does. */
	abandon(): void;
}

/** Starts a program with three streams to it, which the caller reads. Throws CommandError when it cannot be started. */
export async function open(argv: readonly string[], options: Pick<RunOptions, 'env' | 'cwd'> = {}): Promise<Opened> {
	const child = start(argv, options, ['pipe', 'pipe', 'pipe']);
	const exited = ended(child, argv, 'exit');
	if (child.pid === undefined) await exited;
	exited.catch(() => {});
	const [stdin, stdout, stderr] = [child.stdin!, child.stdout!, child.stderr!];
	for (const stream of [stdin, stdout, stderr]) stream.on('error', () => {});
	const abandon = () => {
		for (const stream of [stdin, stdout, stderr]) stream.destroy();
		child.unref();
	};
	return { pid: child.pid!, stdin, stdout, stderr, exited, kill: (signal) => child.kill(signal), abandon };
}

type Stdio = ReadonlyArray<'ignore' | 'pipe'>;

function start(argv: readonly string[], options: Pick<RunOptions, 'env' | 'cwd'>, stdio: Stdio): ChildProcess {
	try {
		return spawn(argv[0]!, argv.slice(1), {
			stdio: [...stdio],
			// A process group of its own: a timeout ends its children too, a Ctrl-C at the daemon does not.
			detached: true,
			env: { ...process.env, LC_ALL: 'C', ...options.env },
			...(options.cwd === undefined ? {} : { cwd: options.cwd }),
		});
	} catch (error) {
		throw notStarted(argv, error as NodeJS.ErrnoException);
	}
}

function notStarted(argv: readonly string[], error: NodeJS.ErrnoException): CommandError {
	return new CommandError(argv, error.code === 'ENOENT' ? 'not found' : error.message, { cause: error });
}

/** Call it right after `start`: a child that was not started has no pid, reports it later, and may have no streams. */
function ended(child: ChildProcess, argv: readonly string[], event: 'exit' | 'close'): Promise<number> {
	return new Promise((resolve, reject) => {
		child.on('error', (error: NodeJS.ErrnoException) => {
			if (child.pid === undefined) reject(notStarted(argv, error));
		});
		child.once(event, (code: number | null, signal: NodeJS.Signals | null) => {
			if (child.pid !== undefined) resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']);
		});
	});
}

/** Also what a command left behind that ended itself: its number is not given anew while it names their group. */
function killGroup(child: ChildProcess): void {
	try {
		if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
	} catch {
		// They ended meanwhile.
	}
}

function collect(stream: Readable, onOutput?: (line: string) => void): () => string {
	const chunks: string[] = [];
	let rest = '';
	stream.setEncoding('utf8');
	stream.on('data', (chunk: string) => {
		chunks.push(chunk);
		if (onOutput === undefined) return;
		const lines = (rest + chunk).split('\n');
		rest = lines.pop()!;
		for (const line of lines) onOutput(`${line}\n`);
	});
	stream.on('end', () => {
		if (rest !== '') onOutput?.(`${rest}\n`);
	});
	return () => chunks.join('');
}
