/** TCP connections that carry as much as they can for a while, and the words of iproute2 inside a namespace. */
import { execFileSync } from 'node:child_process';
import { closeSync } from 'node:fs';
import { checked, declare } from '#os/linux/libc.ts';
import { within } from '#os/linux/netns.ts';
import { listenForConnections, socketAddress } from '#os/linux/sockets.ts';

const STREAM = 1;
const DATAGRAM = 2;
const CLOEXEC = 0o2000000;
const QUIETLY = 0x4000 | 0x40;
const SOL_SOCKET = 1;
const SEND_TIMEOUT = 21;

const socket = declare<(domain: number, type: number, protocol: number) => number>('int socket(int, int, int)');
const setsockopt = declare<(fd: number, level: number, name: number, value: Buffer, length: number) => number>(
	'int setsockopt(int, int, int, const void *, uint32_t)',
);
const connect = declare<(fd: number, address: Buffer, length: number) => number>(
	'int connect(int, const void *, uint32_t)',
);
const bind = declare<(fd: number, address: Buffer, length: number) => number>('int bind(int, const void *, uint32_t)');
const accept = declare<(fd: number, address: null, length: null) => number>('int accept(int, void *, void *)');
type Moved = (fd: number, data: Buffer, length: number, flags: number) => number;
const send = declare<Moved>('ssize_t send(int, const void *, size_t, int)');
const recv = declare<Moved>('ssize_t recv(int, void *, size_t, int)');

export interface Target {
	readonly address: string;
	readonly port: number;
}

function open(namespace: number, type: number, { address }: Target): number {
	const domain = address.includes(':') ? 10 : 2;
	return within(namespace, () => checked('socket', () => socket(domain, type | CLOEXEC, 0)));
}

export interface Connection {
	readonly caller: number;
	readonly server: number;
	close(): void;
}

/** @param place where it is listened, which differs from the target when there is address translation on the way */
export function connected(
	from: number,
	to: number,
	{ target, place = target }: { target: Target; place?: Target },
): Connection {
	const listener = listenForConnections({ namespace: to, ...place });
	const caller = open(from, STREAM, target);
	try {
		// So that a path that is cut fails within a second.
		const second = Buffer.alloc(16);
		second.writeBigInt64LE(1n);
		checked('setsockopt', () => setsockopt(caller, SOL_SOCKET, SEND_TIMEOUT, second, 16));
		const address = socketAddress(target.address, target.port);
		checked('connect', () => connect(caller, address, address.length));
		const server = checked('accept', () => accept(listener, null, null));
		return { caller, server, close: () => [caller, server].forEach((fd) => void closeSync(fd)) };
	} catch (error) {
		closeSync(caller);
		throw error;
	} finally {
		closeSync(listener);
	}
}

/** One datagram, from a port of one's own where one is given. */
export function sendDatagram(from: number, target: Target, source?: Target): void {
	const fd = open(from, DATAGRAM, target);
	try {
		if (source) {
			const own = socketAddress(source.address, source.port);
			checked('bind', () => bind(fd, own, own.length));
		}
		const address = socketAddress(target.address, target.port);
		checked('connect', () => connect(fd, address, address.length));
		checked('send', () => send(fd, Buffer.from('x'), 1, QUIETLY));
	} finally {
		closeSync(fd);
	}
}

/** @returns bits per second that arrived, without headers, from a warm start over some milliseconds */
export function throughput({ caller, server }: Connection, milliseconds: number): number {
	const chunk = Buffer.alloc(256 * 1024);
	carry({ caller, server }, chunk, 300);
	const start = performance.now();
	const received = carry({ caller, server }, chunk, milliseconds);
	return (received * 8 * 1000) / (performance.now() - start);
}

function carry({ caller, server }: Pick<Connection, 'caller' | 'server'>, chunk: Buffer, milliseconds: number): number {
	const end = performance.now() + milliseconds;
	let received = 0;
	while (performance.now() < end) {
		send(caller, chunk, chunk.length, QUIETLY);
		received += Math.max(0, Number(recv(server, chunk, chunk.length, QUIETLY)));
	}
	return received;
}

/** A command inside a namespace. @returns what it printed */
export function inside(namespace: number, command: string, ...words: readonly string[]): string {
	return within(namespace, () => execFileSync(command, words, { encoding: 'utf8', timeout: 5000 }));
}
