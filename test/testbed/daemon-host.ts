/**
 * A kleened of a test's own and `klee` as a user types it, whatever host the daemon manages. What that host is and how
 * it is looked at, the classes say that extend this one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CommandOptions, Conversation, type Outcome, run } from './command.ts';
import { MISFIT } from './openapi/response-check.ts';
import { COMPILE_CACHE, KLEE, KLEENED, RESPONSE_CHECK } from './programs/paths.ts';
import { runInThread } from './programs/threads.ts';

export { KLEE, KLEENED } from './programs/paths.ts';

export abstract class DaemonHost {
	/** Everything of this host is below it. Short, because socket paths end at 107 bytes. */
	readonly folder: string;
	readonly root: string;
	readonly socket: string;
	/** Value of KLEE_HOST. */
	readonly url: string;
	#daemon: ChildProcess | undefined;
	readonly #company: { close(): Promise<void> }[] = [];

	protected constructor() {
		this.folder = mkdtempSync(join(tmpdir(), 'k-'));
		this.root = join(this.folder, 'root');
		this.socket = join(this.folder, 'kleened.sock');
		this.url = `http://${this.socket}`;
		mkdirSync(this.root);
	}

	/** What is to be closed together with this host, e.g. the world outside of it. */
	takeAlong(one: { close(): Promise<void> }): void {
		this.#company.push(one);
	}

	/** Of kleened. What benchmarks measure, who set the variable, is the daemon without checks of its responses. */
	protected get nodeOptions(): string {
		return process.env.KLEENE_DAEMON_NODE_OPTIONS ?? `--import=${RESPONSE_CHECK}`;
	}

	/** Options of kleened that say which host is its own. */
	protected abstract place(): readonly string[];

	/** What starts the daemon; its options follow. */
	protected command(): readonly string[] {
		return [KLEENED];
	}

	/** What differs on the host from the moment before kleened was first started. */
	abstract changes(): Promise<string[]>;

	/** What is still mounted or running for this host's root directory; kleened itself does not count. */
	abstract leftovers(): Promise<string[]> | string[];

	/** After a failure: whatever is left of ours on the host. */
	protected abstract removeFromHost(): Promise<void>;

	/** Process id of kleened, undefined while it is down. */
	get daemonPid(): number | undefined {
		return this.#daemon?.pid;
	}

	get log(): string {
		return readFileSync(join(this.folder, 'kleened.log'), 'utf8');
	}

	async startDaemon(...more: readonly string[]): Promise<void> {
		const log = openSync(join(this.folder, 'kleened.log'), 'a');
		const args = ['--root', this.root, '--host', this.url, ...this.place(), ...more];
		// In a process group of its own: Ctrl-C in the demo's terminal is not for the daemon.
		const [program = KLEENED, ...before] = this.command();
		const daemon = spawn(program, [...before, ...args], {
			stdio: ['ignore', log, log],
			cwd: '/',
			detached: true,
			env: { ...process.env, NODE_COMPILE_CACHE: COMPILE_CACHE, NODE_OPTIONS: this.nodeOptions },
		});
		closeSync(log);
		this.#daemon = daemon;
		daemon.once('exit', () => {
			if (this.#daemon === daemon) this.#daemon = undefined;
		});
		for (let tries = 0; !(await this.#answers()); tries += 1) {
			if (this.#daemon !== daemon || tries > 3000) throw new Error(`kleened did not start:\n${this.log}`);
			await sleep(20);
		}
	}

	#answers(): Promise<boolean> {
		return new Promise((resolve) => {
			const socket = connect(this.socket, () => {
				socket.destroy();
				resolve(true);
			});
			socket.once('error', () => resolve(false));
		});
	}

	/** SIGTERM lets it say goodbye, SIGKILL is the crash. Resolves with its exit code, or null after a signal. */
	async stopDaemon(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
		const daemon = this.#daemon;
		if (!daemon) return null;
		const exit = new Promise<number | null>((resolve) => daemon.once('exit', resolve));
		daemon.kill(signal);
		return exit;
	}

	/** What a user's shell would hand over, and nothing else of the test's own environment but the cache. */
	get environment(): NodeJS.ProcessEnv {
		const PATH = process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin';
		const shell = { PATH, HOME: this.folder, TERM: 'xterm', LANG: 'C.UTF-8' };
		return { ...shell, KLEE_HOST: this.url, NODE_COMPILE_CACHE: COMPILE_CACHE };
	}

	/** `klee ...` without input, in a thread of this process. */
	klee(...args: readonly string[]): Promise<Outcome> {
		return runInThread({ words: args, env: this.environment });
	}

	/** `klee ...` in a process of its own, as a shell starts it. */
	kleeWith(options: CommandOptions, ...args: readonly string[]): Promise<Outcome> {
		return run([KLEE, ...args], { env: this.environment, cwd: this.folder, ...options });
	}

	/** Standard output of a klee command that must succeed, without the final newline. */
	async kleeOutput(...args: readonly string[]): Promise<string> {
		const { stdout, stderr, code } = await this.klee(...args);
		if (code !== 0) throw new Error(`klee ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
		return stdout.trimEnd();
	}

	async kleeJson<T>(...args: readonly string[]): Promise<T> {
		return JSON.parse(await this.kleeOutput(...args, '--json')) as T;
	}

	/**
	 * `klee ...` that goes on while the test types; with a terminal of this size where one is given.
	 *
	 * @param by script of a shell that starts it, as `"$@"`
	 */
	converse(
		args: readonly string[],
		terminal?: { readonly rows: number; readonly columns: number },
		environment = this.environment,
		by?: string,
	): Conversation {
		if (by !== undefined) return new Conversation(['/bin/sh', '-c', by, 'sh', KLEE, ...args], environment);
		if (!terminal) return new Conversation([KLEE, ...args], environment);
		const size = `stty rows ${terminal.rows} cols ${terminal.columns}`;
		const command = `${size}; exec ${[KLEE, ...args].map(quoted).join(' ')}`;
		return new Conversation(['script', '--quiet', '--return', '--command', command, '/dev/null'], environment);
	}

	async removeContainers(): Promise<void> {
		const ids = async () => (await this.kleeJson<{ id: string }[]>('lsc', '-a')).map(({ id }) => id);
		const there = await ids();
		if (there.length === 0) return;
		const { stderr } = await this.klee('rmc', '-f', ...there);
		// One of `run --rm` may have gone by itself meanwhile.
		if (stderr !== '' && (await ids()).length > 0) throw new Error(`containers cannot be removed:\n${stderr}`);
	}

	/** Removes all containers and networks the way a user does. */
	async removeEverything(): Promise<void> {
		await this.removeContainers();
		const networks = await this.kleeJson<{ id: string }[]>('lsn');
		if (networks.length > 0) await this.kleeOutput('rmn', ...networks.map(({ id }) => id));
		const volumes = await this.kleeJson<{ name: string }[]>('lsv');
		if (volumes.length > 0) await this.kleeOutput('rmv', ...volumes.map(({ name }) => name));
	}

	/** @throws when kleened does not end properly or anything is left of what it made. */
	async close(): Promise<void> {
		try {
			if (!this.#daemon) await this.startDaemon();
			await this.removeEverything();
			const code = await this.stopDaemon();
			const left = [...(await this.changes()), ...(await this.lastingLeftovers())];
			if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}\n${this.log}`);
			const misfits = this.log.split('\n').filter((line) => line.includes(MISFIT));
			if (misfits.length > 0) throw new Error(`responses that /openapi.json does not allow:\n${misfits.join('\n')}`);
			if (code !== 0) throw new Error(`kleened ended with ${code}:\n${this.log}`);
		} finally {
			await this.removeByForce();
		}
	}

	/** Leftovers after five seconds at the most: conmon tells of the end of a container before it ends itself. */
	async lastingLeftovers(): Promise<string[]> {
		for (const start = performance.now(); ; await sleep(50)) {
			const left = await this.leftovers();
			if (left.length === 0 || performance.now() - start > 5000) return left;
		}
	}

	protected async removeByForce(): Promise<void> {
		await this.stopDaemon('SIGKILL');
		await this.removeFromHost();
		for (const one of this.#company) await one.close();
		rmSync(this.folder, { recursive: true, force: true });
	}
}

function quoted(word: string): string {
	return `'${word.replaceAll("'", `'\\''`)}'`;
}
