/** The sockets of one address: datagrams and streams. Both give questions and take answers as whole messages. */

import { createSocket, type Socket as DatagramSocket, type RemoteInfo } from 'node:dgram';
import { closeSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { familyOf } from '#inet/family.ts';
import { bindDatagrams, type LocalEndpoint, listenForConnections, withoutZone } from '#os/linux/sockets.ts';
import type { Client } from './forwarder.ts';
import { frame, LONGEST_MESSAGE, MessageReader } from './frames.ts';
import { datagramLimit, parseQuery, type Query } from './query.ts';

/** Connections at a time. A container that holds them all is in the way of its own network only. */
const MOST_CONNECTIONS = 128;
/** Milliseconds that a connection may lie idle. Source: RFC 7766 section 6.2.3, "a few seconds". */
const IDLE = 10_000;

/** @returns undefined for a question that gets no answer */
export type Respond = (query: Query, client: Client) => Buffer | undefined | Promise<Buffer | undefined>;

export interface ListenerOptions {
	readonly endpoint: LocalEndpoint;
	readonly respond: Respond;
	readonly warn: (fields: object, message: string) => void;
}

export class Listener {
	readonly #options: ListenerOptions;
	readonly #server: Server;
	readonly #datagrams: DatagramSocket;
	readonly #connections = new Set<Socket>();
	#closed = false;

	/** @throws SystemCallError; then no socket is open */
	constructor(options: ListenerOptions) {
		this.#options = options;
		// Streams first: only they tell when another program has the address (see bindDatagrams).
		const stream = listenForConnections(options.endpoint);
		let datagrams: number;
		try {
			datagrams = bindDatagrams(options.endpoint);
		} catch (error) {
			closeSync(stream);
			throw error;
		}
		this.#server = this.#serve(stream);
		this.#datagrams = this.#receive(datagrams);
	}

	close(): void {
		this.#closed = true;
		this.#datagrams.close();
		this.#server.close();
		for (const connection of this.#connections) connection.destroy();
	}

	#receive(fd: number): DatagramSocket {
		const family = familyOf(this.#options.endpoint.address);
		// Who is answered has a numeric address: there is nothing to look up.
		const socket = createSocket({ type: `udp${family}`, lookup: (name, _options, found) => found(null, name, family) });
		socket.on('error', (error) => this.#failed(error));
		socket.on('message', (bytes, from) => this.#onDatagram(bytes, from));
		return socket.bind({ fd, exclusive: true });
	}

	#onDatagram(bytes: Buffer, { address, port }: RemoteInfo): void {
		const query = parseQuery(bytes);
		// Nobody asks from port 0, and nothing can be sent there.
		if (!query || port === 0) return;
		const client: Client = { source: withoutZone(address), stream: false, limit: datagramLimit(query) };
		void this.#answer(query, client, (answer) => {
			// An answer that cannot be sent is a lost one: the client asks again.
			this.#datagrams.send(answer, port, address, () => undefined);
		});
	}

	#serve(fd: number): Server {
		const server = createServer({ noDelay: true, allowHalfOpen: true }, (connection) => this.#onConnection(connection));
		server.maxConnections = MOST_CONNECTIONS;
		server.on('error', (error) => this.#failed(error));
		return server.listen({ fd, exclusive: true });
	}

	#onConnection(connection: Socket): void {
		const source = withoutZone(connection.remoteAddress ?? '');
		const reader = new MessageReader();
		// A client may end its half before it has its answers.
		let [waiting, hasEnded] = [0, false];
		const finish = () => {
			if (hasEnded && waiting === 0) connection.end();
		};
		connection.on('end', () => {
			hasEnded = true;
			finish();
		});
		this.#connections.add(connection);
		connection.setTimeout(IDLE, () => waiting === 0 && connection.destroy());
		connection.on('close', () => this.#connections.delete(connection));
		connection.on('error', () => connection.destroy());
		// A client that does not read its answers is not read either.
		connection.on('drain', () => connection.resume());
		connection.on('data', (chunk: Buffer) => {
			for (const message of reader.read(chunk)) {
				const query = parseQuery(message);
				if (!query) return void connection.destroy();
				waiting += 1;
				const answered = this.#answer(query, { source, stream: true, limit: LONGEST_MESSAGE }, (answer) => {
					if (connection.writable && !connection.write(frame(answer))) connection.pause();
				});
				void answered.then(() => {
					waiting -= 1;
					finish();
				});
			}
		});
	}

	#answer(query: Query, client: Client, send: (answer: Buffer) => void): Promise<void> {
		const respond = async () => this.#options.respond(query, client);
		const deliver = (answer: Buffer | undefined) => {
			if (answer && !this.#closed) send(answer);
		};
		return respond().then(deliver, (error: unknown) => this.#failed(error));
	}

	#failed(error: unknown): void {
		this.#options.warn({ error, address: this.#options.endpoint.address }, 'the resolver met an error and goes on');
	}
}
