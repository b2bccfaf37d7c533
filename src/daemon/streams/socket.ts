import { type RawData, WebSocket } from 'ws';
import { CLOSE, closeReason, encodeMessage, STREAMS_SUBPROTOCOL, type WebSocketMessage } from '#api/frames.ts';
import { isKleeneError, KleeneError, messageOf } from '#errors/kleene-error.ts';
import { refusalBody } from '../refusals.ts';

/** More than this waiting to be sent: the source is asked to pause. Bytes. */
const HIGH_WATER = 1024 * 1024;
const LOW_WATER = 256 * 1024;

/** Milliseconds between looks at a slow client. */
const DRAIN_INTERVAL = 20;

/** Milliseconds between looks whether a client that has to wait is still there. */
const PRESENCE_INTERVAL = 1000;

/**
 * A WebSocket that answers the close frame of a client with a message, as the original client reads one out of it. `ws`
 * itself returns the bytes that the client sent, or nothing.
 */
export class MessageSocket extends WebSocket {
	override close(code: number = CLOSE.finished, reason: string | Buffer = Buffer.of()): void {
		const own = typeof reason === 'string';
		const message = { data: '', message: own ? '' : reason.toString('utf8'), msg_type: 'closing' } as const;
		super.close(code, own ? reason : closeReason(message));
	}
}

/** Receives a frame of a client. */
export type FrameListener = (data: Buffer, binary: boolean) => void;

/** Holds the frames behind the first one until somebody takes them: a client may send input without waiting. */
export class Inbox {
	readonly #socket: WebSocket;
	#held: [Buffer, boolean][] = [];
	#bytes = 0;
	#listener: FrameListener | undefined;

	constructor(socket: WebSocket) {
		this.#socket = socket;
		socket.on('message', (data: RawData, binary: boolean) => this.#receive(toBuffer(data), binary));
	}

	/** Passes on the frames held so far and all that follow. */
	take(listener: FrameListener): void {
		this.#listener = listener;
		for (const [data, binary] of this.#held) listener(data, binary);
		if (this.#bytes >= HIGH_WATER) this.#socket.resume();
		this.#held = [];
	}

	#receive(data: Buffer, binary: boolean): void {
		if (this.#listener) {
			this.#listener(data, binary);
			return;
		}
		this.#held.push([data, binary]);
		this.#bytes += data.length;
		if (this.#bytes >= HIGH_WATER) this.#socket.pause();
	}
}

/** Resolves with the first frame as text and the inbox of those behind it; undefined when the client leaves before. */
export function firstFrame(socket: WebSocket): Promise<{ text: string; inbox: Inbox } | undefined> {
	return new Promise((resolve) => {
		socket.once('message', (data: RawData) => {
			resolve({ text: toBuffer(data).toString('utf8'), inbox: new Inbox(socket) });
		});
		socket.once('close', () => resolve(undefined));
	});
}

export function toBuffer(data: RawData): Buffer {
	if (Buffer.isBuffer(data)) return data;
	return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

export function finish(socket: WebSocket, code: number, message: Partial<WebSocketMessage>): void {
	const whole: WebSocketMessage = { data: '', message: '', msg_type: 'closing', ...message };
	socket.close(code, closeReason(whole));
}

/**
 * Signal for an operation that nobody waits for any more: aborted when the client closes the connection or is lost.
 *
 * @param what of the refusal that is its reason, e.g. `cannot create the image`
 */
export function departureOf(socket: WebSocket, what: string): AbortSignal {
	const controller = new AbortController();
	const leave = () => {
		const why = 'the client left before it was complete';
		controller.abort(new KleeneError({ code: 'CANCELLED', what, why, hint: 'repeat the command' }));
	};
	if (socket.readyState === socket.OPEN) socket.once('close', leave);
	else leave();
	return controller.signal;
}

const told = new WeakSet<WebSocket>();

/** Ends a stream because the daemon ends. What the client started goes on. */
export function tellLeaving(socket: WebSocket): void {
	told.add(socket);
	finish(socket, CLOSE.leaving, { message: 'kleened was stopped' });
}

/** Whether a stream ended because the daemon ends, and not because its client left. */
export function wasToldLeaving(socket: WebSocket): boolean {
	return told.has(socket);
}

/** The configuration frame was no good; nothing was begun. */
export function refuseFrame(socket: WebSocket, problem: string): void {
	finish(socket, CLOSE.badRequest, { msg_type: 'error', message: `invalid parameters: ${problem}` });
}

/** Whether the client knows our frames. */
export function isTagged({ protocol }: Pick<WebSocket, 'protocol'>): boolean {
	return protocol === STREAMS_SUBPROTOCOL;
}

/** A refusal as a frame for clients that know ours. */
export function refusalFrame(error: unknown): string {
	const data = JSON.stringify(refusalBody(error));
	return encodeMessage({ data, message: reasonOf(error), msg_type: 'error' });
}

/** All that a refusal says, for a log. */
export function detailOf(error: unknown): string {
	return isKleeneError(error) ? `${error.what}: ${error.why}` : reasonOf(error);
}

/** A reason in one line, in the words of the contract where it has some. */
export function reasonOf(error: unknown): string {
	const message = isKleeneError(error) ? error.message : `internal error: ${messageOf(error)}`;
	return message.trim().replaceAll(/\s*\n\s*/g, ' ');
}

/** Makes a client wait with what it sends. */
export class Gate {
	readonly #socket: WebSocket;
	#timer: NodeJS.Timeout | undefined;

	constructor(socket: WebSocket) {
		this.#socket = socket;
		socket.once('close', () => this.open());
	}

	/** Nobody reads the socket from now on, so only what is sent tells whether the client is still there. */
	shut(): void {
		if (this.#timer) return;
		this.#socket.pause();
		this.#timer = setInterval(() => this.#socket.ping(), PRESENCE_INTERVAL);
	}

	open(): void {
		clearInterval(this.#timer);
		this.#timer = undefined;
		this.#socket.resume();
	}
}

/** Makes a source wait while the client does not keep up. */
export class Throttle {
	readonly #socket: WebSocket;
	readonly #source: { pause(): void; resume(): void };
	#timer: NodeJS.Timeout | undefined;

	constructor(socket: WebSocket, source: { pause(): void; resume(): void }) {
		this.#socket = socket;
		this.#source = source;
	}

	/** Call after each frame that was sent. */
	check(): void {
		if (this.#timer || this.#socket.bufferedAmount < HIGH_WATER) return;
		this.#source.pause();
		this.#timer = setInterval(() => {
			if (this.#socket.bufferedAmount > LOW_WATER && this.#socket.readyState === this.#socket.OPEN) return;
			clearInterval(this.#timer);
			this.#timer = undefined;
			this.#source.resume();
		}, DRAIN_INTERVAL);
	}
}
