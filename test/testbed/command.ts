/** Runs a command the way a user's shell would, and keeps what it said. */
import { type ChildProcess, spawn } from 'node:child_process';

export interface Outcome {
	readonly stdout: string;
	readonly stderr: string;
	/** Exit code; 128 + 15 when a signal ended it. */
	readonly code: number;
}

export interface CommandOptions {
	readonly env?: NodeJS.ProcessEnv;
	readonly cwd?: string;
	/** Given: written to standard input, which is then closed. Otherwise standard input is empty. */
	readonly input?: string | Buffer;
	/** Milliseconds; the command is killed after that. Default 60000. */
	readonly timeout?: number;
	/** Standard error goes where standard output does, as on a terminal. */
	readonly together?: boolean;
	/** Called with each piece of output as it comes. */
	readonly onOutput?: (text: string) => void;
}

export function run(argv: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
	const [file = '', ...args] = options.together ? ['/bin/sh', '-c', 'exec "$@" 2>&1', 'sh', ...argv] : argv;
	const child = spawn(file, args, {
		env: options.env ?? process.env,
		...(options.cwd ? { cwd: options.cwd } : {}),
		stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
		timeout: options.timeout ?? 60_000,
		killSignal: 'SIGKILL',
	});
	// A command may end without reading what it was given.
	child.stdin?.on('error', () => undefined);
	if (options.input !== undefined) child.stdin?.end(options.input);
	return outcomeOf(child, options);
}

function outcomeOf(child: ChildProcess, { onOutput }: CommandOptions): Promise<Outcome> {
	let stdout = '';
	let stderr = '';
	child.stdout?.setEncoding('utf8').on('data', (text: string) => {
		stdout += text;
		onOutput?.(text);
	});
	child.stderr?.setEncoding('utf8').on('data', (text: string) => {
		stderr += text;
		onOutput?.(text);
	});
	return new Promise((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code) => resolve({ stdout, stderr, code: code ?? 143 }));
	});
}

/** Standard output of a command that must succeed. */
export async function outputOf(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
	const { stdout, stderr, code } = await run(argv, options);
	if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${stderr || stdout}`);
	return stdout;
}

/** A command that goes on while the test talks to it. */
export class Conversation {
	readonly child: ChildProcess;
	readonly ended: Promise<Outcome>;
	#output = '';
	#read = 0;
	#waiting: (() => void) | undefined;

	constructor(argv: readonly string[], env: NodeJS.ProcessEnv) {
		const [file = '', ...args] = argv;
		this.child = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'pipe'], timeout: 120_000, killSignal: 'SIGKILL' });
		this.child.stdin?.on('error', () => undefined);
		this.ended = outcomeOf(this.child, {
			onOutput: (text) => {
				this.#output += text;
				this.#waiting?.();
			},
		});
		void this.ended.then(() => this.#waiting?.());
	}

	/** Everything it has printed so far. */
	get output(): string {
		return this.#output;
	}

	type(text: string): void {
		this.child.stdin?.write(text);
	}

	endInput(): void {
		this.child.stdin?.end();
	}

	/** Waits until output that was not waited for before matches. */
	async until(pattern: RegExp, timeout = 45_000): Promise<RegExpExecArray> {
		const deadline = Date.now() + timeout;
		for (;;) {
			const match = pattern.exec(this.#output.slice(this.#read));
			if (match) {
				this.#read += match.index + match[0].length;
				return match;
			}
			const left = deadline - Date.now();
			if (left <= 0 || this.child.exitCode !== null)
				throw new Error(`waited for ${pattern}, got: ${JSON.stringify(this.#output.slice(this.#read))}`);
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, Math.min(left, 100));
				this.#waiting = () => {
					clearTimeout(timer);
					resolve();
				};
			});
		}
	}
}
