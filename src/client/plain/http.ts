/**
 * As much of HTTP/1.1 as a request to a daemon on this machine takes: one connection, one answer. `node:http` does more, but
 * it cannot be part of a start-up snapshot, and to load it takes a quarter of the time of a short command. In the bundle
 * `ws` opens its connections with this, too.
 */
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

/** Those of `http.request` that are heeded. */
export interface PlainRequestOptions {
	readonly method?: string;
	readonly path: string;
	readonly headers?: Readonly<Record<string, string | number>>;
	/** For the header of that name. */
	readonly host?: string | undefined;
	readonly port?: number | string | undefined;
	readonly createConnection: (options: PlainRequestOptions) => Socket;
}

export interface PlainHead {
	readonly statusCode: number;
	/** Names in lower case. */
	readonly headers: Readonly<Record<string, string>>;
}

/** For the server of `ws`: the answers by which it refuses a handshake. */
export const STATUS_CODES: Readonly<Record<number, string>> = {
	400: 'Bad Request',
	405: 'Method Not Allowed',
	426: 'Upgrade Required',
};

interface Events {
	/** The head of an answer. */
	response: [head: PlainHead];
	/** The whole body of it. */
	body: [bytes: Buffer];
	/** The connection is for another protocol now. `rest`: bytes of it that have come already. */
	upgrade: [head: PlainHead, socket: Socket, rest: Buffer];
	/** Nothing else comes after it. */
	error: [error: Error];
}

const END_OF_HEAD = '\r\n\r\n';
/** As that of `node:http`. */
const MOST_HEAD_BYTES = 16 * 1024;
const HTTP_PORT = 80;

export function request(options: PlainRequestOptions): PlainRequest {
	return new PlainRequest(options);
}

/** Connects at once, and sends when it is ended. */
export class PlainRequest extends EventEmitter<Events> {
	readonly socket: Socket;
	readonly #options: PlainRequestOptions;
	#chunks: Buffer[] = [];
	#size = 0;
	#head: PlainHead | undefined;
	#over = false;

	constructor(options: PlainRequestOptions) {
		super();
		this.#options = options;
		this.socket = options.createConnection(options);
		this.socket.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#fail).on('close', this.#onEnd);
	}

	/** @param body JSON */
	end(body?: string): void {
		const { method = 'GET', path, headers } = this.#options;
		const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
		const all = Object.entries({ Host: this.#host(), Connection: 'close', ...headers, ...length });
		const lines = [`${method} ${path} HTTP/1.1`, ...all.map(([name, value]) => `${name}: ${value}`)];
		this.socket.write(`${lines.join('\r\n')}${END_OF_HEAD}${body ?? ''}`);
	}

	/** Drops the connection. Nothing is emitted any more. */
	abort(): void {
		this.#release();
		this.socket.destroy();
	}

	/** Headers are given to the constructor. `ws` knows by this method that something is a request. */
	setHeader(): never {
		throw new Error('headers are given to the constructor');
	}

	#host(): string {
		const { host = 'localhost', port = HTTP_PORT } = this.#options;
		const name = host.includes(':') ? `[${host}]` : host;
		return Number(port) === HTTP_PORT ? name : `${name}:${port}`;
	}

	readonly #onData = (chunk: Buffer): void => {
		this.#chunks.push(chunk);
		this.#size += chunk.length;
		if (!this.#head) this.#readHead();
		const length = this.#head?.headers['content-length'];
		if (!this.#over && length !== undefined && this.#size >= Number(length)) this.#finish();
	};

	#readHead(): void {
		const bytes = Buffer.concat(this.#chunks);
		const end = bytes.indexOf(END_OF_HEAD);
		if (end < 0) {
			if (bytes.length > MOST_HEAD_BYTES) this.#fail(malformed('its head is too long'));
			return;
		}
		const head = parseHead(bytes.toString('latin1', 0, end));
		if (head) this.#begin(head, bytes.subarray(end + END_OF_HEAD.length));
		else this.#fail(malformed('it has no status'));
	}

	#begin(head: PlainHead, rest: Buffer): void {
		this.#chunks = [rest];
		this.#size = rest.length;
		if (head.statusCode === 101) {
			this.#release();
			this.emit('upgrade', head, this.socket, rest);
		} else if (head.statusCode < 200) this.#readHead();
		else {
			this.#head = head;
			this.emit('response', head);
		}
	}

	readonly #onEnd = (): void => {
		const { headers } = this.#head ?? {};
		if (!headers || headers['content-length'] !== undefined) this.#fail(cutShort());
		else this.#finish();
	};

	#finish(): void {
		const { 'transfer-encoding': encoding, 'content-length': length } = this.#head?.headers ?? {};
		const bytes = Buffer.concat(this.#chunks).subarray(0, length === undefined ? undefined : Number(length));
		const body = encoding?.toLowerCase() === 'chunked' ? joinChunks(bytes) : bytes;
		if (!body) this.#fail(cutShort());
		else {
			this.abort();
			this.emit('body', body);
		}
	}

	readonly #fail = (error: Error): void => {
		if (this.#over) return;
		this.abort();
		this.emit('error', error);
	};

	#release(): void {
		this.#over = true;
		this.socket.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#fail).off('close', this.#onEnd);
	}
}

/** For `ws`, which else looks for a package that does it, in every folder above. */
export function websocketMask(source: Buffer, mask: Buffer, output: Buffer, offset: number, length: number): void {
	for (let at = 0; at < length; at += 1) output[offset + at] = (source[at] ?? 0) ^ (mask[at & 3] ?? 0);
}

export function websocketUnmask(buffer: Buffer, mask: Buffer): void {
	websocketMask(buffer, mask, buffer, 0, buffer.length);
}

function parseHead(text: string): PlainHead | undefined {
	const [first = '', ...lines] = text.split('\r\n');
	const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first)?.[1];
	if (status === undefined) return undefined;
	const headers: Record<string, string> = Object.create(null);
	for (const line of lines) {
		const colon = line.indexOf(':');
		if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
	}
	return { statusCode: Number(status), headers };
}

/** RFC 9112, 7.1. @returns undefined where the last chunk is missing */
function joinChunks(bytes: Buffer): Buffer | undefined {
	const chunks: Buffer[] = [];
	for (let at = 0; ; ) {
		const end = bytes.indexOf('\r\n', at);
		const size = end < 0 ? Number.NaN : Number.parseInt(bytes.toString('latin1', at, end), 16);
		if (size === 0) return Buffer.concat(chunks);
		at = end + 2;
		if (!(at + size + 2 <= bytes.length)) return undefined;
		chunks.push(bytes.subarray(at, at + size));
		at += size + 2;
	}
}

function malformed(why: string): Error {
	return Object.assign(new Error(`the answer is no HTTP: ${why}`), { code: 'HPE_INVALID_CONSTANT' });
}

/** As `node:http` has it. */
function cutShort(): Error {
	return Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
}
