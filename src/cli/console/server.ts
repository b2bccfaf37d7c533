import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Relay } from '#client/relay.ts';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import { type Asked, foreignness, isNavigation, isOwnHost } from './admission.ts';
import { noSession, noSuchPage, notAllowed, pagePolicy, send, sendRefusal } from './answer.ts';
import type { PageFile } from './page-files.ts';
import { refuseUpgrade, relayRequest, relayUpgrade } from './relaying.ts';
import { Sessions, sessionCookie, sessionIn } from './sessions.ts';
import { LineStreams } from './streams.ts';

export interface ConsoleOptions {
	/** Of 127.0.0.1; 0: a free one. */
	readonly port: number;
	readonly page: ReadonlyMap<string, PageFile>;
	readonly relay: Relay;
	readonly version: string;
}

const ADDRESS = '127.0.0.1';
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'];
/** Requests and WebSockets for the daemon; streams of lines of the daemon. */
const [API, STREAM] = ['/api/', '/stream/'];

const ENTRANCE = '<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>Kleene</title>';

/** Serves the page on this machine, and passes on what it asks of the daemon. */
export class ConsoleServer {
	readonly #options: ConsoleOptions;
	readonly #sessions = new Sessions();
	readonly #streams = new LineStreams();
	/** Of WebSockets, which the server forgets. */
	readonly #sockets = new Set<Duplex>();
	readonly #server: Server;

	private constructor(options: ConsoleOptions) {
		this.#options = options;
		const { createServer } = process.getBuiltinModule('node:http');
		// An upload takes as long as it takes.
		this.#server = createServer({ requestTimeout: 0 }, (request, response) => this.#answer(request, response));
		this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
	}

	/** @throws KleeneError PORT_TAKEN, INVALID_ARGUMENT */
	static async start(options: ConsoleOptions): Promise<ConsoleServer> {
		const console = new ConsoleServer(options);
		await new Promise<void>((resolve, reject) => {
			console.#server.once('error', (error) => reject(cannotListen(options.port, error)));
			console.#server.listen(options.port, ADDRESS, resolve);
		});
		return console;
	}

	/** An address that is good once. */
	freshAddress(): string {
		return `http://${ADDRESS}:${this.#port}/?token=${this.#sessions.issueToken()}`;
	}

	/** Ends all that is under way. */
	close(): void {
		this.#server.close();
		this.#server.closeAllConnections();
		for (const socket of this.#sockets) socket.destroy();
	}

	get #port(): number {
		return (this.#server.address() as AddressInfo).port;
	}

	#answer(request: IncomingMessage, response: ServerResponse): void {
		const asked = askedBy(request, false);
		const url = request.url ?? '';
		const token = isOwnHost(asked, this.#port) && isNavigation(asked) ? tokenIn(url) : undefined;
		const refusal = token === undefined ? this.#refusalOf(asked) : undefined;
		if (token !== undefined) this.#begin(request, response, token);
		else if (refusal) sendRefusal(request, response, 403, refusal);
		else if (!METHODS.includes(asked.method))
			sendRefusal(request, response, 405, notAllowed('it knows no such method'));
		else if (url.startsWith(API)) void relayRequest(request, response, url.slice(API.length - 1), this.#options.relay);
		else this.#serve(request, response, url.split('?')[0] ?? '');
	}

	/** Exchanges a token for a session. */
	#begin(request: IncomingMessage, response: ServerResponse, token: string): void {
		const session = this.#sessions.redeem(token);
		if (session !== undefined) this.#enter(request, response, sessionCookie(this.#port, session));
		// The first address once more, from the history of the browser, say.
		else if (this.#hasSession(request)) send(response, 303, 'text/plain', '', { location: '/' });
		else {
			const hint = 'press Enter in the terminal of klee console, and open the new address';
			sendRefusal(request, response, 403, notAllowed('the address was used before', hint));
		}
	}

	#enter({ headers }: IncomingMessage, response: ServerResponse, cookie: string): void {
		const { 'sec-fetch-site': site = 'none' } = headers;
		if (site === 'none') send(response, 303, 'text/plain', '', { 'set-cookie': cookie, location: '/' });
		// A browser that another page led here follows a redirect without the cookie, but not a page of our own.
		else {
			const guards = { 'set-cookie': cookie, 'content-security-policy': `default-src 'none'; frame-ancestors 'none'` };
			send(response, 200, 'text/html; charset=utf-8', ENTRANCE, guards);
		}
	}

	#serve(request: IncomingMessage, response: ServerResponse, path: string): void {
		const { page, relay, version } = this.#options;
		const file = request.method === 'GET' || request.method === 'HEAD' ? page.get(path) : undefined;
		if (path === '/console.json')
			send(response, 200, 'application/json', JSON.stringify({ daemon: relay.address, version }));
		else if (!file) sendRefusal(request, response, 404, noSuchPage());
		else {
			const policy = pagePolicy(request.headers.host ?? '');
			send(response, 200, file.type, file.content, { 'content-security-policy': policy });
		}
	}

	#upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
		this.#sockets.add(socket);
		socket.once('close', () => this.#sockets.delete(socket));
		socket.on('error', () => socket.destroy());
		const refusal = this.#refusalOf(askedBy(request, true));
		const { url = '' } = request;
		const { relay } = this.#options;
		if (refusal) refuseUpgrade(socket, '403 Forbidden', refusal);
		else if (url.startsWith(API)) void relayUpgrade(request, socket, head, url.slice(API.length - 1), relay);
		else if (url.startsWith(STREAM)) this.#streams.accept(request, socket, head, url.slice(STREAM.length - 1), relay);
		else refuseUpgrade(socket, '404 Not Found', noSuchPage());
	}

	/** Why a request is not answered, if it is not: nobody else's page and nobody without a session gets anything. */
	#refusalOf(asked: Asked): KleeneError | undefined {
		if (!isOwnHost(asked, this.#port)) return notAllowed('it was asked for by another name than its own');
		const foreign = foreignness(asked);
		if (foreign !== undefined) return notAllowed(foreign);
		return this.#hasSession(asked) ? undefined : noSession();
	}

	#hasSession({ headers }: Pick<Asked, 'headers'>): boolean {
		const session = sessionIn(headers.cookie, this.#port);
		return session !== undefined && this.#sessions.has(session);
	}
}

function askedBy({ method = '', headers }: IncomingMessage, upgrade: boolean): Asked {
	return { method, headers, upgrade };
}

/** @param url path and query, as they were sent */
function tokenIn(url: string): string | undefined {
	const query = /^\/\?(.*)$/.exec(url)?.[1];
	return query === undefined ? undefined : (new URLSearchParams(query).get('token') ?? undefined);
}

function cannotListen(port: number, error: NodeJS.ErrnoException): KleeneError {
	const what = 'cannot start the console';
	if (error.code === 'EADDRINUSE') {
		const why = `something else listens on port ${port} of ${ADDRESS}`;
		return new KleeneError({
			code: 'PORT_TAKEN',
			what,
			why,
			hint: 'name another port, or leave out --port',
			cause: error,
		});
	}
	if (error.code === 'EACCES') {
		const why = `port ${port} is for root`;
		return new KleeneError({ code: 'INVALID_ARGUMENT', what, why, hint: 'name a port from 1024 on', cause: error });
	}
	const why = messageOf(error);
	return new KleeneError({ code: 'HOST_EXHAUSTED', what, why, hint: 'see the reason', cause: error });
}
