import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type WebSocket, WebSocketServer } from 'ws';
import { STDERR, STDOUT, STREAMS_SUBPROTOCOL } from '#api/frames.ts';

export interface Received {
	readonly method: string;
	readonly url: string;
	readonly body: unknown;
}

export type Answer = readonly [status: number, body?: unknown];

export interface StubOptions {
	/** By `METHOD /path?query`; a missing one is answered with 404 `not found`, as no route is. */
	readonly answers?: Readonly<Record<string, Answer | ((received: Received) => Answer)>>;
	/** Called with each WebSocket after its configuration frame. */
	readonly stream?: (stream: StubStream) => void;
	/** A daemon as the original: it does not know our subprotocol. */
	readonly original?: boolean;
}

/** The daemon's end of a WebSocket. */
export interface StubStream {
	readonly path: string;
	readonly configuration: Record<string, unknown>;
	readonly socket: WebSocket;
	/** @param created fields of the starting frame of a run */
	start(created?: Record<string, string>): void;
	stdout(text: string | Buffer): void;
	stderr(text: string): void;
	end(code: number, message: string, data?: string): void;
	/** Input and controls of the client. */
	onInput(listener: (bytes: Buffer) => void): void;
	onControl(listener: (control: Record<string, unknown>) => void): void;
}

/** A server that speaks the contract's words and does nothing: for the protocol of the client alone. */
export class StubDaemon {
	readonly received: Received[] = [];
	readonly folder = mkdtempSync(join(tmpdir(), 'klee-stub-'));
	readonly host = `http://${this.folder}/kleened.sock`;
	readonly #server = createServer((request, response) => void this.#answer(request, response));
	readonly #options: StubOptions;

	static async start(options: StubOptions): Promise<StubDaemon> {
		const stub = new StubDaemon(options);
		await new Promise<void>((resolve) => stub.#server.listen(join(stub.folder, 'kleened.sock'), resolve));
		return stub;
	}

	constructor(options: StubOptions) {
		this.#options = options;
		const handleProtocols = () => (options.original ? false : STREAMS_SUBPROTOCOL);
		const sockets = new WebSocketServer({ server: this.#server, handleProtocols });
		sockets.on('connection', (socket, request) => this.#accept(socket, request));
	}

	async close(): Promise<void> {
		this.#server.closeAllConnections();
		await new Promise((resolve) => this.#server.close(resolve));
		rmSync(this.folder, { recursive: true });
	}

	/** Body of the request with this number; negative ones count from the end. */
	body(index: number): Record<string, unknown> {
		const body = this.received.at(index)?.body;
		if (typeof body !== 'object' || body === null) throw new Error(`request ${index} has no body`);
		return { ...body };
	}

	requests(): string[] {
		return this.received.map(({ method, url }) => `${method} ${url}`);
	}

	async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
		let text = '';
		for await (const chunk of request) text += chunk;
		const { method = '', url = '' } = request;
		const received = { method, url, body: text === '' ? undefined : JSON.parse(text) };
		this.received.push(received);
		const answer = this.#options.answers?.[`${method} ${url}`];
		if (!answer) return void response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
		const [status, body] = typeof answer === 'function' ? answer(received) : answer;
		response.writeHead(status, { 'content-type': 'application/json' });
		response.end(body === undefined ? undefined : JSON.stringify(body));
	}

	#accept(socket: WebSocket, request: IncomingMessage): void {
		socket.once('message', (first: Buffer) => {
			const configuration = JSON.parse(first.toString());
			this.received.push({ method: 'WS', url: request.url ?? '', body: configuration });
			this.#options.stream?.(streamOn(socket, request.url ?? '', configuration));
		});
	}
}

function streamOn(socket: WebSocket, path: string, configuration: Record<string, unknown>): StubStream {
	const tagged = socket.protocol === STREAMS_SUBPROTOCOL;
	const output = (id: number, text: string | Buffer) => {
		if (tagged) socket.send(Buffer.concat([Buffer.of(id), Buffer.from(text)]));
		else socket.send(text);
	};
	return {
		path,
		configuration,
		socket,
		start: (created) => socket.send(JSON.stringify({ ...created, data: '', message: '', msg_type: 'starting' })),
		stdout: (text) => output(STDOUT, text),
		stderr: (text) => output(STDERR, text),
		end: (code, message, data = '') => {
			const msg_type = code === 1000 || code === 1001 ? 'closing' : 'error';
			socket.close(code, JSON.stringify({ data, message, msg_type }));
		},
		onInput: (listener) => {
			socket.on('message', (bytes: Buffer, binary: boolean) => binary && listener(bytes));
		},
		onControl: (listener) => {
			socket.on('message', (bytes: Buffer, binary: boolean) => !binary && listener(JSON.parse(bytes.toString())));
		},
	};
}
