import type { IncomingMessage } from 'node:http';
import type { RawData, WebSocket as Socket } from 'ws';
import { CLOSE, type WebSocketMessage } from '#api/frames.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import { inBrackets } from '#inet/address.ts';
import { collect, endpointOptions, type HttpTransport } from './http.ts';
import { refusalOf } from './refusal.ts';

/** End of a WebSocket. `reason` is undefined where the daemon gave none, e.g. because the connection broke off. */
export interface Ending {
	readonly code: number;
	readonly reason: WebSocketMessage | undefined;
}

export interface Wire {
	/** The daemon agreed to the subprotocol that was offered. */
	readonly agreed: boolean;
	readonly ended: Promise<Ending>;
	/** Whether the last frame is here, if not yet the end. */
	isEnding(): boolean;
	/** @returns false while more than a mebibyte waits; `onDrain` of the request tells when to go on */
	send(data: Uint8Array | string): boolean;
	/** Take no more frames, so that the daemon has to wait. */
	pause(): void;
	resume(): void;
	close(reason?: string): void;
}

export interface WireRequest {
	readonly path: string;
	readonly subprotocol?: string;
	/** The first frame: the JSON configuration. */
	readonly configuration: unknown;
	onFrame(data: Buffer, isBinary: boolean): void;
	onDrain?(): void;
}

const PING_MILLISECONDS = 20_000;
/** Time for the daemon to confirm the close. Milliseconds. */
const CLOSE_MILLISECONDS = 500;
const HIGH_WATER_BYTES = 1024 * 1024;

/** Opens a WebSocket and sends the configuration. Daemons that do not know the subprotocol are spoken to without it. */
export async function openWire(http: HttpTransport, request: WireRequest): Promise<Wire> {
	try {
		return await connect(http, request);
	} catch (error) {
		const declined = error instanceof Error && error.message === 'Server sent no subprotocol';
		if (!declined) throw error instanceof KleeneError ? error : await http.unreachable(error);
		const { subprotocol: _, ...plain } = request;
		return openWire(http, plain);
	}
}

async function connect(http: HttpTransport, request: WireRequest): Promise<Wire> {
	const told = Promise.withResolvers<Ending>();
	let hasEnded = false;
	const tell = (ending: Ending) => {
		hasEnded = true;
		told.resolve(ending);
	};
	const socket = await createSocket(http, request, tell);
	socket.once('close', (code: number, reason: Buffer) => tell(endingOf(code, reason)));
	socket.on('message', (data: RawData, isBinary: boolean) => request.onFrame(asBuffer(data), isBinary));
	await new Promise<void>((resolve, reject) => {
		socket.once('open', resolve).once('error', reject);
		socket.once('unexpected-response', (_request, response: IncomingMessage) => {
			collect(response, (body) => {
				reject(refusalOf(body.toString('utf8'), response.statusCode ?? 0, `open ${request.path}`));
				socket.terminate();
			});
		});
	});
	socket.on('error', () => {}); // the close event that follows tells
	keepAlive(socket);
	const close = (reason?: string) => {
		if (hasEnded) return socket.terminate();
		socket.close(1000, reason);
		setTimeout(() => socket.terminate(), CLOSE_MILLISECONDS).unref();
	};
	const forget = http.onClose(close);
	socket.once('close', forget);
	socket.send(JSON.stringify(request.configuration));
	return {
		agreed: request.subprotocol !== undefined && socket.protocol === request.subprotocol,
		ended: told.promise,
		isEnding: () => socket.readyState !== socket.OPEN,
		send: (data) => {
			if (socket.readyState !== socket.OPEN) return true;
			socket.send(data, () => {
				if (socket.bufferedAmount === 0) request.onDrain?.();
			});
			return socket.bufferedAmount < HIGH_WATER_BYTES;
		},
		pause: () => socket.pause(),
		resume: () => socket.resume(),
		close,
	};
}

/** Takes a moment of this program alone: well spent while the daemon is at work on something else. */
export const loadWebSockets = () => import('ws');

/** @param tell called when the daemon closes, before its connection has ended */
async function createSocket(
	http: HttpTransport,
	request: WireRequest,
	tell: (ending: Ending) => void,
): Promise<Socket> {
	const { WebSocket } = await loadWebSockets();
	/** `ws` answers a close frame by closing with its reason as bytes; a close of our own has a text. */
	class PromptSocket extends WebSocket {
		override close(code?: number, reason?: string | Buffer): void {
			super.close(code, reason);
			if (code !== undefined && Buffer.isBuffer(reason)) tell(endingOf(code, reason));
		}
	}
	const address = await http.place();
	const endpoint = endpointOptions(address);
	const host = endpoint.host ? inBrackets(endpoint.host) : endpoint.host;
	const port = address.kind === 'tcp' ? `:${address.port}` : '';
	const url = `${address.tls ? 'wss' : 'ws'}://${host}${port}${request.path}`;
	const { socketPath } = endpoint;
	return new PromptSocket(url, request.subprotocol ? [request.subprotocol] : [], {
		perMessageDeflate: false,
		...(address.tls && http.tls),
		...(socketPath !== undefined && { createConnection: connector(http, socketPath) }),
	});
}

/** `ws` reads a socket path out of the URL and splits it at `:`, so paths go in by the connection instead. */
function connector(http: HttpTransport, path: string) {
	return () =>
		http.address.tls
			? process.getBuiltinModule('node:tls').connect({ path, ...http.tls, servername: 'localhost' })
			: process.getBuiltinModule('node:net').connect({ path });
}

function endingOf(code: number, reason: Buffer): Ending {
	return { code, reason: parseMessage(reason.toString('utf8')) };
}

/** The daemon drops a connection that is silent for a minute; a daemon that is gone answers no ping. */
function keepAlive(socket: Socket): void {
	let answered = true;
	const timer = setInterval(() => {
		if (!answered && !socket.isPaused) return socket.terminate();
		answered = false;
		socket.ping();
	}, PING_MILLISECONDS);
	socket.on('pong', () => {
		answered = true;
	});
	socket.once('close', () => clearInterval(timer));
}

export function parseMessage(text: string): WebSocketMessage | undefined {
	try {
		const value: unknown = JSON.parse(text);
		const isMessage = typeof value === 'object' && value !== null && 'msg_type' in value && 'message' in value;
		return isMessage ? (value as WebSocketMessage) : undefined;
	} catch {
		return undefined;
	}
}

/** The refusal behind an ending that was no success. */
export function failureOf(ending: Ending, what: string, reason?: string): KleeneError {
	if (!ending.reason && reason === undefined)
		return new KleeneError({
			code: 'DAEMON_UNREACHABLE',
			what,
			why: `the connection to kleened broke off (code ${ending.code})`,
			hint: 'check that kleened still runs, and see its log',
		});
	const message = ending.reason?.message ?? '';
	const why = reason ?? message;
	if (ending.code === CLOSE.leaving)
		return new KleeneError({ code: 'DAEMON_UNREACHABLE', what, why, hint: 'try again when kleened runs' });
	return new KleeneError({
		code: ending.code === 1002 ? 'INVALID_ARGUMENT' : 'HOST_FAILED',
		what,
		why,
		hint: 'correct the request, or see the log of kleened for more',
		message: reason === undefined || message === '' ? why : `${message}: ${reason}`,
	});
}

/**
 * The end of a session whose process had been started.
 *
 * @param container id, where the process is the first one of a container
 */
export function cutOff({ code }: Ending, container: string | undefined): KleeneError {
	const attach = 'when kleened runs again, type "klee attach';
	return new KleeneError({
		code: 'DAEMON_UNREACHABLE',
		what: 'the session was cut off',
		why:
			code === CLOSE.leaving
				? 'kleened was stopped; the process goes on'
				: `the connection to kleened broke off (code ${code})`,
		hint: container
			? `${attach} ${container}"`
			: `${attach} CONTAINER" for the first process of a container; what klee exec started has to be started again`,
	});
}

function asBuffer(data: RawData): Buffer {
	if (Array.isArray(data)) return Buffer.concat(data);
	return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}
