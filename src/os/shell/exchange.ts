import { randomBytes } from 'node:crypto';
import { StringDecoder } from 'node:string_decoder';
import { messageOf } from '#errors/kleene-error.ts';
import type { Opened } from '#os/exec.ts';
import { exchangeScript, markOf } from './exchange-script.ts';
import { ConnectionLost, type ExchangeOptions, type Section, type SectionResult } from './shell.ts';
import { Splitter } from './splitter.ts';

/** Milliseconds for a shell to end by itself after its last mark; what it left running may hold its streams. */
const LEAVE = 500;
/** Of what is said where no exchange came to be. */
const SAID = 4096;

export interface ExchangeContext {
	/** Starts `/bin/sh -s <token>` on the host. */
	readonly start: (token: string) => Promise<Opened>;
	/** See `ExchangeText`. */
	readonly place: { readonly note?: string; readonly path?: string };
	/** Whether a shell that ends with this code may have ended because the way to the host was lost. */
	readonly lostBy: (code: number) => boolean;
	/** See `Way.startsClients`. */
	readonly client: boolean;
	/** Called before it throws ConnectionLost: a shell with this token may still be at work. */
	readonly onUnknown: (token: string, late: boolean) => void;
	/** Ends it from this side. */
	readonly signal: AbortSignal;
}

/** One exchange, from its first byte to its last mark. */
export async function exchange(
	sections: readonly Section[],
	options: ExchangeOptions,
	context: ExchangeContext,
): Promise<SectionResult[]> {
	const { start, place, lostBy, onUnknown, signal } = context;
	const token = randomBytes(16).toString('hex');
	const { keepGoing = false, together = false } = options;
	const script = exchangeScript({ token, sections, keepGoing, together, ...place });
	const child = await start(token);
	const reading = new Reading(token, sections, options);
	let late = false;
	const abort = () => reading.lose('the connection was closed');
	signal.addEventListener('abort', abort);
	child.stdout.on('data', (chunk: Buffer) => reading.stdout.push(chunk));
	child.stderr.on('data', (chunk: Buffer) => reading.stderr.push(chunk));
	bothClosed(child).then(
		(code) => (lostBy(code) ? reading.lose(`exit code ${code}`) : reading.fail(code)),
		(error) => reading.lose(messageOf(error)),
	);
	const { timeout } = options;
	const giveUp = (reason: string) => {
		late = true;
		reading.lose(reason);
	};
	const timer =
		timeout === undefined ? undefined : setTimeout(() => giveUp(`no end within ${timeout / 1000} s`), timeout);
	const cancel = () => giveUp('the exchange was cancelled');
	options.signal?.addEventListener('abort', cancel);
	if (options.signal?.aborted) cancel();
	try {
		child.stdin.end(script.text);
		return await reading.results;
	} catch (error) {
		if (error instanceof ConnectionLost) onUnknown(token, late);
		throw error;
	} finally {
		clearTimeout(timer);
		signal.removeEventListener('abort', abort);
		options.signal?.removeEventListener('abort', cancel);
		dismiss(child, context.client);
	}
}

function bothClosed(child: Opened): Promise<number> {
	const closed = [child.stdout, child.stderr].map((stream) => new Promise((resolve) => stream.once('close', resolve)));
	return Promise.all(closed).then(() => child.exited);
}

/** Nothing of interest comes any more. A shell that is still at work is not ended: only its outcome is not known. */
function dismiss(child: Opened, client: boolean): void {
	const timer = setTimeout(() => {
		if (client) child.kill('SIGTERM');
		child.abandon();
	}, LEAVE);
	bothClosed(child).finally(() => clearTimeout(timer));
}

/** Output of each section on one of the two streams. */
class Side {
	readonly pieces: Buffer[] = [];
	readonly codes: number[] = [];
	begun = false;
	ended = false;
	readonly #splitter: Splitter;
	#chunks: Buffer[] = [];

	constructor(token: string, onBytes: (bytes: Buffer, section: number) => void, onMark: () => void) {
		const take = (bytes: Buffer) => {
			if (this.ended) return;
			this.#chunks.push(bytes);
			if (this.begun) onBytes(bytes, this.codes.length);
		};
		const cut = (mark: string) => {
			if (mark === 'begin') this.begun = true;
			else if (mark === 'end') this.ended = true;
			else {
				this.pieces.push(Buffer.concat(this.#chunks));
				this.codes.push(Number(mark));
			}
			this.#chunks = [];
			onMark();
		};
		this.#splitter = new Splitter({ begin: markOf(token), end: '\n' }, take, cut);
	}

	push(chunk: Buffer): void {
		this.#splitter.push(chunk);
	}

	/** Output that belongs to no section yet. */
	left(): string {
		this.#splitter.flush();
		return Buffer.concat(this.#chunks).toString().slice(-SAID).trim();
	}
}

class Reading {
	readonly stdout: Side;
	readonly stderr: Side;
	readonly #sections: readonly Section[];
	readonly #options: ExchangeOptions;
	readonly #done: SectionResult[] = [];
	readonly #settled = Promise.withResolvers<SectionResult[]>();
	readonly results = this.#settled.promise;
	readonly #decoder = new StringDecoder();
	#line = '';

	constructor(token: string, sections: readonly Section[], options: ExchangeOptions) {
		this.#sections = sections;
		this.#options = options;
		this.stdout = new Side(
			token,
			(bytes, section) => this.#output(bytes, section),
			() => {
				this.#endLine();
				this.#advance();
			},
		);
		this.stderr = new Side(
			token,
			() => {},
			() => this.#advance(),
		);
	}

	/** Nothing more will be read, and what became of the rest is not known. Does nothing after the end. */
	lose(reason: string): void {
		const said = this.stderr.left();
		const why = said === '' ? reason : `${reason}: ${said}`;
		this.#settled.reject(new ConnectionLost(why, { started: true, done: this.#done }));
	}

	/** The shell itself did not do what it was asked to. */
	fail(code: number): void {
		const said = [this.stderr.left(), this.stdout.left()].find((text) => text !== '') ?? 'nothing';
		this.#settled.reject(new Error(`the shell of the host ended with exit code ${code} and said: ${said}`));
	}

	#output(bytes: Buffer, section: number): void {
		if (this.#options.onOutput === undefined) return;
		const lines = (this.#line + this.#decoder.write(bytes)).split('\n');
		this.#line = lines.pop()!;
		for (const line of lines) this.#options.onOutput(this.#sections[section]!.name, `${line}\n`);
	}

	/** The last line of a section need not end in a newline. */
	#endLine(): void {
		const rest = this.#line + this.#decoder.end();
		this.#line = '';
		if (rest !== '') this.#options.onOutput?.(this.#sections[this.stdout.codes.length - 1]!.name, `${rest}\n`);
	}

	#advance(): void {
		for (let next = this.#done.length; next < Math.min(this.stdout.codes.length, this.stderr.codes.length); next++) {
			const name = this.#sections[next]!.name;
			const [stdout, stderr] = [this.stdout, this.stderr].map(({ pieces }) => pieces[next]!.toString());
			const result = { name, code: this.stdout.codes[next]!, stdout: stdout!, stderr: stderr! };
			this.#done.push(result);
			this.#options.onSection?.(this.#done.length, result);
		}
		if (this.stdout.ended && this.stderr.ended) this.#settled.resolve(this.#done);
	}
}
