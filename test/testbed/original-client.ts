/** Requests as the original klee sends them to a daemon, and assertions on what it relies on in the answers. */
import assert from 'node:assert/strict';
import { type Answer, ask, type Stream, stream } from './wire.ts';

/** Identifier of an object of the daemon. */
export const ID = /^[0-9a-f]{12}$/;

/** The first frame of a stream. */
export const STARTING = '{"data":"","message":"","msg_type":"starting"}';

export class OriginalClient {
	readonly #socket: string;

	/** @param socket path of the daemon's socket */
	constructor(socket: string) {
		this.#socket = socket;
	}

	/** @param target method and path */
	call(target: string, body?: unknown): Promise<Answer> {
		return ask(this.#socket, target, body);
	}

	/** @returns the parsed body of an answer that must be a success */
	async json<T>(target: string, body?: unknown): Promise<T> {
		const { status, text } = await this.call(target, body);
		assert.ok(status < 300, `${target}: ${status} ${text}`);
		return JSON.parse(text) as T;
	}

	/** @returns id of the object that a request makes */
	async idOf(target: string, body: unknown): Promise<string> {
		const { status, text } = await this.call(target, body);
		assert.equal(status, 201, text);
		const { id } = JSON.parse(text) as { id: string };
		assert.match(id, ID);
		return id;
	}

	createContainer(cmd: readonly string[], more: object = {}): Promise<string> {
		return this.idOf('POST /containers/create', { image: 'Debian', network_driver: 'host', cmd, ...more });
	}

	/** An execution instance of a container, by default with the container's own command. */
	createExecution(container: string, more: object = {}): Promise<string> {
		return this.idOf('POST /exec/create', { cmd: [], container_id: container, env: [], tty: false, user: '', ...more });
	}

	/** Starts a command as the original `klee run` does. @param more of the configuration frame */
	async start(container: string, more: object = {}): Promise<Stream> {
		const exec_id = await this.createExecution(container);
		return this.startExecution(exec_id, { start_container: 'true', ...more });
	}

	startExecution(exec_id: string, more: object = {}, onFrame?: (text: string) => void): Promise<Stream> {
		const config = { exec_id, attach: true, start_container: true, ...more };
		return stream(this.#socket, '/exec/start', { config, ...(onFrame ? { onFrame } : {}) });
	}
}

/** The close reason is a whole message that fits. */
export function assertClosed(
	{ code, reason }: Pick<Stream, 'code' | 'reason'>,
	wanted: { code: number; type: string; message: RegExp },
): void {
	assert.equal(code, wanted.code);
	assert.ok(Buffer.byteLength(reason) <= 123, `${Buffer.byteLength(reason)} bytes`);
	const message = JSON.parse(reason) as Record<string, string>;
	assert.deepEqual(Object.keys(message), ['data', 'message', 'msg_type']);
	assert.equal(message.msg_type, wanted.type);
	assert.match(message.message ?? '', wanted.message);
}
