/** Asks a resolver from inside a network namespace, over real sockets. */

import { createSocket } from 'node:dgram';
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { type DecodedPacket, decode, encode, type Packet, RECURSION_DESIRED } from 'dns-packet';
import { frame, MessageReader } from '#host/linux/dns/frames.ts';
import { familyOf } from '#inet/family.ts';
import { checked, declare } from '#os/linux/libc.ts';
import { within } from '#os/linux/netns.ts';
import { bindDatagrams, socketAddress } from '#os/linux/sockets.ts';

const socket = declare<(domain: number, type: number, protocol: number) => number>('int socket(int, int, int)');
type Addressed = (fd: number, address: Buffer, length: number) => number;
const bind = declare<Addressed>('int bind(int, const void *, uint32_t)');
const connect = declare<Addressed>('int connect(int, const void *, uint32_t)');

export interface Route {
	readonly namespace: number;
	readonly from: string;
	readonly to: string;
	readonly port?: number;
	/** Milliseconds. Default 3000. */
	readonly patience?: number;
	/** Of a stream: sends nothing more behind the questions. */
	readonly halfClosed?: boolean;
	/** Milliseconds until a datagram is sent again. Default 1000. */
	readonly again?: number;
}

export interface Answered extends DecodedPacket {
	readonly rcode: string;
	readonly bytes: Buffer;
}

let nextId = 1;

export function question(name: string, type: string, more: Packet = {}): Buffer {
	nextId = (nextId + 1) & 0xffff;
	const questions = [{ name, type: type as 'A' }];
	return encode({ type: 'query', id: nextId, flags: RECURSION_DESIRED, questions, ...more });
}

/** An OPT record that says what a datagram to us may hold. */
export function edns(size: number, version = 0): Packet {
	const opt = { type: 'OPT', name: '.', udpPayloadSize: size, ednsVersion: version, flags: 0, options: [] } as const;
	return { additionals: [{ ...opt, options: [], extendedRcode: 0, flag_do: false }] };
}

export function understand(bytes: Buffer): Answered {
	return { ...(decode(bytes) as Answered), bytes };
}

/** The data of all answers, sorted. */
export function dataOf(answer: Packet): string[] {
	return (answer.answers ?? []).map((record) => ('data' in record ? String(record.data) : '')).sort();
}

/** @returns undefined when nothing comes */
export function tryDatagram(route: Route, query: Buffer): Promise<Answered | undefined> {
	const { namespace, from, to, port = 53, patience = 3000, again: pause = 1000 } = route;
	const client = createSocket(familyOf(from) === 4 ? 'udp4' : 'udp6');
	client.bind({ fd: bindDatagrams({ namespace, address: from, port: 0 }), exclusive: true });
	return new Promise((resolve, reject) => {
		const end = (answer: Answered | undefined) => {
			clearTimeout(timer);
			clearTimeout(again);
			client.close();
			resolve(answer);
		};
		const timer = setTimeout(() => end(undefined), patience);
		// As the C libraries do: an IPv6 address that was just added is there a little later than the call says.
		const again = setTimeout(() => client.send(query, port, to), pause);
		client.on('error', reject);
		client.on('message', (bytes, { address }) => {
			if (address !== to) reject(new Error(`answered from ${address}, not ${to}`));
			// A second answer to a question of somebody who had this port before us, as C libraries ignore it.
			const answer = understand(bytes);
			const [asked, said] = [decode(query).questions?.[0], answer.questions?.[0]];
			if (!said || said.name.toLowerCase() === asked?.name.toLowerCase()) end(answer);
		});
		client.send(query, port, to);
	});
}

export async function byDatagram(route: Route, query: Buffer): Promise<Answered> {
	const answer = await tryDatagram(route, query);
	if (!answer) throw new Error(`no answer from ${route.to}`);
	return answer;
}

function streamTo({ namespace, from, to, port = 53 }: Route): Socket {
	const domain = familyOf(from) === 4 ? 2 : 10;
	const fd = within(namespace, () => checked('socket', () => socket(domain, 1 | 0o2000000, 0)));
	try {
		const [mine, theirs] = [socketAddress(from, 0), socketAddress(to, port)];
		checked('bind', () => bind(fd, mine, mine.length));
		checked('connect', () => connect(fd, theirs, theirs.length));
	} catch (error) {
		closeSync(fd);
		throw error;
	}
	return new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
}

/** Sends all at once on one connection. @returns the answers in the order in which they came */
export function byStream(route: Route, queries: readonly Buffer[]): Promise<Answered[]> {
	const connection = streamTo(route);
	const reader = new MessageReader();
	const answers: Answered[] = [];
	return new Promise((resolve, reject) => {
		connection.setTimeout(route.patience ?? 3000, () => connection.destroy(new Error('no answer')));
		connection.on('error', reject);
		connection.on('end', () => connection.end());
		connection.on('close', () => resolve(answers));
		connection.on('data', (chunk: Buffer) => {
			answers.push(...reader.read(chunk).map(understand));
			if (answers.length === queries.length) connection.destroy();
		});
		connection.write(Buffer.concat(queries.map(frame)));
		if (route.halfClosed) connection.end();
	});
}
