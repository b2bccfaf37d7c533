import { closeSync, constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { checked, declare } from './libc.ts';

const socket = declare<(domain: number, type: number, protocol: number) => number>(
	'int socket(int domain, int type, int protocol)',
);
const socketpair = declare<(domain: number, type: number, protocol: number, pair: Buffer) => number>(
	'int socketpair(int domain, int type, int protocol, void *pair)',
);
const connect = declare<(fd: number, address: Buffer, length: number) => number>(
	'int connect(int fd, const void *address, unsigned int length)',
);
const fcntl = declare<(fd: number, command: number, argument: number) => number>(
	'int fcntl(int fd, int command, int argument)',
);
const dup3 = declare<(from: number, to: number, flags: number) => number>('int dup3(int from, int to, int flags)');

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const F_SETFL = 4;
/** Size of `sun_path`, its final NUL included. Source: unix(7). */
const PATH_SIZE = 108;

/**
 * Connects to a unix socket of type SOCK_SEQPACKET; throws SystemCallError. Each `data` event is one packet; each write that is made after the
 * one before was flushed is one packet. `end()` shuts down the sending side only.
 *
 * Node opens stream sockets alone. So it is given one, and the descriptor is exchanged before its event loop sees it:
 * reading, writing and shutting down are the same calls.
 */
export function connectSeqpacket(path: string): Socket {
	const connected = open(path);
	const pair = Buffer.alloc(8);
	try {
		checked('socketpair', () => socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
		const mine = pair.readInt32LE();
		const stream = new Socket({ fd: mine, readable: true, writable: true, allowHalfOpen: true });
		closeSync(pair.readInt32LE(4));
		checked('dup3', () => dup3(connected, mine, SOCK_CLOEXEC));
		return stream;
	} finally {
		closeSync(connected);
	}
}

function open(path: string): number {
	const fd = checked('socket', () => socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	// A longer path is reached through its directory's descriptor, as conmon does when it binds it.
	const directory = Buffer.byteLength(path) < PATH_SIZE ? -1 : openSync(dirname(path), constants.O_DIRECTORY);
	try {
		const short = directory < 0 ? path : `/proc/self/fd/${directory}/${basename(path)}`;
		const address = Buffer.alloc(2 + PATH_SIZE);
		address.writeUInt16LE(AF_UNIX);
		address.write(short, 2);
		checked('connect', () => connect(fd, address, address.length));
		// Not before: connecting would fail instead of waiting its turn. A write that blocks would hold up the whole program.
		checked('fcntl', () => fcntl(fd, F_SETFL, constants.O_NONBLOCK));
		return fd;
	} catch (error) {
		closeSync(fd);
		throw error;
	} finally {
		if (directory >= 0) closeSync(directory);
	}
}
