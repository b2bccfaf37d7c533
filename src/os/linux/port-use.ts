/** Whether a process waits on a port of a namespace, whatever the number of ports that are asked for. */
import { closeSync, openSync, readSync } from 'node:fs';
import { endianness } from 'node:os';
import { addressText, UNSPECIFIED } from '#inet/address.ts';
import { familyOf } from '#inet/family.ts';
import { hasCode } from '../errno.ts';
import { listWaiting, MAPPED, type PortRange, type WaitingSocket } from './netlink/socket-diag.ts';
import { within } from './netns.ts';

export interface PortQuestion extends PortRange {
	/** Descriptor of a network namespace; undefined: the one of this process. */
	readonly namespace: number | undefined;
	/** `0.0.0.0` and `::` stand for every address of their family. */
	readonly address: string;
}

/** @returns the one on the lowest port, if any */
export function findWaiting(question: PortQuestion): WaitingSocket | undefined {
	const { address } = question;
	const met = waitingOn(question).filter((one) => meets(one, address));
	return met.toSorted((one, other) => one.port - other.port)[0];
}

/** Sockets of both families: those of IPv6 may wait for IPv4. */
export function waitingOn(question: Omit<PortQuestion, 'address'>): WaitingSocket[] {
	try {
		return listWaiting(question.namespace, [4, 6], question);
	} catch (error) {
		if (!hasCode(error, 'ENOENT', 'EPROTONOSUPPORT')) throw error;
		// Without its diagnosis, and mostly without the protocol, nobody is known to wait.
		return question.protocol === 'sctp' ? [] : listSlowly({ ...question, protocol: question.protocol });
	}
}

function meets({ address: waiting, both }: WaitingSocket, wanted: string): boolean {
	if (waiting === UNSPECIFIED[6]) return both || familyOf(wanted) === 6;
	if (familyOf(waiting) !== familyOf(wanted)) return false;
	return waiting === wanted || [waiting, wanted].includes(UNSPECIFIED[familyOf(wanted)]);
}

/** States of sockets as `STATES` of socket-diag.ts, in the digits of /proc. */
const STATE = { tcp: '0A', udp: '07' } as const;
const CHUNK = 65_536;

type SlowQuestion = Omit<PortQuestion, 'address' | 'protocol'> & { readonly protocol: keyof typeof STATE };

/**
 * From /proc, where the kernel comes without socket diagnosis. It does not say whether `::` stands for IPv4 as well, so it
 * is taken for both. On a machine with many connections it takes milliseconds.
 */
export function listSlowly({ namespace, protocol, first, last }: SlowQuestion): WaitingSocket[] {
	const read = () =>
		[protocol, `${protocol}6`].flatMap((name) => [...readList(`/proc/thread-self/net/${name}`, STATE[protocol])]);
	const all = namespace === undefined ? read() : within(namespace, read);
	return all.filter(({ port }) => port >= first && port <= last);
}

/** The kernel lists connections after those who wait for them, so that reading ends at the first. */
function* readList(path: string, state: string): Generator<WaitingSocket> {
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

/** `0100007F:1F90`: the address in words of the machine's byte order. */
function decode(text: string): WaitingSocket {
	const [address = '', port = ''] = text.split(':');
	const bytes = Buffer.from(address, 'hex');
	if (endianness() === 'LE') bytes.swap32();
	const own = bytes.length === 16 && bytes.toString('hex', 0, 12) === MAPPED ? bytes.subarray(12) : bytes;
	return { address: addressText(own), port: Number.parseInt(port, 16), both: bytes.length === 16 };
}
