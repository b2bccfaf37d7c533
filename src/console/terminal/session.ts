import type { ExecConfig, ExecStartConfig } from '#api/executions.ts';
import { CLOSE, type ClientControl, STREAMS_SUBPROTOCOL, type WebSocketMessage } from '#api/frames.ts';
import type { IdResponse } from '#api/shapes.ts';
import { type Refusal, RefusalError, refusalIn, refusalOf } from '../daemon/refusal.ts';
import { ask } from '../daemon/request.ts';

export interface Size {
	readonly rows: number;
	readonly columns: number;
}

export interface SessionListener {
	started(): void;
	/** Output of the process, as it wrote it. */
	output(bytes: Uint8Array): void;
	/** @param exitCode 0–255; undefined where the daemon did not tell */
	ended(exitCode: number | undefined): void;
	/** It could not be started, or was cut off. */
	failed(refusal: Refusal): void;
}

/** As `sh` finds it in any image. */
const SHELL = ['sh'];
const ENVIRONMENT = ['TERM=xterm-256color'];

/** A shell on a terminal in a running container. */
export class ShellSession {
	readonly #listener: SessionListener;
	#socket: WebSocket | undefined;
	#closed = false;

	constructor(listener: SessionListener) {
		this.#listener = listener;
	}

	/** @param container name or id. @param size of the terminal at the start */
	async start(container: string, size: Size): Promise<void> {
		const body: ExecConfig = { container_id: container, cmd: SHELL, env: ENVIRONMENT, user: '', tty: true };
		try {
			const { id } = await ask<IdResponse>('/exec/create', { method: 'POST', body });
			if (!this.#closed) this.#connect({ exec_id: id, attach: true, start_container: false, stdin: true, ...size });
		} catch (error) {
			if (!this.#closed) this.#listener.failed(refusalOf(error));
		}
	}

	type(text: string): void {
		this.#send(new TextEncoder().encode(text));
	}

	resize(size: Size): void {
		const control: ClientControl = { type: 'resize', ...size };
		this.#send(JSON.stringify(control));
	}

	/** Leaves. The daemon ends the shell as it does when a terminal is closed. */
	close(): void {
		this.#closed = true;
		this.#socket?.close();
	}

	#send(data: Uint8Array<ArrayBuffer> | string): void {
		if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(data);
	}

	#connect(config: ExecStartConfig): void {
		const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/api/exec/start`, [STREAMS_SUBPROTOCOL]);
		this.#socket = socket;
		socket.binaryType = 'arraybuffer';
		let failure: Refusal | undefined;
		socket.onopen = () => socket.send(JSON.stringify(config));
		socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
			// The first byte names the stream; a terminal has one.
			if (typeof data !== 'string') this.#listener.output(new Uint8Array(data, 1));
			else {
				const message = parsed(data);
				if (message?.msg_type === 'starting') this.#listener.started();
				else if (message?.msg_type === 'error') failure = refusalIn(JSON.parse(message.data), CLOSE.failed);
			}
		};
		socket.onclose = ({ code, reason }) => {
			if (this.#closed) return;
			if (failure) this.#listener.failed(failure);
			else if (code === CLOSE.finished) this.#listener.ended(parsed(reason)?.exit_code);
			else this.#listener.failed(cutOff(code, parsed(reason)));
		};
	}
}

function parsed(text: string): WebSocketMessage | undefined {
	try {
		return JSON.parse(text) as WebSocketMessage;
	} catch {
		return undefined;
	}
}

function cutOff(code: number, message: WebSocketMessage | undefined): Refusal {
	const why = message?.message || `the connection to the daemon broke off (code ${code})`;
	return new RefusalError(0, {
		code: 'DAEMON_UNREACHABLE',
		what: 'the terminal was cut off',
		why,
		hint: 'open it again once the daemon runs',
	}).refusal;
}
