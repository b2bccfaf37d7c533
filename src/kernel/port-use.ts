/**
 * Whether a process waits on a port of a namespace. The kernel answers in microseconds, however many sockets there are:
 * a socket that wants to wait there as well is refused.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { errnoName, hasCode } from './errno.ts';
import { checked, declare, lastErrno } from './libc.ts';
import { AF_INET, AF_INET6, addressText } from './netlink/inet.ts';
import { within } from './netns.ts';
import { socketAddress } from './sockets.ts';

const SOCK = { tcp: 1, udp: 2 } as const;
const SOCK_CLOEXEC = 0o2000000;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const ONE = Buffer.of(1, 0, 0, 0);

const socket = declare<(domain: number, type: number, protocol: number) => number>(
	'int socket(int domain, int type, int protocol)',
);
const setsockopt = declare<(fd: number, level: number, name: number, value: Buffer, length: number) => number>(
	'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
);
const bind = declare<(fd: number, address: Buffer, length: number) => number>(
	'int bind(int fd, const void *address, uint32_t length)',
);
const close = declare<(fd: number) => number>('int close(int fd)');

export interface PortQuestion {
	/** Descriptor of a network namespace; undefined: the one of this process. */
	readonly namespace: number | undefined;
	readonly protocol: 'tcp' | 'udp';
	/** `0.0.0.0` and `::` stand for every address of their family. */
	readonly address: string;
	readonly first: number;
	readonly last: number;
}

export interface Waiting {
	/** As the process gave it; `::` may stand for IPv4 as well. */
	readonly address: string;
	readonly port: number;
}

/** @returns the lowest port of these that is taken */
export function findWaiting(question: PortQuestion): Waiting | undefined {
	const { namespace } = question;
	return namespace === undefined ? search(question) : within(namespace, () => search(question));
}

/** An outgoing connection occupies a port as well, without waiting there: what is occupied is looked up in the list. */
function search({ protocol, address, first, last }: PortQuestion): Waiting | undefined {
	const name = socketAddress(address, first);
	let list: readonly Waiting[] | undefined;
	for (let port = first; port <= last; port += 1) {
		name.writeUInt16BE(port, 2);
		if (!isOccupied(SOCK[protocol], name)) continue;
		list ??= listWaiting(protocol);
		const found = list.find((one) => one.port === port && meets(one.address, address));
		if (found) return found;
	}
	return undefined;
}

/** Three or four calls and nothing else for each port: ranges have hundreds. */
function isOccupied(kind: number, name: Buffer): boolean {
	const six = name.length > 16;
	const fd = checked('socket', () => socket(six ? AF_INET6 : AF_INET, kind | SOCK_CLOEXEC, 0));
	try {
		if (six) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, ONE, ONE.length);
		return bind(fd, name, name.length) < 0 && errnoName(lastErrno()) === 'EADDRINUSE';
	} finally {
		close(fd);
	}
}

function meets(waiting: string, wanted: string): boolean {
	if (waiting === '::') return true;
	if (waiting.includes(':') !== wanted.includes(':')) return false;
	return waiting === wanted || isEvery(waiting) || isEvery(wanted);
}

function isEvery(address: string): boolean {
	return address === '0.0.0.0' || address === '::';
}

/** States of sockets: include/net/tcp_states.h. A socket for datagrams that is not connected is `closed`. */
const STATE = { tcp: '0A', udp: '07' } as const;
const CHUNK = 65_536;

function listWaiting(protocol: 'tcp' | 'udp'): Waiting[] {
	return [protocol, `${protocol}6`].flatMap((name) => [...readList(`/proc/thread-self/net/${name}`, STATE[protocol])]);
}

/** The kernel lists connections after those who wait for them, so that reading ends at the first. */
function* readList(path: string, state: string): Generator<Waiting> {
	for (const line of lines(path)) {
		const [, local = '', , found] = line.trim().split(/\s+/);
		if (found === state) yield decode(local);
		else if (state === STATE.tcp && /^[0-9A-F]{2}$/.test(found ?? '')) return;
	}
}

function* lines(path: string): Generator<string> {
	let file: number;
	try {
		file = openSync(path, 'r');
	} catch (error) {
		// A kernel without IPv6.
		if (hasCode(error, 'ENOENT')) return;
		throw error;
	}
	try {
		const chunk = Buffer.alloc(CHUNK);
		let rest = '';
		for (let length = 1; length > 0; ) {
			length = readSync(file, chunk);
			const pieces = (rest + chunk.toString('latin1', 0, length)).split('\n');
			rest = pieces.pop() ?? '';
			yield* pieces;
		}
	} finally {
		closeSync(file);
	}
}

/** What IPv6 puts before an IPv4 address. */
const MAPPED = '00000000000000000000ffff';

/** `0100007F:1F90`: the address in words of the machine's byte order. */
function decode(text: string): Waiting {
	const [address = '', port = ''] = text.split(':');
	const bytes = Buffer.from(address, 'hex');
	if (endianness() === 'LE') bytes.swap32();
	const own = bytes.length === 16 && bytes.toString('hex', 0, 12) === MAPPED ? bytes.subarray(12) : bytes;
	return { address: addressText(own), port: Number.parseInt(port, 16) };
}
