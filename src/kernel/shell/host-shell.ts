import { setTimeout as delay } from 'node:timers/promises';
import { isKleeneError } from '#errors/kleene-error.ts';
import type { Opened } from '#kernel/exec.ts';
import { exchange } from './exchange.ts';
import { exchangeArguments } from './exchange-script.ts';
import { asOneLine, prologue, READ_ONE_LINE } from './prologue.ts';
import { lines, type Script } from './quote.ts';
import { settleScript } from './settle.ts';
import {
	ConnectionLost,
	type ConnectionState,
	type ExchangeOptions,
	type Section,
	type SectionResult,
	type Shell,
	type ShellOptions,
	type ShellSession,
} from './shell.ts';

/** Milliseconds. */
const SETTLE = 10_000;
const PATIENCE = 30_000;
/** Between two attempts to repeat, when the way was lost and was back at once. */
const AGAIN = 50;

/** How `/bin/sh` is started on a host: all in which hosts differ. */
export interface Way {
	/**
	 * A number for the connection that there is now, made when there was none. Throws KleeneError (HOST_UNREACHABLE,
	 * CONFIG_INVALID).
	 */
	ready(): Promise<number>;
	/** `/bin/sh` with these arguments. */
	start(shellArguments: readonly string[]): Promise<Opened>;
	/** Whether this exit code may mean that the way was lost. */
	lostBy(code: number): boolean;
	/** Whether what `start` gives is only a client, to be ended without ending what it is a client of. */
	readonly startsClients: boolean;
	onConnection(listener: (state: ConnectionState) => void): void;
	close(): Promise<void>;
}

export interface HostShellOptions extends ShellOptions {
	/** Milliseconds for which an exchange that may be repeated waits for a host that is out of reach. Default 30000. */
	readonly patience?: number;
}

/** A shell over any way. */
export class HostShell implements Shell {
	readonly #way: Way;
	readonly #options: HostShellOptions;
	readonly #closing = new AbortController();
	#settled: { readonly connection: number; readonly done: Promise<void> } | undefined;

	constructor(way: Way, options: HostShellOptions) {
		this.#way = way;
		this.#options = options;
	}

	async exchange(sections: readonly Section[], options: ExchangeOptions = {}): Promise<SectionResult[]> {
		const deadline = Date.now() + (this.#options.patience ?? PATIENCE);
		for (;;) {
			try {
				await this.#ready();
				return await this.#exchange(sections, options);
			} catch (error) {
				if (!options.repeatable || !isLoss(error) || Date.now() > deadline || this.#closing.signal.aborted) throw error;
				await delay(AGAIN);
			}
		}
	}

	async open(script: Script): Promise<ShellSession> {
		await this.#ready();
		const child = await this.#way.start(READ_ONE_LINE);
		child.stdin.write(asOneLine(lines(prologue(this.#options.path), script)));
		const exited = child.exited.then((code) => {
			if (this.#way.lostBy(code)) throw new ConnectionLost(`exit code ${code}`, { started: true });
			return code;
		});
		exited.catch(() => {});
		const close = () => {
			if (this.#way.startsClients) child.kill('SIGTERM');
			for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
			this.#closing.signal.removeEventListener('abort', close);
		};
		this.#closing.signal.addEventListener('abort', close);
		return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, exited, close };
	}

	onConnection(listener: (state: ConnectionState) => void): void {
		this.#way.onConnection(listener);
	}

	async close(): Promise<void> {
		this.#closing.abort();
		await this.#way.close();
	}

	/** There is a connection, and nothing of an earlier one is at work. */
	async #ready(): Promise<void> {
		const connection = await this.#way.ready();
		if (this.#settled?.connection !== connection) {
			const done = this.#settle();
			this.#settled = { connection, done };
			done.catch(() => {
				this.#settled = undefined;
			});
		}
		await this.#settled!.done;
	}

	async #settle(only?: string): Promise<void> {
		const { batch, path, settle = SETTLE } = this.#options;
		if (batch === undefined) return;
		const section = { name: 'earlier exchanges', script: settleScript(batch, only === undefined ? settle : 0, only) };
		await this.#exchange([section], {}, path === undefined ? {} : { path });
	}

	async #exchange(
		sections: readonly Section[],
		options: ExchangeOptions,
		shell: Pick<ShellOptions, 'batch' | 'path'> = this.#options,
	): Promise<SectionResult[]> {
		return await exchange(sections, options, {
			start: (token) => this.#way.start(exchangeArguments(token)),
			shell,
			client: this.#way.startsClients,
			lostBy: (code) => this.#way.lostBy(code),
			onLate: (token) => this.#settle(token).catch(() => {}),
			signal: this.#closing.signal,
		});
	}
}

function isLoss(error: unknown): boolean {
	return error instanceof ConnectionLost || (isKleeneError(error) && error.code === 'HOST_UNREACHABLE');
}
