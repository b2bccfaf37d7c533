import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Relay } from '#client/relay.ts';
import { isKleeneError, type KleeneError } from '#errors/kleene-error.ts';
import { DATA_POLICY, GUARDS, refusalBody, sendRefusal } from './answer.ts';

/** Passed on in the one and the other direction; all others are between the browser and klee. */
const ASKED = ['content-type', 'content-length'];
const ANSWERED = ['content-type', 'content-length', 'content-disposition'];
const HANDSHAKE = ['sec-websocket-key', 'sec-websocket-version', 'sec-websocket-protocol'];
const SHAKEN = ['sec-websocket-accept', 'sec-websocket-protocol'];

export function picked(headers: IncomingHttpHeaders, names: readonly string[]): Record<string, string> {
	return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, `${headers[name]}`]])));
}

/** The refusal behind something that was thrown while the daemon was asked. */
export async function refusalFrom(error: unknown, relay: Relay): Promise<KleeneError> {
	return isKleeneError(error) ? error : relay.unreachable(error);
}

/**
 * Passes on a request and its answer, both as they come, and each way only as fast as the other side reads. A browser that
 * leaves ends the request at the daemon.
 *
 * @param path of the daemon, with the query
 */
export async function relayRequest(
	request: IncomingMessage,
	response: ServerResponse,
	path: string,
	relay: Relay,
): Promise<void> {
	let gone = false;
	response.once('close', () => {
		gone = true;
	});
	const refuse = async (error: unknown) => {
		const refusal = await refusalFrom(error, relay);
		if (!gone) sendRefusal(request, response, 502, refusal);
	};
	try {
		const { method = 'GET', headers } = request;
		const upstream = await relay.open({ method, path, headers: picked(headers, ASKED) });
		if (gone) return void upstream.on('error', () => {}).destroy();
		upstream.on('error', refuse);
		upstream.once('response', (answer) => passAnswer(answer, response));
		response.once('close', () => upstream.destroy());
		request.pipe(upstream);
	} catch (error) {
		await refuse(error);
	}
}

function passAnswer(answer: IncomingMessage, response: ServerResponse): void {
	const { statusCode = 502, headers } = answer;
	response.writeHead(statusCode, { ...GUARDS, 'content-security-policy': DATA_POLICY, ...picked(headers, ANSWERED) });
	// A stream that has nothing to say yet has begun.
	response.flushHeaders();
	answer.on('error', () => response.destroy());
	answer.pipe(response);
}

/** Passes on a WebSocket byte by byte: pieces wait where they are while the other side does not read. */
export async function relayUpgrade(
	request: IncomingMessage,
	socket: Duplex,
	head: Buffer,
	path: string,
	relay: Relay,
): Promise<void> {
	const refuse = async (error: unknown) => refuseUpgrade(socket, '502 Bad Gateway', await refusalFrom(error, relay));
	try {
		const headers = { connection: 'Upgrade', upgrade: 'websocket', ...picked(request.headers, HANDSHAKE) };
		const upstream = await relay.open({ method: 'GET', path, headers });
		socket.once('close', () => upstream.destroy());
		if (socket.destroyed) upstream.destroy();
		upstream.on('error', refuse);
		upstream.once('upgrade', (answer, far, rest) => {
			const lines = Object.entries(picked(answer.headers, SHAKEN)).map(([name, value]) => `${name}: ${value}\r\n`);
			const first = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
			socket.write(`${first}${lines.join('')}\r\n`);
			join(socket, far, head, rest);
		});
		upstream.once('response', (answer) => {
			socket.write(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\nConnection: close\r\n\r\n`);
			answer.pipe(socket);
		});
		upstream.end();
	} catch (error) {
		await refuse(error);
	}
}

/** @param head bytes of the one that have been read, for the other; `rest` the other way */
function join(one: Duplex, other: Duplex, head: Buffer, rest: Buffer): void {
	other.write(head);
	one.write(rest);
	one.pipe(other).pipe(one);
	other.on('error', () => one.destroy()).on('close', () => one.destroy());
	one.on('close', () => other.destroy());
}

/** Answers a request for a WebSocket with a refusal. @param status code and words */
export function refuseUpgrade(socket: Duplex, status: string, error: KleeneError): void {
	const body = refusalBody(error);
	const head = [`HTTP/1.1 ${status}`, 'Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`];
	socket.end(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`);
}
