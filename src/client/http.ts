import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { Readable } from 'node:stream';
import { DETAILED_ERROR } from '#api/media-types.ts';
import type { KleeneError } from '#errors/kleene-error.ts';
import type { DaemonAddress, DirectAddress } from './address.ts';
import { request as requestPlain } from './plain/http.ts';
import { refusalOf, unreachable } from './refusal.ts';
import type { SshTunnel, TunnelOptions } from './ssh/tunnel.ts';
import type { TlsOptions } from './tls.ts';

/** One request. `path` is encoded segment by segment, so an identifier may hold anything. */
export interface Call {
	readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
	readonly path: readonly string[];
	readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
	readonly body?: unknown;
	/** The request in words for refusals that bring none: `remove network web`. */
	readonly doing: string;
}

/** Errors with all that there is to say. */
export const ACCEPT = `${DETAILED_ERROR}, */*`;

const CONNECT_MILLISECONDS = 15_000;
const FAREWELL_MILLISECONDS = 600;

interface Answer {
	readonly status: number;
	readonly bytes: Buffer;
}

/**
 * Requests over one kept-alive connection pool, and short ones to a socket of this machine each over a connection of its own.
 * A request has no time limit: a stop may take as long as the processes of the container take. Only connecting over TCP has one.
 */
export class HttpTransport {
	readonly address: DaemonAddress;
	readonly tls: TlsOptions;
	readonly #closing = new Set<() => void>();
	readonly #tunnelOptions: TunnelOptions;
	#agent: Agent | undefined;
	#tunnel: Promise<SshTunnel> | undefined;
	#farewell: NodeJS.Timeout | undefined;
	#closed = false;

	constructor(address: DaemonAddress, tls: TlsOptions, tunnelOptions: TunnelOptions = {}) {
		this.address = address;
		this.tls = tls;
		this.#tunnelOptions = tunnelOptions;
	}

	/**
	 * Opens the tunnel to a daemon behind ssh.
	 *
	 * @param again open it once more if it has ended
	 * @returns the address to connect to
	 * @throws KleeneError DAEMON_UNREACHABLE
	 */
	async place(again = false): Promise<DirectAddress> {
		const { address } = this;
		if (address.kind !== 'ssh') return address;
		this.#tunnel ??= import('./ssh/tunnel.ts').then(({ SshTunnel }) => new SshTunnel(address, this.#tunnelOptions));
		const path = await (await this.#tunnel).ready(again);
		return { kind: 'socket', path, tls: false, text: address.text };
	}

	/** @param cause failure of a connection. @returns DAEMON_UNREACHABLE */
	async unreachable(cause: unknown): Promise<KleeneError> {
		const tunnel = await this.#tunnel;
		return tunnel ? tunnel.explain(cause) : unreachable(this.address, cause);
	}

	/** @returns the parsed answer; the caller names its type, which the schemas of `#api` promise */
	async call<T>(call: Call): Promise<T> {
		const { status, bytes } = await this.#send(call);
		const body = bytes.toString('utf8');
		if (status >= 300) throw refusalOf(body, status, call.doing);
		if (status === 204 || body === '') return undefined as T;
		try {
			return JSON.parse(body) as T;
		} catch {
			throw refusalOf(body, status, call.doing);
		}
	}

	/** @returns the body of the answer as it is */
	async download(call: Call): Promise<Buffer> {
		const { status, bytes } = await this.#send(call);
		if (status >= 300) throw refusalOf(bytes.toString('utf8'), status, call.doing);
		return bytes;
	}

	/** The body of the answer in pieces, as they come. A reader that is slow makes the daemon wait. */
	async *stream(call: Call): AsyncGenerator<Buffer> {
		const response = await this.#respond(call);
		const status = response.statusCode ?? 0;
		try {
			if (status < 300) return yield* response as AsyncIterable<Buffer>;
		} catch (cause) {
			throw await this.unreachable(cause);
		}
		const body = await new Promise<Buffer>((resolve) => collect(response, resolve));
		throw refusalOf(body.toString('utf8'), status, call.doing);
	}

	/** Sends a body in pieces. A daemon that is slow makes the source wait. @param type media type of the body. @returns the answer */
	async upload(call: Call, type: string, body: Readable): Promise<string> {
		const request = this.#request(await this.place(), call, type);
		limitConnecting(request);
		const response = new Promise<IncomingMessage>((resolve, reject) => {
			request.on('error', (cause) => void this.unreachable(cause).then(reject));
			request.on('response', resolve);
			// A refusal may come before all was sent.
			body.on('error', (error) => {
				request.destroy();
				reject(error);
			});
		});
		body.pipe(request);
		const answer = await response;
		const bytes = await new Promise<Buffer>((resolve) => collect(answer, resolve));
		body.unpipe(request);
		if (!request.writableFinished) request.destroy();
		const status = answer.statusCode ?? 0;
		if (status >= 300) throw refusalOf(bytes.toString('utf8'), status, call.doing);
		return bytes.toString('utf8');
	}

	/** Something else that ends with this transport. @returns a function that takes it back */
	onClose(action: () => void): () => void {
		this.#closing.add(action);
		return () => {
			this.#closing.delete(action);
			if (this.#closed) this.#closeTunnel();
		};
	}

	close(): void {
		this.#agent?.destroy();
		for (const action of this.#closing) action();
		this.#closed = true;
		if (this.#tunnel) this.#farewell = setTimeout(() => this.#closeTunnel(true), FAREWELL_MILLISECONDS);
		this.#closeTunnel();
	}

	/** A tunnel stays while streams say that they end, unless that takes too long. */
	#closeTunnel(now = false): void {
		if (this.#closing.size > 0 && !now) return;
		clearTimeout(this.#farewell);
		void this.#tunnel?.then((tunnel) => tunnel.close());
	}

	async #send(call: Call): Promise<Answer> {
		const { address } = this;
		if (address.kind === 'socket' && !address.tls) return this.#sendPlain(call, address.path);
		const response = await this.#respond(call);
		return new Promise((resolve, reject) => {
			response.on('error', (cause) => void this.unreachable(cause).then(reject));
			collect(response, (bytes) => resolve({ status: response.statusCode ?? 0, bytes }));
		});
	}

	async #sendPlain(call: Call, socket: string): Promise<Answer> {
		const { promise, resolve, reject } = Promise.withResolvers<Answer>();
		const { connect } = process.getBuiltinModule('node:net');
		const request = requestPlain({
			method: call.method,
			path: pathOf(call),
			headers: headersOf(typeOfBody(call)),
			createConnection: () => connect(socket),
		});
		let status = 0;
		request.on('response', (head) => {
			status = head.statusCode;
		});
		request.on('body', (bytes) => resolve({ status, bytes }));
		request.on('error', (cause) => reject(unreachable(this.address, cause)));
		request.end(call.body === undefined ? undefined : JSON.stringify(call.body));
		const forget = this.onClose(() => request.abort());
		return promise.finally(forget);
	}

	/** Resolves when the head of the answer is there. */
	async #respond(call: Call): Promise<IncomingMessage> {
		const place = await this.place();
		return new Promise((resolve, reject) => {
			const request = this.#request(place, call);
			request.on('error', (cause) => void this.unreachable(cause).then(reject));
			limitConnecting(request);
			request.on('response', resolve);
			request.end(call.body === undefined ? undefined : JSON.stringify(call.body));
		});
	}

	#request(place: DirectAddress, call: Call, type = typeOfBody(call)): ClientRequest {
		// A static import of node:http evaluates its lazy exports, undici among them: 25 ms of every command.
		const http = process.getBuiltinModule('node:http');
		const https = this.address.tls ? process.getBuiltinModule('node:https') : undefined;
		this.#agent ??= https ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true });
		const options: RequestOptions = {
			...endpointOptions(place),
			...(https && this.tls),
			agent: this.#agent,
			method: call.method,
			path: pathOf(call),
			headers: headersOf(type),
		};
		return (https ?? http).request(options);
	}
}

function typeOfBody({ body }: Call): string | undefined {
	return body === undefined ? undefined : 'application/json';
}

function headersOf(type: string | undefined): Readonly<Record<string, string>> {
	return { accept: ACCEPT, ...(type !== undefined && { 'content-type': type }) };
}

/** Gives all of a response at its end. */
export function collect(response: IncomingMessage, done: (bytes: Buffer) => void): void {
	const chunks: Buffer[] = [];
	response.on('data', (chunk: Buffer) => chunks.push(chunk));
	response.on('end', () => done(Buffer.concat(chunks)));
}

/** Half of a character pair, which is no text, becomes a replacement character: encodeURIComponent would throw. */
function encodeWord(word: string): string {
	return encodeURIComponent(word.toWellFormed());
}

export function pathOf({ path, query = {} }: Pick<Call, 'path' | 'query'>): string {
	const search = new URLSearchParams();
	for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
	const text = `/${path.map(encodeWord).join('/')}`;
	return search.size > 0 ? `${text}?${search}` : text;
}

/**
 * Connection options for `http.request` and `net.connect`. A certificate on a socket is for `localhost`.
 * An empty server name keeps Node from computing one, which without TLS costs 5 ms for nothing.
 */
export function endpointOptions(address: DirectAddress): RequestOptions & { servername?: string } {
	const plain = !address.tls && { servername: '' };
	if (address.kind === 'tcp') return { host: address.host, port: address.port, ...plain };
	return { socketPath: address.path, host: 'localhost', servername: 'localhost', ...plain };
}

/** Gives up a connection that is not there after some time. */
export function limitConnecting(request: ClientRequest): void {
	request.on('socket', (socket) => {
		if (!socket.connecting) return;
		const timer = setTimeout(() => {
			request.destroy(Object.assign(new Error('connecting took too long'), { code: 'ETIMEDOUT' }));
		}, CONNECT_MILLISECONDS);
		const stop = () => clearTimeout(timer);
		socket.once('connect', stop).once('close', stop);
	});
}
