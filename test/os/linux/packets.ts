/** Real packets between namespaces, sent and received in this process: sockets belong to where they were opened. */
import { closeSync } from 'node:fs';
import { checked, declare } from '#os/linux/libc.ts';
import { within } from '#os/linux/netns.ts';
import { socketAddress } from '#os/linux/sockets.ts';
import { eventually } from '#test/testbed/eventually.ts';

const STREAM = 1;
const RAW = 3;
const CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const TIMEOUTS = [20, 21];
const IPPROTO_IPV6 = 41;
const IPV6_MULTICAST_HOPS = 18;

const socket = declare<(domain: number, type: number, protocol: number) => number>('int socket(int, int, int)');
const setsockopt = declare<(fd: number, level: number, name: number, value: Buffer, length: number) => number>(
	'int setsockopt(int, int, int, const void *, uint32_t)',
);
type Addressed = (fd: number, address: Buffer, length: number) => number;
const bind = declare<Addressed>('int bind(int, const void *, uint32_t)');
const connect = declare<Addressed>('int connect(int, const void *, uint32_t)');
const listen = declare<(fd: number, backlog: number) => number>('int listen(int, int)');
const accept = declare<(fd: number, address: Buffer, length: Buffer) => number>('int accept(int, void *, void *)');
type Moved = (fd: number, data: Buffer, length: number, flags: number) => number;
const send = declare<Moved>('ssize_t send(int, const void *, size_t, int)');
const recv = declare<Moved>('ssize_t recv(int, void *, size_t, int)');

function open(namespace: number, address: string, type: number): number {
	const six = address.includes(':');
	const protocol = type === RAW ? (six ? 58 : 1) : 0;
	const fd = within(namespace, () => checked('socket', () => socket(six ? 10 : 2, type | CLOEXEC, protocol)));
	const second = Buffer.alloc(16);
	second.writeBigInt64LE(1n);
	for (const option of TIMEOUTS) checked('setsockopt', () => setsockopt(fd, SOL_SOCKET, option, second, 16));
	return fd;
}

function checksum(buffer: Buffer): number {
	let sum = 0;
	for (let offset = 0; offset < buffer.length; offset += 2) sum += buffer.readUInt16BE(offset);
	while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
	return ~sum & 0xffff;
}

/** One echo request. @returns milliseconds until the answer, undefined when there was none within a second */
export function ping(namespace: number, address: string): number | undefined {
	const six = address.includes(':');
	const fd = open(namespace, address, RAW);
	try {
		const request = Buffer.from([six ? 128 : 8, 0, 0, 0, 0x4b, 0x4c, 0, 1, 0x6b, 0x6c, 0x65, 0x65]);
		if (!six) request.writeUInt16BE(checksum(request), 2);
		const start = performance.now();
		const target = socketAddress(address, 0);
		checked('connect', () => connect(fd, target, target.length));
		checked('send', () => send(fd, request, request.length, 0));
		const answer = Buffer.alloc(200);
		while (performance.now() - start < 1000) {
			checked('recv', () => recv(fd, answer, answer.length, 0));
			if (answer[six ? 0 : 20] === (six ? 129 : 0)) return performance.now() - start;
		}
		return undefined;
	} catch {
		return undefined;
	} finally {
		closeSync(fd);
	}
}

/**
 * Asks until there is an answer. The kernel takes up IPv6 a moment after a link is there, and what is sent until then,
 * the question for a neighbour too, may be lost.
 */
export function answers(namespace: number, address: string): Promise<void> {
	return eventually(`${address} answers`, () => ping(namespace, address) !== undefined);
}

/** What a router says to its neighbours on a link: use me as the default, for half an hour. */
export function advertiseRouter(namespace: number, link: number): void {
	const fd = open(namespace, 'ff02::1', RAW);
	try {
		const hops = Buffer.of(255, 0, 0, 0);
		checked('setsockopt', () => setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops, 4));
		const target = socketAddress('ff02::1', 0);
		target.writeUInt32LE(link, 24);
		checked('connect', () => connect(fd, target, target.length));
		const advertisement = Buffer.from([134, 0, 0, 0, 64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0]);
		checked('send', () => send(fd, advertisement, advertisement.length, 0));
	} finally {
		closeSync(fd);
	}
}

/** A TCP connection with a word in each direction. @returns both words as they arrived */
export function talk(from: number, to: number, address: string): string {
	const listener = open(to, address, STREAM);
	const caller = open(from, address, STREAM);
	const fds = [listener, caller];
	try {
		const target = socketAddress(address, 8080);
		checked('bind', () => bind(listener, target, target.length));
		checked('listen', () => listen(listener, 1));
		checked('connect', () => connect(caller, target, target.length));
		const length = Buffer.of(28, 0, 0, 0);
		const server = checked('accept', () => accept(listener, Buffer.alloc(28), length));
		fds.push(server);
		return `${carry(caller, server, 'question')} ${carry(server, caller, 'answer')}`;
	} finally {
		for (const fd of fds) closeSync(fd);
	}
}

function carry(from: number, to: number, word: string): string {
	const data = Buffer.from(word);
	checked('send', () => send(from, data, data.length, 0));
	const arrived = Buffer.alloc(100);
	return arrived.toString(
		'utf8',
		0,
		checked('recv', () => recv(to, arrived, 100, 0)),
	);
}
