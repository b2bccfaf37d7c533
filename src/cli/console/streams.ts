import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Relay } from '#client/relay.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import { refusalBody } from './answer.ts';
import { refusalFrom } from './relaying.ts';

/** More than this waiting for the page: the daemon has to wait. Bytes. */
const HIGH_WATER = 1024 * 1024;
/** A page has nothing to send. Bytes. */
const MOST_RECEIVED = 1024;
const CLOSE = { finished: 1000, broken: 1011 } as const;
const NEWLINE = 0x0a;

/**
 * Streams of JSON lines as WebSockets. A browser opens six connections to a host for requests, for all tabs together:
 * streams that do not end would soon leave none for anything else.
 */
export class LineStreams {
	readonly #server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MOST_RECEIVED });

	/** @param path at the daemon, with the query */
	accept(request: IncomingMessage, socket: Duplex, head: Buffer, path: string, relay: Relay): void {
		this.#server.handleUpgrade(request, socket, head, (webSocket) => {
			webSocket.on('error', () => {}); // the close event that follows ends the stream
			void follow(webSocket, path, relay);
		});
	}
}

async function follow(socket: WebSocket, path: string, relay: Relay): Promise<void> {
	const refuse = async (error: unknown, status = 502) => {
		const refusal = await refusalFrom(error, relay);
		socket.send(JSON.stringify({ status, refusal: JSON.parse(refusalBody(refusal)) }));
		socket.close(CLOSE.finished);
	};
	try {
		const upstream = await relay.open({ method: 'GET', path, headers: {} });
		socket.once('close', () => upstream.destroy());
		if (socket.readyState !== socket.OPEN) upstream.destroy();
		let begun = false;
		upstream.on('error', (error) => {
			if (!begun && socket.readyState === socket.OPEN) void refuse(error);
		});
		upstream.once('response', (answer) => {
			begun = true;
			if (answer.statusCode === 200) passLines(answer, socket);
			else void passRefusal(answer, socket);
		});
		upstream.end();
	} catch (error) {
		await refuse(error);
	}
}

function passLines(answer: IncomingMessage, socket: WebSocket): void {
	socket.send(JSON.stringify({ status: 200 }));
	let unfinished: Buffer[] = [];
	answer.on('data', (chunk: Buffer) => {
		const end = chunk.lastIndexOf(NEWLINE) + 1;
		if (end > 0) {
			const whole = Buffer.concat([...unfinished, chunk.subarray(0, end)]);
			unfinished = [];
			socket.send(whole, { binary: false }, () => {
				if (socket.bufferedAmount < HIGH_WATER) answer.resume();
			});
			if (socket.bufferedAmount >= HIGH_WATER) answer.pause();
		}
		if (end < chunk.length) unfinished.push(chunk.subarray(end));
	});
	answer.once('end', () => socket.close(CLOSE.finished));
	answer.once('error', () => socket.close(CLOSE.broken, 'the connection to kleened broke off'));
}

async function passRefusal(answer: IncomingMessage, socket: WebSocket): Promise<void> {
	const chunks: Buffer[] = [];
	try {
		for await (const chunk of answer) chunks.push(chunk as Buffer);
	} catch {
		// Parsed as far as it came.
	}
	const status = answer.statusCode ?? 502;
	socket.send(JSON.stringify({ status, refusal: parsed(Buffer.concat(chunks).toString('utf8'), status) }));
	socket.close(CLOSE.finished);
}

function parsed(body: string, status: number): unknown {
	try {
		return JSON.parse(body);
	} catch {
		const why = `kleened answered with status ${status}`;
		const hint = 'check that klee and kleened are of the same version';
		const error = new KleeneError({ code: 'INTERNAL', what: 'cannot follow the stream', why, hint });
		return JSON.parse(refusalBody(error));
	}
}
