/**
 * A whole host for one test file or for the demo: a network namespace, a root directory, a real kleened that manages
 * them, and `klee` as a user types it. `close` removes everything and fails when anything is left.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandOptions, Conversation, type Outcome, outputOf, run } from './command.ts';
import { createNamespace, removeNamespace, within } from './network-namespace.ts';
import { difference, mounts, processesOf, type Snapshot, snapshotOfNetwork } from './snapshot.ts';

const CHECKOUT = new URL('../..', import.meta.url).pathname;
export const KLEE = join(CHECKOUT, 'bin/klee');
export const KLEENED = join(CHECKOUT, 'bin/kleened');

export class TestHost {
	/** Everything of this host is below it. Short, because socket paths end at 107 bytes. */
	readonly folder: string;
	readonly root: string;
	readonly socket: string;
	/** Value of KLEE_HOST. */
	readonly url: string;
	/** Name of the network namespace that is this host's network. */
	readonly namespace: string;
	/** Network of the host and of the machine before kleened came. */
	#before: { readonly host: Snapshot; readonly machine: Snapshot } | undefined;
	#daemon: ChildProcess | undefined;

	private constructor(folder: string) {
		this.folder = folder;
		this.root = join(folder, 'root');
		this.socket = join(folder, 'kleened.sock');
		this.url = `http://${this.socket}`;
		this.namespace = `kleene-${process.pid}-${folder.slice(-6)}`;
	}

	/** @param prepare gives the host what it is to have before kleened comes, e.g. an uplink */
	static async start(prepare?: (namespace: string) => Promise<void>): Promise<TestHost> {
		const host = new TestHost(mkdtempSync(join(tmpdir(), 'k-')));
		try {
			mkdirSync(host.root);
			await createNamespace(host.namespace);
			await prepare?.(host.namespace);
			host.#before = { host: await snapshotOfNetwork(host.namespace), machine: await snapshotOfNetwork() };
			await host.startDaemon();
		} catch (error) {
			await host.#removeByForce();
			throw error;
		}
		return host;
	}

	/** Process id of kleened, undefined while it is down. */
	get daemonPid(): number | undefined {
		return this.#daemon?.pid;
	}

	get log(): string {
		return readFileSync(join(this.folder, 'kleened.log'), 'utf8');
	}

	async startDaemon(...more: readonly string[]): Promise<void> {
		const log = openSync(join(this.folder, 'kleened.log'), 'a');
		const args = ['--root', this.root, '--host', this.url, '--netns', this.namespace, ...more];
		// In a process group of its own: Ctrl-C in the demo's terminal is not for the daemon.
		const daemon = spawn(KLEENED, args, { stdio: ['ignore', log, log], cwd: '/', detached: true });
		closeSync(log);
		this.#daemon = daemon;
		daemon.once('exit', () => {
			if (this.#daemon === daemon) this.#daemon = undefined;
		});
		for (let tries = 0; !(await this.#answers()); tries += 1) {
			if (this.#daemon !== daemon || tries > 500) throw new Error(`kleened did not start:\n${this.log}`);
			await new Promise((resolve) => setTimeout(resolve, 20));
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

	/** What a user's shell would hand over, and nothing else of the test's own environment. */
	get environment(): NodeJS.ProcessEnv {
		const path = process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin';
		return { PATH: path, HOME: this.folder, TERM: 'xterm', LANG: 'C.UTF-8', KLEE_HOST: this.url };
	}

	klee(...args: readonly string[]): Promise<Outcome> {
		return this.kleeWith({}, ...args);
	}

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

	/** `klee ...` that goes on while the test types; with a terminal of this size where one is given. */
	converse(args: readonly string[], terminal?: { readonly rows: number; readonly columns: number }): Conversation {
		if (!terminal) return new Conversation([KLEE, ...args], this.environment);
		const size = `stty rows ${terminal.rows} cols ${terminal.columns}`;
		const command = `${size}; exec ${[KLEE, ...args].map(quoted).join(' ')}`;
		return new Conversation(['script', '--quiet', '--return', '--command', command, '/dev/null'], this.environment);
	}

	/** Runs a command on this host's network, e.g. `ip link`. */
	inside(...argv: readonly string[]): Promise<Outcome> {
		return run([...within(this.namespace), ...argv]);
	}

	insideOutput(...argv: readonly string[]): Promise<string> {
		return outputOf([...within(this.namespace), ...argv]);
	}

	/** What differs from the moment before kleened was first started. */
	async changes(): Promise<string[]> {
		if (!this.#before) return [];
		return [
			...difference(this.#before.host, await snapshotOfNetwork(this.namespace)),
			...difference(this.#before.machine, await snapshotOfNetwork()).map((line) => `machine ${line}`),
		];
	}

	/** What is still mounted or running for this host's root directory; kleened itself does not count. */
	leftovers(): string[] {
		return [
			...mounts()
				.filter((line) => line.includes(this.root))
				.map((line) => `+ mount: ${line}`),
			...processesOf(this.root)
				.filter(({ pid }) => pid !== this.daemonPid)
				.map(({ pid, command }) => `+ process: ${pid} ${command}`),
		];
	}

	async removeContainers(): Promise<void> {
		const containers = await this.kleeJson<{ id: string }[]>('lsc', '-a');
		if (containers.length > 0) await this.kleeOutput('rmc', '-f', ...containers.map(({ id }) => id));
	}

	/** Removes all containers and networks the way a user does. */
	async removeEverything(): Promise<void> {
		await this.removeContainers();
		const networks = await this.kleeJson<{ id: string }[]>('lsn');
		if (networks.length > 0) await this.kleeOutput('rmn', ...networks.map(({ id }) => id));
	}

	/** @throws when kleened does not end properly or anything is left of what it made. */
	async close(): Promise<void> {
		try {
			if (!this.#daemon) await this.startDaemon();
			await this.removeEverything();
			const code = await this.stopDaemon();
			const left = [...(await this.changes()), ...this.leftovers()];
			if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}\n${this.log}`);
			if (code !== 0) throw new Error(`kleened ended with ${code}:\n${this.log}`);
		} finally {
			await this.#removeByForce();
		}
	}

	/** After a failure: our processes by their ids, our mounts, our folder. */
	async #removeByForce(): Promise<void> {
		await this.stopDaemon('SIGKILL');
		for (const { pid } of processesOf(this.root)) {
			try {
				process.kill(pid, 'SIGKILL');
			} catch {
				// Gone meanwhile.
			}
		}
		const below = mounts().map((line) => line.split(' ')[1] ?? '');
		for (const path of below.filter((path) => path.startsWith(`${this.folder}/`)).reverse())
			await run(['umount', '--lazy', path]);
		await removeNamespace(this.namespace);
		rmSync(this.folder, { recursive: true, force: true });
	}
}

function quoted(word: string): string {
	return `'${word.replaceAll("'", `'\\''`)}'`;
}
