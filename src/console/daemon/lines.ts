import { CONSOLE_ENDED, type Refusal, refusalIn } from './refusal.ts';

/** Whether a stream runs, and if not, why. It goes on by itself once the reason has gone. */
export type StreamState = { readonly kind: 'live' } | { readonly kind: 'away'; readonly refusal: Refusal };

export interface LineListener<T> {
	/** Lines that came together, in order. After each `live` the stream begins anew. */
	lines(values: readonly T[]): void;
	state(state: StreamState): void;
}

/** Milliseconds until the next try, by the number of failures before it. */
const DELAYS = [200, 500, 1000, 2000];
/** Close code of a daemon that left; other codes: the connection broke off. */
const NORMAL = 1000;

/**
 * Follows a stream of JSON lines of the daemon, over a WebSocket: a browser opens six connections to a host for requests, in
 * all tabs together, and streams hold theirs. Connects again when the stream ends.
 *
 * @param path e.g. `/topology/changes`
 * @returns a function that ends it
 */
export function followLines<T>(path: string, listener: LineListener<T>): () => void {
	const stream = new LineStream(path, listener);
	return () => stream.end();
}

class LineStream<T> {
	readonly #path: string;
	readonly #listener: LineListener<T>;
	#socket: WebSocket | undefined;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#failures = 0;
	/** Whether the first frame has come. */
	#begun = false;
	#ended = false;

	constructor(path: string, listener: LineListener<T>) {
		this.#path = path;
		this.#listener = listener;
		this.#connect();
	}

	end(): void {
		this.#ended = true;
		clearTimeout(this.#timer);
		this.#leave();
	}

	#connect(): void {
		this.#begun = false;
		const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/stream${this.#path}`);
		this.#socket = socket;
		socket.onmessage = ({ data }: MessageEvent<string>) => {
			if (this.#socket === socket) this.#take(data);
		};
		socket.onclose = ({ code, reason }) => {
			if (this.#socket === socket) void this.#close(code, reason);
		};
	}

	#take(data: string): void {
		if (this.#begun) {
			const lines = data.split('\n').filter((line) => line !== '');
			this.#listener.lines(lines.map((line) => JSON.parse(line) as T));
			return;
		}
		this.#begun = true;
		const { status, refusal } = JSON.parse(data) as { status: number; refusal?: unknown };
		if (status === 200) {
			this.#failures = 0;
			this.#listener.state({ kind: 'live' });
		} else this.#retry(refusalIn(refusal, status));
	}

	async #close(code: number, reason: string): Promise<void> {
		if (!this.#begun) return this.#retry(await whyNoConnection());
		const why = code === NORMAL ? 'kleened was stopped' : reason || 'the connection broke off';
		this.#retry({
			code: 'DAEMON_UNREACHABLE',
			what: 'the daemon has gone',
			why,
			hint: 'start it again; the page goes on by itself',
		});
	}

	/** What still comes of the connection is of the past. */
	#leave(): void {
		this.#socket?.close();
		this.#socket = undefined;
	}

	#retry(refusal: Refusal): void {
		if (this.#ended) return;
		this.#leave();
		this.#listener.state({ kind: 'away', refusal });
		const delay = DELAYS[Math.min(this.#failures, DELAYS.length - 1)];
		this.#failures += 1;
		this.#timer = setTimeout(() => {
			this.#timer = undefined;
			this.#connect();
		}, delay);
	}
}

/** A browser does not tell why a WebSocket was refused. */
async function whyNoConnection(): Promise<Refusal> {
	try {
		const response = await fetch('/console.json');
		const body: unknown = await response.json();
		return response.ok ? CONSOLE_ENDED : refusalIn(body, response.status);
	} catch {
		return CONSOLE_ENDED;
	}
}
