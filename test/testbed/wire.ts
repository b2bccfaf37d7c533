/** Requests as the original client sends them, without any code of ours in between. */
import { request } from 'node:http';
import Value from 'typebox/value';
import { WebSocket } from 'ws';
import { WebSocketMessage } from '#api/messages.ts';

/** The original client is built on httpx. */
export const ORIGINAL = 'python-httpx/0.27.2';

export interface Answer {
	readonly status: number;
	readonly type: string;
	readonly text: string;
	/** Interim statuses before the answer, e.g. 102. */
	readonly interim: readonly number[];
}

/** @param target method and path, e.g. `POST /networks/create` */
export function ask(socketPath: string, target: string, body?: unknown): Promise<Answer> {
	const [method = '', path = ''] = target.split(' ');
	const payload = typeof body === 'string' ? body : JSON.stringify(body);
	const interim: number[] = [];
	return new Promise((resolve, reject) => {
		const headers = {
			'user-agent': ORIGINAL,
			...(payload === undefined ? {} : { 'content-type': 'application/json' }),
		};
		const call = request({ socketPath, method, path, headers, agent: false }, (response) => {
			let text = '';
			response.setEncoding('utf8').on('data', (chunk: string) => {
				text += chunk;
			});
			const type = response.headers['content-type'] ?? '';
			response.on('end', () => resolve({ status: response.statusCode ?? 0, type, text, interim }));
		});
		call.on('information', ({ statusCode }) => interim.push(statusCode));
		call.once('error', reject);
		call.end(payload);
	});
}

export interface Frame {
	readonly text: string;
	readonly binary: boolean;
}

export interface Stream {
	readonly frames: readonly Frame[];
	readonly code: number;
	/** As sent: bytes of the close frame. */
	readonly reason: string;
}

export interface StreamOptions {
	readonly config: unknown;
	readonly input?: readonly (string | Buffer)[];
	/** Called with the text of each frame as it comes, the starting one included. */
	readonly onFrame?: (text: string) => void;
}

function isMessage(text: string): boolean {
	try {
		return Value.Check(WebSocketMessage, JSON.parse(text));
	} catch {
		return false;
	}
}

/** Opens a stream, sends the configuration, then the input frames once the stream has begun; resolves when closed. */
export function stream(
	socketPath: string,
	path: string,
	{ config, input = [], onFrame }: StreamOptions,
): Promise<Stream> {
	const frames: Frame[] = [];
	const socket = new WebSocket(`ws+unix://${socketPath}:${path}`, { perMessageDeflate: false });
	return new Promise((resolve, reject) => {
		socket.once('error', reject);
		socket.once('open', () => socket.send(typeof config === 'string' ? config : JSON.stringify(config)));
		socket.on('message', (data: Buffer, binary: boolean) => {
			if (frames.length === 0) for (const frame of input) socket.send(frame);
			const text = data.toString('utf8');
			frames.push({ text, binary });
			onFrame?.(text);
		});
		socket.once('close', (code, reason) => {
			const [first] = frames;
			const messages = [...(first?.text.includes('"msg_type"') ? [first.text] : []), reason.toString('utf8')];
			const misfit = messages.find((text) => text !== '' && !isMessage(text));
			if (misfit === undefined) resolve({ frames, code, reason: reason.toString('utf8') });
			else reject(new Error(`${path}: ${misfit} does not match the WebSocketMessage of /openapi.json`));
		});
	});
}
