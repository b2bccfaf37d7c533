import { setTimeout as delay } from 'node:timers/promises';
import { refuseExhausted } from '#errors/exhaustion.ts';
import { isKleeneError } from '#errors/kleene-error.ts';
import type { Opened } from '#os/exec.ts';
import { type ExchangeContext, exchange } from './exchange.ts';
import { exchangeArguments } from './exchange-script.ts';
import { asOneLine, prologue, READ_ONE_LINE } from './prologue.ts';
import { lines, type Script } from './quote.ts';
import { EVERY_ONE, settleScript } from './settle.ts';
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
/** Until a precondition that was lost is seen to. */
const SOON = 1000;

/** Starts `/bin/sh` on a host: the only difference between local and remote hosts. */
export interface Way {
	/** There is a connection, made when there was none. Throws KleeneError (HOST_UNREACHABLE, CONFIG_INVALID). */
	ready(): Promise<void>;
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
	/** Tokens of exchanges that may still be at work on the host; at first those of daemons before this one. */
	readonly #unsettled = new Set([EVERY_ONE]);
	readonly #late = new Set<string>();
	/** Numbers of the notes on the host that are in use; of exchanges whose outcome is not known, by their tokens. */
	readonly #notes = new Set<number>();
	readonly #unknown = new Map<string, number>();
	#settling: Promise<void> | undefined;

	constructor(way: Way, options: HostShellOptions) {
		this.#way = way;
		this.#options = options;
		options.precondition?.onLost(() => this.#againSoon());
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
		return this.#open(script);
	}

	/** @throws KleeneError HOST_EXHAUSTED where this machine lacks what a process takes */
	async #start(shellArguments: readonly string[]): Promise<Opened> {
		try {
			return await this.#way.start(shellArguments);
		} catch (error) {
			throw refuseExhausted('cannot ask the host', error);
		}
	}

	async #open(script: Script): Promise<ShellSession> {
		const child = await this.#start(READ_ONE_LINE);
		child.stdin.write(asOneLine(lines(prologue(this.#options.path), script)));
		const exited = child.exited.then((code) => {
			if (this.#way.lostBy(code)) throw new ConnectionLost(`exit code ${code}`, { started: true });
			return code;
		});
		exited.catch(() => {});
		const close = () => {
			if (this.#way.startsClients) child.kill('SIGTERM');
			child.abandon();
			this.#closing.signal.removeEventListener('abort', close);
		};
		this.#closing.signal.addEventListener('abort', close);
		return { stdin: child.stdin, stdout: child.stdout, stderr: child.stderr, exited, close };
	}

	onConnection(listener: (state: ConnectionState) => void): void {
		this.#way.onConnection(listener);
	}

	async close(): Promise<void> {
		await this.#options.precondition?.close();
		this.#closing.abort();
		await this.#way.close();
	}

	/** Without waiting for somebody who wants something done. */
	#againSoon(): void {
		const again = () => {
			if (!this.#closing.signal.aborted) this.#ready().catch(() => {});
		};
		setTimeout(again, SOON).unref();
	}

	/** There is a connection, what has to be so is so, and nothing is at work whose outcome is not known. */
	async #ready(): Promise<void> {
		await this.#way.ready();
		await this.#options.precondition?.ensure((script) => this.#open(script));
		while (this.#unsettled.size > 0) {
			this.#settling ??= this.#settle([...this.#unsettled]).finally(() => {
				this.#settling = undefined;
			});
			await this.#settling;
		}
	}

	async #settle(tokens: readonly string[]): Promise<void> {
		const { batch, path, settle = SETTLE } = this.#options;
		if (batch !== undefined) {
			const patience = (token: string) => (this.#late.has(token) ? 0 : settle);
			const sections = tokens.map((token) => ({
				name: 'earlier',
				script: settleScript(batch, token, patience(token)),
			}));
			await this.#exchangeAt(path === undefined ? {} : { path }, sections, { keepGoing: true });
		}
		for (const token of tokens) {
			this.#unsettled.delete(token);
			this.#late.delete(token);
			this.#notes.delete(this.#unknown.get(token) ?? -1);
			this.#unknown.delete(token);
		}
	}

	/** One that took too long has had its time. */
	#noteUnknown(token: string, late: boolean): void {
		this.#unsettled.add(token);
		if (!late) return;
		this.#late.add(token);
		this.#ready().catch(() => {});
	}

	/** The file that notes an exchange is used again by the next: see `exchangeScript`. */
	async #exchange(sections: readonly Section[], options: ExchangeOptions): Promise<SectionResult[]> {
		const { batch, path } = this.#options;
		const withPath = path === undefined ? {} : { path };
		if (batch === undefined) return await this.#exchangeAt(withPath, sections, options);
		const number = lowestFree(this.#notes);
		this.#notes.add(number);
		let lost = false;
		const onLost = (token: string) => {
			lost = true;
			this.#unknown.set(token, number);
		};
		try {
			return await this.#exchangeAt({ note: `${batch}/${number}`, ...withPath }, sections, options, onLost);
		} finally {
			if (!lost) this.#notes.delete(number);
		}
	}

	async #exchangeAt(
		place: ExchangeContext['place'],
		sections: readonly Section[],
		options: ExchangeOptions,
		onLost?: (token: string) => void,
	): Promise<SectionResult[]> {
		return await exchange(sections, options, {
			start: (token) => this.#start(exchangeArguments(token)),
			place,
			client: this.#way.startsClients,
			lostBy: (code) => this.#way.lostBy(code),
			onUnknown: (token, late) => {
				onLost?.(token);
				this.#noteUnknown(token, late);
			},
			signal: this.#closing.signal,
		});
	}
}

function lowestFree(taken: ReadonlySet<number>): number {
	let number = 0;
	while (taken.has(number)) number += 1;
	return number;
}

function isLoss(error: unknown): boolean {
	return error instanceof ConnectionLost || (isKleeneError(error) && error.code === 'HOST_UNREACHABLE');
}
