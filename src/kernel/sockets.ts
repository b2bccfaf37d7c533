/**
 * Internet sockets that wait on an address of a given network namespace. Node opens sockets where the thread is when
 * its event loop comes to it; these are opened at once, inside, and handed to Node as descriptors
 * (`dgram.Socket.bind({ fd })`, `net.Server.listen({ fd })`), which then owns them.
 */
import { closeSync } from 'node:fs';
import { checked, declare } from './libc.ts';
import { AF_INET, AF_INET6, addressBytes, familyOf } from './netlink/inet.ts';
import { within } from './netns.ts';

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IP = 0;
const IP_FREEBIND = 15;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const IPV6_FREEBIND = 78;
/** Connections that wait to be accepted. The kernel lowers it to net.core.somaxconn. */
const BACKLOG = 511;

const socket = declare<(domain: number, type: number, protocol: number) => number>(
	'int socket(int domain, int type, int protocol)',
);
const setsockopt = declare<(fd: number, level: number, name: number, value: Buffer, length: number) => number>(
	'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
);
const bind = declare<(fd: number, address: Buffer, length: number) => number>(
	'int bind(int fd, const void *address, uint32_t length)',
);
const listen = declare<(fd: number, backlog: number) => number>('int listen(int fd, int backlog)');

/** Where a socket waits. */
export interface LocalEndpoint {
	/** Descriptor of a network namespace; undefined: the one of this process. */
	readonly namespace: number | undefined;
	/** IPv4 or global IPv6 address. No interface need have it yet, nor keep it. */
	readonly address: string;
	readonly port: number;
}

/**
 * @returns a descriptor for datagrams, non-blocking and closed on exec; the caller owns it
 * @throws SystemCallError e.g. EADDRINUSE. Two sockets of this kind on one endpoint are no error: the later gets all.
 */
export function bindDatagrams(endpoint: LocalEndpoint): number {
	return openBound(endpoint, SOCK_DGRAM);
}

/**
 * @returns a descriptor that takes connections, non-blocking and closed on exec; the caller owns it
 * @throws SystemCallError EADDRINUSE when another program takes connections there or on all addresses
 */
export function listenForConnections(endpoint: LocalEndpoint): number {
	const fd = openBound(endpoint, SOCK_STREAM);
	try {
		checked('listen', () => listen(fd, BACKLOG));
		return fd;
	} catch (error) {
		closeSync(fd);
		throw error;
	}
}

function openBound({ namespace, address, port }: LocalEndpoint, kind: number): number {
	const name = socketAddress(address, port);
	const domain = familyOf(address) === 4 ? AF_INET : AF_INET6;
	const open = () => checked('socket', () => socket(domain, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	const fd = namespace === undefined ? open() : within(namespace, open);
	try {
		// Lets a daemon that restarts listen while connections of its predecessor still fade away.
		enable(fd, SOL_SOCKET, SO_REUSEADDR);
		if (domain === AF_INET) enable(fd, IPPROTO_IP, IP_FREEBIND);
		else {
			enable(fd, IPPROTO_IPV6, IPV6_FREEBIND);
			enable(fd, IPPROTO_IPV6, IPV6_V6ONLY);
		}
		checked('bind', () => bind(fd, name, name.length));
		return fd;
	} catch (error) {
		closeSync(fd);
		throw error;
	}
}

function enable(fd: number, level: number, option: number): void {
	const one = Buffer.alloc(4);
	one.writeInt32LE(1);
	checked('setsockopt', () => setsockopt(fd, level, option, one, one.length));
}

/** `struct sockaddr_in` or `struct sockaddr_in6`. Source: ip(7), ipv6(7). */
export function socketAddress(address: string, port: number): Buffer {
	const bytes = addressBytes(address);
	const four = bytes.length === 4;
	const name = Buffer.alloc(four ? 16 : 28);
	name.writeUInt16LE(four ? AF_INET : AF_INET6);
	name.writeUInt16BE(port, 2);
	bytes.copy(name, four ? 4 : 8);
	return name;
}
