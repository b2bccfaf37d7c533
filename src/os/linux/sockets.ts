/**
 * Internet sockets of a given network namespace. Node opens sockets where the thread is when its event loop comes to it;
 * these are opened at once, inside, and handed to Node as descriptors (`dgram.Socket.bind({ fd })`,
 * `net.Server.listen({ fd })`, `new net.Socket({ fd })`), which then owns them.
 */
import { closeSync } from 'node:fs';
import { addressBytes } from '#inet/address.ts';
import { familyOf } from '#inet/family.ts';
import { hasCode } from '../errno.ts';
import { AF_INET, AF_INET6 } from './address-family.ts';
import { checked, declare } from './libc.ts';
import { within } from './netns.ts';

const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_BINDTODEVICE = 25;
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
const connect = declare<(fd: number, address: Buffer, length: number) => number>(
	'int connect(int fd, const void *address, uint32_t length)',
);
const listen = declare<(fd: number, backlog: number) => number>('int listen(int fd, int backlog)');

/** Local address of a socket. */
const SO_RCVBUFFORCE = 33;
/** Bytes of datagrams that may wait, some 10,000 small ones: more than several that flood may send at once. */
const WAITING = 4 * 1024 * 1024;

/** Whether the kernel of this machine has a transport protocol, also as a module that it loads. @param protocol number, e.g. 132 for SCTP */
export function hasProtocol(protocol: number): boolean {
	try {
		closeSync(checked('socket', () => socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, protocol)));
		return true;
	} catch (error) {
		if (hasCode(error, 'EPROTONOSUPPORT', 'ESOCKTNOSUPPORT')) return false;
		throw error;
	}
}

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
	const fd = openBound(endpoint, SOCK_DGRAM);
	const room = Buffer.alloc(4);
	room.writeInt32LE(WAITING);
	// Only root may have so much; others keep what the system gives.
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, room, room.length);
	return fd;
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

/** Remote address of a socket. */
export interface RemoteEndpoint {
	/** Descriptor of a network namespace; undefined: the one of this process. */
	readonly namespace: number | undefined;
	/** An IPv6 address may have a zone: `fe80::1%eth0` is reached through that interface of the namespace. */
	readonly address: string;
	readonly port: number;
}

/**
 * @returns a descriptor for datagrams to that address, bound and connected to nothing yet; the caller owns it
 * @throws SystemCallError ENODEV when the interface of the zone is not there
 */
export function openDatagrams({ namespace, address }: Omit<RemoteEndpoint, 'port'>): number {
	return openTowards(namespace, address, SOCK_DGRAM);
}

/**
 * @returns a descriptor whose connection is under way: whether it comes about, reading and writing tell
 * @throws SystemCallError e.g. ENETUNREACH, ENODEV
 */
export function startConnection({ namespace, address, port }: RemoteEndpoint): number {
	const fd = openTowards(namespace, address, SOCK_STREAM);
	try {
		const name = socketAddress(withoutZone(address), port);
		checked('connect', () => connect(fd, name, name.length));
	} catch (error) {
		if (hasCode(error, 'EINPROGRESS')) return fd;
		closeSync(fd);
		throw error;
	}
	return fd;
}

/** `fe80::1%kleene0` → `fe80::1` */
export function withoutZone(address: string): string {
	return address.split('%', 1)[0] ?? address;
}

function openTowards(namespace: number | undefined, address: string, kind: number): number {
	const fd = openIn(namespace, withoutZone(address), kind);
	const [, zone] = address.split('%');
	try {
		if (zone !== undefined) set(fd, SOL_SOCKET, { option: SO_BINDTODEVICE, value: Buffer.from(zone) });
		return fd;
	} catch (error) {
		closeSync(fd);
		throw error;
	}
}

function openIn(namespace: number | undefined, address: string, kind: number): number {
	const domain = familyOf(address) === 4 ? AF_INET : AF_INET6;
	const open = () => checked('socket', () => socket(domain, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	return namespace === undefined ? open() : within(namespace, open);
}

function openBound({ namespace, address, port }: LocalEndpoint, kind: number): number {
	const name = socketAddress(address, port);
	const fd = openIn(namespace, address, kind);
	try {
		// Lets a daemon that restarts listen while connections of its predecessor still fade away.
		enable(fd, SOL_SOCKET, SO_REUSEADDR);
		if (familyOf(address) === 4) enable(fd, IPPROTO_IP, IP_FREEBIND);
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
	set(fd, level, { option, value: one });
}

function set(fd: number, level: number, { option, value }: { option: number; value: Buffer }): void {
	checked('setsockopt', () => setsockopt(fd, level, option, value, value.length));
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
