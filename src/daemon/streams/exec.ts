import { isUtf8 } from 'node:buffer';
import type { WebSocket } from 'ws';
import { ExecStartConfig } from '#api/executions.ts';
import { CLOSE, type ClientControl, closingLine, FORWARDED_SIGNALS, STDERR, STDOUT, starting } from '#api/frames.ts';
import type { Engine } from '#engine/engine.ts';
import type { Logger } from '#engine/logger.ts';
import type { Session } from '#engine/operations/container/executions.ts';
import type { Attaching } from '#engine/operations/container/runs.ts';
import { parseFirstFrame } from './first-frame.ts';
import {
	detailOf,
	finish,
	firstFrame,
	Gate,
	type Inbox,
	isTagged,
	reasonOf,
	refusalFrame,
	refuseFrame,
	Throttle,
	wasToldLeaving,
} from './socket.ts';

/** `/exec/start`: see `api/frames.ts` for what travels. */
export async function execStream(socket: WebSocket, { executions }: Engine, log: Logger): Promise<void> {
	const first = await firstFrame(socket);
	if (first === undefined) return;
	const parsed = parseFirstFrame(ExecStartConfig, first.text);
	if ('problem' in parsed) return refuseFrame(socket, parsed.problem);
	const { config } = parsed;
	const request = {
		attach: config.attach,
		startContainer: config.start_container,
		stdin: config.attach && config.stdin !== false,
		...sizeOf(config),
	};
	const output = new Output(socket);
	try {
		const session = await executions.start(config.exec_id, request, output.write);
		if (!config.attach) return finishDetached(socket, session, log);
		output.begin(session, starting());
		await follow(socket, first.inbox, { id: config.exec_id, session });
	} catch (error) {
		fail(socket, { error, attached: config.attach }, log);
	}
}

/** Stays with an execution instance whose output has begun, to its end. */
export async function follow(socket: WebSocket, inbox: Inbox, { id, session }: { id: string; session: Session }) {
	takeInput(socket, inbox, session);
	const { code, containerEnded } = await session.ended;
	const message = closingLine(id, code, containerEnded);
	finish(socket, CLOSE.finished, { message, ...(isTagged(socket) ? { exit_code: code } : {}) });
}

/** Size of the client's terminal, where it has one. */
export function sizeOf({ rows, columns }: { rows?: number; columns?: number }): Pick<Attaching, 'size'> {
	return rows && columns ? { size: { rows, columns } } : {};
}

function finishDetached(socket: WebSocket, session: Session, log: Logger): void {
	session.ended.catch((error: unknown) => log.error({ error: reasonOf(error) }, 'lost a detached process'));
	finish(socket, CLOSE.detached, { message: 'succesfully started execution instance in detached mode' });
}

/** Holds output back until the starting frame is out, then sends it as the client understands it. */
export class Output {
	readonly #socket: WebSocket;
	readonly #tagged: boolean;
	#throttle: Throttle | undefined;
	#held: [number, Buffer][] | undefined = [];

	constructor(socket: WebSocket) {
		this.#socket = socket;
		this.#tagged = isTagged(socket);
	}

	readonly write = (stream: 'stdout' | 'stderr', chunk: Buffer): void => {
		const id = stream === 'stdout' ? STDOUT : STDERR;
		if (this.#held) this.#held.push([id, chunk]);
		else this.#send(id, chunk);
	};

	begin(session: Session, startingFrame: string): void {
		this.#socket.send(startingFrame);
		// Not among the output of the command, where the client can tell them apart.
		for (const line of session.announcements) this.#send(STDERR, Buffer.from(line));
		for (const [id, chunk] of this.#held ?? []) this.#send(id, chunk);
		this.#held = undefined;
		this.#throttle = new Throttle(this.#socket, session.process);
	}

	#send(id: number, chunk: Buffer): void {
		if (this.#socket.readyState !== this.#socket.OPEN) return;
		if (this.#tagged) this.#socket.send(Buffer.concat([Buffer.of(id), chunk]));
		else this.#socket.send(chunk, { binary: !isUtf8(chunk) });
		this.#throttle?.check();
	}
}

/** Input, window size and signals; and what happens when the client goes away. */
function takeInput(socket: WebSocket, inbox: Inbox, session: Session): void {
	const { process } = session;
	const tagged = isTagged(socket);
	const gate = new Gate(socket);
	process.onDrained(() => gate.open());
	inbox.take((data, binary) => {
		if (binary || !tagged) process.write(data) || gate.shut();
		else control(data.toString('utf8'), session);
	});
	let ended = false;
	const end = () => {
		ended = true;
		// The client answers the end of the stream, behind input that nobody takes any more.
		gate.open();
	};
	session.ended.finally(end).catch(() => {});
	const left = () => {
		if (ended) return;
		// As the original: the process of `exec` is asked to end; a container goes on.
		if (!session.first && !wasToldLeaving(socket)) process.hangUp();
		process.detach();
	};
	// It may have taken long to start the process.
	if (socket.readyState === socket.CLOSED) left();
	else socket.on('close', left);
}

function control(text: string, { process }: Session): void {
	const message = parseControl(text);
	if (message?.type === 'resize') process.resize(message.rows, message.columns);
	else if (message?.type === 'end-of-input') process.endInput();
	else if (message?.type === 'signal') process.kill(message.signal);
}

/** Undefined for anything that is not exactly a control message. */
function parseControl(text: string): ClientControl | undefined {
	try {
		const { type, rows, columns, signal } = JSON.parse(text);
		const size = [rows, columns].every((value) => Number.isInteger(value) && value > 0 && value < 65_536);
		if (type === 'resize' && size) return { type, rows, columns };
		if (type === 'signal' && FORWARDED_SIGNALS.includes(signal)) return { type, signal };
		return type === 'end-of-input' ? { type } : undefined;
	} catch {
		return undefined;
	}
}

const FAILED = 'error starting exec instance';

/**
 * A close frame has no room for a long reason, so it comes as a frame before. The original client parses the first frame
 * as JSON, and reads none when it is detached.
 */
export function fail(
	socket: WebSocket,
	{ error, attached }: { readonly error: unknown; readonly attached: boolean },
	log: Logger,
): void {
	const message = reasonOf(error);
	log.warn({ error: detailOf(error) }, 'could not start an execution instance');
	if (isTagged(socket)) socket.send(refusalFrame(error));
	else if (attached) {
		socket.send(starting());
		socket.send(`error: ${message}\n`);
	}
	const reason = attached && !isTagged(socket) ? FAILED : `${FAILED}: ${message}`;
	finish(socket, CLOSE.failed, { msg_type: 'error', message: reason });
}
