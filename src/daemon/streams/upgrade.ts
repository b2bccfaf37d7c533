import type { IncomingMessage, Server } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { STREAMS_SUBPROTOCOL } from '#api/frames.ts';
import type { Engine } from '#engine/engine.ts';
import type { Logger } from '#engine/logger.ts';
import { messageOf } from '#errors/kleene-error.ts';
import { attachStream } from './attach.ts';
import { buildStream } from './build.ts';
import { execStream } from './exec.ts';
import { imageCreateStream, imagePullStream, imagePushStream } from './images.ts';
import { runStream } from './run.ts';
import { MessageSocket, tellLeaving } from './socket.ts';

const STREAMS = {
	'/exec/start': execStream,
	'/containers/run': runStream,
	'/containers/attach': attachStream,
	'/images/build': buildStream,
	'/images/create': imageCreateStream,
	'/images/pull': imagePullStream,
	'/images/push': imagePushStream,
} as const;

export type StreamPath = keyof typeof STREAMS;

/** Paths of all streams. */
export const STREAM_PATHS: readonly string[] = Object.keys(STREAMS);

/**
 * Milliseconds of silence after which the kernel asks a client's machine whether it is still there, and closes the
 * connection when it is not. A ping of ours could not: a client that does not read for a while answers none.
 */
const KEEP_ALIVE = 30_000;

/** Milliseconds for clients to hear that the daemon leaves. One that does not read its output hears it never. */
const FAREWELL = 500;

/** The WebSocket half of the API, on the same listeners as the REST half. */
export class Streams {
	readonly #engine: Engine;
	readonly #log: Logger;
	readonly #server = new WebSocketServer({
		noServer: true,
		perMessageDeflate: false,
		maxPayload: 1024 * 1024,
		WebSocket: MessageSocket,
		handleProtocols: (offered) => (offered.has(STREAMS_SUBPROTOCOL) ? STREAMS_SUBPROTOCOL : false),
	});

	constructor(engine: Engine, log: Logger) {
		this.#engine = engine;
		this.#log = log;
	}

	/** @param refuses answers a connection that is not to be served */
	attachTo(listener: Server, refuses: (socket: Duplex) => boolean = () => false): void {
		listener.on('upgrade', (request, socket, head) => refuses(socket) || this.#upgrade(request, socket, head));
	}

	#upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
		const path = (request.url ?? '').split('?')[0] ?? '';
		// Until somebody else listens: a client that is gone already would end the daemon.
		if (socket instanceof Socket) socket.setKeepAlive(true, KEEP_ALIVE);
		socket.on('error', (error) => this.#log.debug({ path, error: messageOf(error) }, 'connection broken'));
		const stream = Object.hasOwn(STREAMS, path) ? STREAMS[path as keyof typeof STREAMS] : undefined;
		if (!stream) {
			socket.end('HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nnot found');
			return;
		}
		this.#server.handleUpgrade(request, socket, head, (webSocket) => {
			webSocket.on('error', (error) => this.#log.debug({ path, error: messageOf(error) }, 'stream broken'));
			stream(webSocket, this.#engine, this.#log).catch((error: unknown) => {
				this.#log.error({ path, error: messageOf(error) }, 'stream failed');
				webSocket.terminate();
			});
		});
	}

	/** Tells clients that the daemon leaves; what they started goes on. Resolves when they have heard it, or did not in time. */
	async close(): Promise<void> {
		const clients = [...this.#server.clients];
		const gone = clients.map((client) => new Promise((resolve) => client.once('close', resolve)));
		for (const client of clients) tellLeaving(client);
		this.#server.close();
		let timer: NodeJS.Timeout | undefined;
		const late = new Promise((resolve) => {
			timer = setTimeout(resolve, FAREWELL);
		});
		await Promise.race([Promise.all(gone), late]);
		clearTimeout(timer);
		for (const client of clients) client.terminate();
	}
}
