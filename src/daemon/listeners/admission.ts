import { closeSync, openSync } from 'node:fs';
import type { RequestListener, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import { explainExhaustion } from '#errors/exhaustion.ts';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import { refusalBody } from '../refusals.ts';

/** A third of the descriptors is for connections: containers and requests take the others. */
const SHARE = 3;
/** Descriptors that are for neither. */
const OWN = 64;
/** There are never too few to ask for an end. */
const FEWEST = 8;
/** Connections above the limit that are told so; more of them are closed. */
const TOLD = 8;

/**
 * Decides which connections of a listener are served. The others are answered with a refusal, as far as there is a
 * descriptor to accept them with.
 */
export class Admission {
	readonly #refused = new WeakSet<Duplex>();
	readonly #most: number;
	#open = 0;

	/** @param descriptors number that the process may have */
	constructor(descriptors: number) {
		this.#most = Math.max(FEWEST, Math.floor(Math.min(descriptors - OWN, 2 ** 31) / SHARE));
	}

	watch(server: Server, log: { warn(fields: object, message: string): void }): void {
		server.maxConnections = this.#most + TOLD;
		server.on('error', (error) => log.warn({ error: messageOf(error) }, 'cannot accept a connection'));
		server.on(server instanceof TlsServer ? 'secureConnection' : 'connection', (socket: Duplex) => {
			this.#open += 1;
			socket.once('close', () => {
				this.#open -= 1;
			});
			if (this.#open > this.#most || noneLeft()) this.#refused.add(socket);
		});
	}

	/** Answers requests on connections that are not served. */
	guard(serve: RequestListener): RequestListener {
		return (request, response) => {
			if (this.#refused.has(request.socket)) refuse(response);
			else serve(request, response);
		};
	}

	/** The same for a connection that is to become a stream. @returns whether it was refused */
	refuses(socket: Duplex): boolean {
		if (!this.#refused.has(socket)) return false;
		const body = refusalText();
		const length = Buffer.byteLength(body);
		const head = `Content-Type: application/json\r\nContent-Length: ${length}\r\nConnection: close`;
		socket.end(`HTTP/1.1 500 Internal Server Error\r\n${head}\r\n\r\n${body}`);
		return true;
	}
}

/** Without a single descriptor no request can be served. */
function noneLeft(): boolean {
	try {
		closeSync(openSync('/dev/null', 'r'));
		return false;
	} catch {
		return true;
	}
}

function refuse(response: ServerResponse): void {
	response.writeHead(500, { 'content-type': 'application/json', connection: 'close' }).end(refusalText());
}

function refusalText(): string {
	const { code, hint } = explainExhaustion('descriptors');
	const why = 'the daemon has too many connections, or no file descriptors left for another one';
	return JSON.stringify(refusalBody(new KleeneError({ code, what: 'cannot serve the connection', why, hint })));
}
