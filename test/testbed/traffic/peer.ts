/**
 * Packets between network namespaces: a peer that listens tells everyone who it is and whom it sees, and one that asks
 * reports the answer or what went wrong. The sockets are opened inside, and served by this process.
 */
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import { listenForConnections } from '#os/linux/sockets.ts';
import { beginConnection } from './connection.ts';
import { inPlace, type Place } from './place.ts';

export { ofProcess, type Place } from './place.ts';

export interface Question {
	readonly protocol?: 'tcp' | 'udp';
	readonly address: string;
	readonly port: number;
	/** Address that is spoken from; absent: the one that the route gives. */
	readonly source?: string;
	/** Milliseconds until silence is the answer. Default 5000: an answer is to come, however busy the machine. */
	readonly timeout?: number;
}

/** For `timeout` where nobody is to answer: an answer resolves at once, silence costs all of this, in milliseconds. */
export const SILENCE = 700;

/** Answers `NAME sees ADDRESS` on ports such as `tcp/80`, in both families, or on `udp/80/10.4.6.2` alone. */
export class Listener {
	readonly #name: string;
	readonly #servers: Server[] = [];
	readonly #connections = new Set<Socket>();
	readonly #datagrams: Datagrams[] = [];

	private constructor(name: string) {
		this.#name = name;
	}

	static async start(place: Place, name: string, ports: readonly string[]): Promise<Listener> {
		const listener = new Listener(name);
		for (const text of ports) {
			const [protocol, port, address] = text.split('/');
			if (protocol === 'tcp') await listener.#serve(place, Number(port), address);
			else listener.#hear(place, Number(port), address);
		}
		return listener;
	}

	#answer(address: string | undefined): string {
		return `${this.#name} sees ${address?.replace(/^::ffff:/, '')}`;
	}

	async #serve(place: Place, port: number, address: string | undefined): Promise<void> {
		const server = createServer((socket) => {
			this.#connections.add(socket);
			socket.on('error', () => undefined);
			socket.once('close', () => this.#connections.delete(socket));
			socket.write(`${this.#answer(socket.remoteAddress)}\n`);
			socket.on('data', (data) => socket.write(data));
		});
		this.#servers.push(server);
		// Without an address Node opens the socket within this call, and for both families.
		inPlace(place, () => {
			if (address === undefined) server.listen(port);
			else server.listen({ fd: listenForConnections({ namespace: undefined, address, port }) });
		});
		await once(server, 'listening');
	}

	#hear(place: Place, port: number, address = '::'): void {
		const socket = openDatagrams(place, address, { address, port });
		socket.on('message', (_, from) => socket.send(this.#answer(from.address), from.port, from.address));
		this.#datagrams.push(socket);
	}

	async stop(): Promise<void> {
		const closed = [...this.#servers, ...this.#datagrams].map((one) => once(one, 'close'));
		for (const server of this.#servers.splice(0)) server.close();
		for (const socket of this.#connections) socket.destroy();
		for (const socket of this.#datagrams.splice(0)) socket.close();
		await Promise.all(closed);
	}
}

/** Asks all at once. @returns in the order of asking `NAME sees ADDRESS`, `silence`, or a code such as ECONNREFUSED. */
export function ask(place: Place, ...questions: readonly Question[]): Promise<string[]> {
	return Promise.all(
		questions.map(({ timeout = 5000, ...question }) => {
			const { promise, resolve } = Promise.withResolvers<string>();
			const end =
				question.protocol === 'udp' ? askDatagram(place, question, resolve) : askStream(place, question, resolve);
			const timer = setTimeout(() => resolve('silence'), timeout);
			return promise.finally(() => {
				clearTimeout(timer);
				end();
			});
		}),
	);
}

type Resolve = (answer: string) => void;

/** @returns what ends the asking */
function askStream(place: Place, { source, ...target }: Question, resolve: Resolve): () => void {
	const failed = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message);
	try {
		const fd = inPlace(place, () => beginConnection(target, source));
		const socket = new Socket({ fd, readable: true, writable: true })
			.once('data', (data) => resolve(data.toString('utf8').trim()))
			.once('error', failed);
		return () => socket.destroy();
	} catch (error) {
		failed(error as NodeJS.ErrnoException);
		return () => undefined;
	}
}

function askDatagram(place: Place, { address, port, source }: Question, resolve: Resolve): () => void {
	const failed = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message);
	const socket = openDatagrams(place, address, { ...(source && { address: source }), port: 0 })
		.once('message', (data) => resolve(data.toString('utf8').trim()))
		.on('error', failed);
	// A connected socket hears of refusals.
	socket.connect(port, address, (error?: Error) => {
		if (error) failed(error);
		else socket.send('?');
	});
	return () => socket.close();
}

/** @param like an address of the family that is meant @throws what binding fails with, e.g. EADDRINUSE */
function openDatagrams(place: Place, like: string, own: { address?: string; port: number }): Datagrams {
	// With this lookup Node opens the socket within `bind`, not some time later.
	const lookup = (address: string, _: unknown, done: (error: null, address: string, family: number) => void) =>
		done(null, address, address.includes(':') ? 6 : 4);
	const socket = createSocket({ type: like.includes(':') ? 'udp6' : 'udp4', lookup });
	const failures: Error[] = [];
	const note = (error: Error) => failures.push(error);
	socket.on('error', note);
	inPlace(place, () => socket.bind({ ...own, exclusive: true }));
	socket.off('error', note);
	if (failures[0]) throw failures[0];
	return socket;
}
