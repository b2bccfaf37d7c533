/** Netlink multicast groups, read by the event loop. */

import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import koffi from 'koffi';
import { hasCode } from '#os/errno.ts';
import { checked, declare } from '../libc.ts';
import { within } from '../netns.ts';

const AF_UNIX = 1;
const AF_NETLINK = 16;
const SOCK_STREAM = 1;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;
const SO_RCVBUFFORCE = 33;
const SOL_NETLINK = 270;
const NETLINK_NO_ENOBUFS = 5;
/** Bytes. The kernel counts at least twice the length of a message, and a page for a small one. */
const RECEIVE_BUFFER = 2 * 1024 * 1024;

koffi.struct('sock_fprog', { len: 'uint16_t', filter: 'void *' });

const socket = declare<(domain: number, type: number, protocol: number) => number>(
	'int socket(int domain, int type, int protocol)',
);
const socketpair = declare<(domain: number, type: number, protocol: number, pair: Buffer) => number>(
	'int socketpair(int domain, int type, int protocol, void *pair)',
);
const bind = declare<(fd: number, address: Buffer, length: number) => number>(
	'int bind(int fd, const void *address, uint32_t length)',
);
const setsockopt = declare<(fd: number, level: number, name: number, value: Buffer, length: number) => number>(
	'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
);
const attach = declare<
	(fd: number, level: number, name: number, program: { len: number; filter: Buffer }, length: number) => number
>('int setsockopt(int fd, int level, int name, const sock_fprog *program, uint32_t length)');
const dup3 = declare<(from: number, to: number, flags: number) => number>('int dup3(int from, int to, int flags)');

export interface Subscription {
	readonly protocol: number;
	/** Numbers from 1 to 32. */
	readonly groups: readonly number[];
	/** Descriptor of a namespace, to stay open until the feed is closed; default: the caller's. */
	readonly namespace?: number | undefined;
	/** From packet-filter.ts: what shall wake nobody. */
	readonly filter: Buffer;
	/** Bytes. Default 2 MiB, of which the kernel uses what it needs. */
	readonly receiveBuffer?: number | undefined;
	/**
	 * Asks for more than groups on the socket before it is read. The kernel gives what it asked for to one socket alone,
	 * so this one is never exchanged: what does not fit its buffer is gone without an overrun.
	 */
	configure?(fd: number): void;
	/** Called for each datagram, which is gone afterwards. */
	take(datagram: Buffer): void;
	/** Some messages did not fit the buffer and are gone. From here on all arrive again. */
	overrun(): void;
	/** Nothing will arrive any more. */
	lost(error: Error): void;
}

/** Messages arrive from the moment of the construction on. */
export class MulticastFeed {
	readonly #subscription: Subscription;
	#stream: Socket;

	/** @throws SystemCallError */
	constructor(subscription: Subscription) {
		this.#subscription = subscription;
		this.#stream = this.#open();
	}

	/** Releases the socket; nothing is reported afterwards. */
	close(): void {
		this.#stream.removeAllListeners('data').destroy();
	}

	#open(): Socket {
		const stream = adopt(openSocket(this.#subscription));
		stream.on('data', (datagram: Buffer) => this.#subscription.take(datagram));
		stream.on('error', (error) => this.#failed(stream, error));
		return stream;
	}

	/** Node gives a socket up after any error, also after this one, which says only that there was too much to say. */
	#failed(stream: Socket, error: Error): void {
		if (stream !== this.#stream || stream.listenerCount('data') === 0) return;
		if (!hasCode(error, 'ENOBUFS')) {
			this.#subscription.lost(error);
			return;
		}
		try {
			this.#stream = this.#open();
		} catch (failure) {
			this.#subscription.lost(failure instanceof Error ? failure : new Error(String(failure)));
			return;
		}
		this.#subscription.overrun();
	}
}

function openSocket(subscription: Subscription): number {
	const { protocol, namespace, groups, filter, receiveBuffer = RECEIVE_BUFFER } = subscription;
	const type = SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK;
	const create = () => checked('socket', () => socket(AF_NETLINK, type, protocol));
	const fd = namespace === undefined ? create() : within(namespace, create);
	try {
		const size = Buffer.alloc(4);
		size.writeInt32LE(receiveBuffer);
		checked('setsockopt', () => setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size, 4));
		const program = { len: filter.length / 8, filter };
		checked('setsockopt', () => attach(fd, SOL_SOCKET, SO_ATTACH_FILTER, program, koffi.sizeof('sock_fprog')));
		const address = Buffer.alloc(12);
		address.writeUInt16LE(AF_NETLINK);
		for (const group of groups) address.writeUInt32LE((address.readUInt32LE(8) | (1 << (group - 1))) >>> 0, 8);
		checked('bind', () => bind(fd, address, address.length));
		if (subscription.configure) {
			checked('setsockopt', () => setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, Buffer.of(1, 0, 0, 0), 4));
			subscription.configure(fd);
		}
		return fd;
	} catch (error) {
		closeSync(fd);
		throw error;
	}
}

/**
 * A stream of Node that reads from a descriptor of any kind, one datagram for each `data`. Node opens sockets of its
 * own kinds alone, so it is given one, and the descriptor is exchanged before its event loop sees it.
 */
function adopt(fd: number): Socket {
	const pair = Buffer.alloc(8);
	try {
		checked('socketpair', () => socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
		const mine = pair.readInt32LE();
		const stream = new Socket({ fd: mine, readable: true, writable: false });
		closeSync(pair.readInt32LE(4));
		checked('dup3', () => dup3(fd, mine, SOCK_CLOEXEC));
		return stream;
	} finally {
		closeSync(fd);
	}
}
