/** One packet to somebody, and what comes back: a TCP connection, a UDP datagram or an ICMP echo request. */

import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Family, familyOf } from '#inet/family.ts';
import { errnoName } from '../errno.ts';
import { AF_INET, AF_INET6 } from './address-family.ts';
import { checked, declare, SystemCallError } from './libc.ts';
import { within } from './netns.ts';
import { socketAddress } from './sockets.ts';

const TYPES = { tcp: 1, udp: 2, icmp: 3 } as const;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO = { 4: 1, 6: 58 } as const;
const ECHO = { 4: { request: 8, reply: 0, offset: 20 }, 6: { request: 128, reply: 129, offset: 0 } } as const;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const POLL = { in: 1, out: 4, error: 8 } as const;
/** Milliseconds between looks at the socket: the main thread goes on meanwhile. */
const PAUSE = 2;

const socket = declare<(domain: number, type: number, protocol: number) => number>(
	'int socket(int domain, int type, int protocol)',
);
const connect = declare<(fd: number, address: Buffer, length: number) => number>(
	'int connect(int fd, const void *address, uint32_t length)',
);
const send = declare<(fd: number, data: Buffer, length: number, flags: number) => number>(
	'ssize_t send(int fd, const void *data, size_t length, int flags)',
);
const recv = declare<(fd: number, data: Buffer, length: number, flags: number) => number>(
	'ssize_t recv(int fd, void *data, size_t length, int flags)',
);
const getsockopt = declare<(fd: number, level: number, name: number, value: Buffer, length: Buffer) => number>(
	'int getsockopt(int fd, int level, int name, void *value, void *length)',
);
const poll = declare<(fds: Buffer, count: number, timeout: number) => number>(
	'int poll(void *fds, unsigned long count, int timeout)',
);

export interface Probe {
	/** Descriptor of the network namespace it is sent from; undefined: the one of this process. */
	readonly namespace: number | undefined;
	readonly address: string;
	readonly protocol: keyof typeof TYPES;
	/** Ignored for ICMP. */
	readonly port: number;
	/** Milliseconds until nothing is the answer. */
	readonly timeout: number;
}

/** Result of a probe and its time in milliseconds: an answer, an error such as `ECONNREFUSED`, or nothing. */
export interface Echo {
	readonly kind: 'answer' | 'error' | 'silence';
	/** `''` unless it is an error. */
	readonly code: string;
	readonly milliseconds: number;
}

/** @throws SystemCallError when there can be no socket, e.g. EPERM for ICMP without the privilege */
export async function sendProbe(probe: Probe): Promise<Echo> {
	const six = familyOf(probe.address) === 6;
	const protocol = probe.protocol === 'icmp' ? IPPROTO[six ? 6 : 4] : 0;
	const type = TYPES[probe.protocol] | SOCK_NONBLOCK | SOCK_CLOEXEC;
	const open = () => checked('socket', () => socket(six ? AF_INET6 : AF_INET, type, protocol));
	const fd = probe.namespace === undefined ? open() : within(probe.namespace, open);
	const start = performance.now();
	const ended = (kind: Echo['kind'], code = ''): Echo => ({ kind, code, milliseconds: performance.now() - start });
	try {
		const token = begin(fd, probe);
		do {
			if (isAnswered(fd, probe, token)) return ended('answer');
			await sleep(PAUSE);
		} while (performance.now() - start < probe.timeout);
		return ended('silence');
	} catch (error) {
		if (error instanceof SystemCallError) return ended('error', error.code);
		throw error;
	} finally {
		closeSync(fd);
	}
}

/** @returns what an echo reply must hold to be ours */
function begin(fd: number, { address, protocol, port }: Probe): number {
	const name = socketAddress(address, protocol === 'icmp' ? 0 : port);
	const token = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
	try {
		checked('connect', () => connect(fd, name, name.length));
	} catch (error) {
		if (!(error instanceof SystemCallError) || error.code !== 'EINPROGRESS') throw error;
	}
	if (protocol === 'tcp') return token;
	const data = protocol === 'udp' ? Buffer.from('\n') : echoRequest(familyOf(address), token);
	checked('send', () => send(fd, data, data.length, 0));
	return token;
}

function isAnswered(fd: number, { protocol, address }: Probe, token: number): boolean {
	const wanted = protocol === 'tcp' ? POLL.out : POLL.in;
	const entry = Buffer.alloc(8);
	entry.writeInt32LE(fd);
	entry.writeInt16LE(wanted, 4);
	checked('poll', () => poll(entry, 1, 0));
	const happened = entry.readInt16LE(6);
	if (happened !== 0) throwPending(fd);
	if ((happened & wanted) === 0) return false;
	return protocol !== 'icmp' || isEcho(fd, familyOf(address), token);
}

/** The error that came back for what was sent, if one did. */
function throwPending(fd: number): void {
	const value = Buffer.alloc(4);
	const length = Buffer.of(4, 0, 0, 0);
	checked('getsockopt', () => getsockopt(fd, SOL_SOCKET, SO_ERROR, value, length));
	const errno = value.readInt32LE();
	if (errno !== 0 && errnoName(errno) !== 'EINPROGRESS') throw new SystemCallError('probe', errno);
}

/** Raw sockets see every ICMP packet from there, to ourselves also the request. */
function isEcho(fd: number, family: Family, token: number): boolean {
	const packet = Buffer.alloc(256);
	const { reply, offset } = ECHO[family];
	const length = checked('recv', () => recv(fd, packet, packet.length, 0));
	return length >= offset + 8 && packet[offset] === reply && packet.readUInt32BE(offset + 4) === token;
}

/** Identifier and sequence number are the token. The kernel sums ICMPv6 up itself. */
function echoRequest(family: Family, token: number): Buffer {
	const packet = Buffer.alloc(16);
	packet[0] = ECHO[family].request;
	packet.writeUInt32BE(token, 4);
	packet.write('kleene', 8);
	if (family === 4) packet.writeUInt16BE(checksum(packet), 2);
	return packet;
}

/** RFC 1071. */
function checksum(packet: Buffer): number {
	let sum = 0;
	for (let offset = 0; offset < packet.length; offset += 2) sum += packet.readUInt16BE(offset);
	while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
	return ~sum & 0xffff;
}
