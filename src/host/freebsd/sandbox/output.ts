import type { Readable } from 'node:stream';
import { MOST_INPUT, ProcessStreams } from '#host/process-streams.ts';
import type { ShellSession } from '#os/shell/shell.ts';
import { Splitter } from '#os/shell/splitter.ts';
import { MARK_END, markOf } from './launch.ts';

/** Report of `run.sh` at the end of a process. */
export interface ToldEnd {
	readonly code: number;
	/** No process was left in the container. */
	readonly last: boolean;
}

/** End of input on a terminal (EOT). */
const END_OF_INPUT = Buffer.from([4]);
/** Milliseconds for the session to end after the process: it does unless somebody else holds its streams. */
const LEAVE = 1000;
/** Of what is said by a session that never began. */
const SAID = 4000;

/** One of the two streams of a session. */
class Side {
	readonly begun = Promise.withResolvers<void>();
	/** Undefined: the stream ended, and nobody told how the process did. */
	readonly end = Promise.withResolvers<ToldEnd | undefined>();
	/** Output before the start of the process. */
	said = '';
	#state: 'before' | 'during' | 'after' = 'before';

	constructor(stream: Readable, token: string, give: (chunk: Buffer) => void) {
		const take = (bytes: Buffer) => {
			if (this.#state === 'during') give(bytes);
			else if (this.#state === 'before') this.said = `${this.said}${bytes}`.slice(-SAID);
		};
		const splitter = new Splitter({ begin: markOf(token), end: MARK_END }, take, (mark) => this.#mark(mark));
		stream.on('data', (chunk: Buffer) => splitter.push(chunk));
		stream.once('close', () => {
			splitter.flush();
			this.end.resolve(undefined);
		});
	}

	#mark(mark: string): void {
		if (mark === 'begin') {
			this.#state = 'during';
			this.begun.resolve();
			return;
		}
		const [code, last] = mark.split(' ').map(Number);
		this.#state = 'after';
		this.end.resolve({ code: code! & 0xff, last: last === 1 });
	}
}

/** The input and output of a process over a session that runs `attachScript`. */
export class SessionStreams extends ProcessStreams {
	readonly #session: ShellSession;
	readonly #tty: boolean;
	readonly #stdin: boolean;
	readonly #onInputEnd: () => void;
	readonly #stdout: Side;
	readonly #stderr: Side;
	/** End of the process, after all of its output was delivered; undefined: the session ended before it. */
	readonly ended: Promise<ToldEnd | undefined>;
	/** Whether the session ended by itself after it; otherwise it was closed from here, and is to be released there. */
	readonly gone: Promise<boolean>;

	/** @param onInputEnd called when no input is to come any more */
	constructor(
		session: ShellSession,
		{ token, tty, stdin }: { readonly token: string; readonly tty: boolean; readonly stdin: boolean },
		onInputEnd: () => void = () => {},
	) {
		super();
		this.#session = session;
		this.#tty = tty;
		this.#stdin = stdin;
		this.#onInputEnd = onInputEnd;
		this.#stdout = new Side(session.stdout, token, (chunk) => this.give('stdout', chunk));
		this.#stderr = new Side(session.stderr, token, (chunk) => this.give('stderr', chunk));
		// A terminal has one stream.
		const sides = tty ? [this.#stdout] : [this.#stdout, this.#stderr];
		this.ended = Promise.all(sides.map(({ end }) => end.promise)).then(([out, err = out]) => out && err);
		this.gone = this.ended.then(() => this.#leave());
		// The stream tells of the one after a `write` that filled it, and takes nothing any more once it is closed.
		for (const event of ['drain', 'close']) session.stdin.on(event, () => this.drained());
	}

	/** False: the streams are held by others than the process, so the session does not end by itself. */
	async #leave(): Promise<boolean> {
		this.resume();
		const closed = [this.#session.stdout, this.#session.stderr].map(
			(stream) => stream.closed || new Promise((resolve) => stream.once('close', resolve)),
		);
		let timer: NodeJS.Timeout | undefined;
		const late = new Promise<false>((resolve) => {
			timer = setTimeout(resolve, LEAVE, false);
		});
		const ended = await Promise.race([Promise.all(closed).then(() => true), late]);
		clearTimeout(timer);
		this.#session.close();
		return ended;
	}

	/** Resolves with undefined when the process was started, otherwise with what the host said instead. */
	async begun(): Promise<string | undefined> {
		const both = Promise.all([this.#stdout.begun.promise, this.#stderr.begun.promise]);
		const over = Promise.all([this.#stdout.end.promise, this.#stderr.end.promise]);
		const began = await Promise.race([both.then(() => true), over.then(() => false)]);
		if (began) return undefined;
		return [this.#stderr.said, this.#stdout.said].find((said) => said.trim() !== '') ?? '';
	}

	write(chunk: Buffer): boolean {
		const { stdin } = this.#session;
		if (!this.#stdin || !stdin.writable) return true;
		stdin.write(chunk);
		return stdin.writableLength < MOST_INPUT;
	}

	endInput(): void {
		if (!this.#stdin) return;
		if (this.#tty) return void this.#session.stdin.write(END_OF_INPUT);
		this.#session.stdin.end();
		this.#onInputEnd();
	}

	pause(): void {
		this.#session.stdout.pause();
		this.#session.stderr.pause();
	}

	resume(): void {
		this.#session.stdout.resume();
		this.#session.stderr.resume();
	}

	/** The process goes on: what it writes is read on the host and thrown away. */
	close(): void {
		this.#session.close();
	}
}
