/** Sockets that wait on ports, picked out by the kernel: `ss -ln sport ge ...` (sock_diag(7), linux/inet_diag.h). */

import { addressText } from '#inet/address.ts';
import type { Family } from '#inet/family.ts';
import { addressFamily } from '../address-family.ts';
import { attributeMap, bytes, encodeAttributes } from './attributes.ts';
import { NetlinkSocket } from './socket.ts';

const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const PROTOCOL = { tcp: 6, udp: 17, sctp: 132 } as const;
/** TCP and SCTP in state LISTEN; a socket for datagrams that is not connected is `closed`: include/net/tcp_states.h. */
const STATES = { tcp: 1 << 10, udp: 1 << 7, sctp: 1 << 10 } as const;
const REQ_BYTECODE = 1;
/** Comparisons of the source port. */
const BC = { S_GE: 2, S_LE: 3 } as const;
/** Of the answers. */
const SKV6ONLY = 11;
const REQUEST_SIZE = 56;
const NO_COOKIE = { start: 48, end: 56 } as const;
const ANSWER_SIZE = 72;
/** Prefix of an IPv4-mapped IPv6 address. */
export const MAPPED = '00000000000000000000ffff';

export interface PortRange {
	readonly protocol: keyof typeof PROTOCOL;
	readonly first: number;
	readonly last: number;
}

/** A socket that takes connections, or datagrams of everybody. */
export interface WaitingSocket {
	/** As the process gave it; an IPv4 address may be on a socket of IPv6. */
	readonly address: string;
	readonly port: number;
	/** On `::`, whether it waits for IPv4 as well. */
	readonly both: boolean;
}

/**
 * Takes some 0.1 ms for a family, however many ports and connections there are.
 *
 * @param namespace descriptor; undefined: the one of this process
 * @throws NetlinkError ENOENT, SystemCallError EPROTONOSUPPORT where the kernel comes without socket diagnosis
 */
export function listWaiting(
	namespace: number | undefined,
	families: readonly Family[],
	range: PortRange,
): WaitingSocket[] {
	const socket = NetlinkSocket.open(NETLINK_SOCK_DIAG, namespace);
	try {
		return families.flatMap((family) =>
			socket.dump(
				{ type: SOCK_DIAG_BY_FAMILY, payload: encodeQuestion(family, range), words: 'list sockets that wait' },
				decode,
			),
		);
	} finally {
		socket.close();
	}
}

/** `struct inet_diag_req_v2` and a filter. */
function encodeQuestion(family: Family, { protocol, first, last }: PortRange): Buffer {
	const head = Buffer.alloc(REQUEST_SIZE);
	head[0] = addressFamily(family);
	head[1] = PROTOCOL[protocol];
	head.writeUInt32LE(STATES[protocol], 4);
	head.fill(0xff, NO_COOKIE.start, NO_COOKIE.end);
	return Buffer.concat([head, encodeAttributes([bytes(REQ_BYTECODE, encodeFilter(first, last))])]);
}

/**
 * Two comparisons, each an operation that says how far to go on when it holds and when it does not, and an operand in
 * the same form. Messages with four bytes beyond the end are left out.
 */
function encodeFilter(first: number, last: number): Buffer {
	const code = Buffer.alloc(16);
	const compare = (offset: number, operation: number, port: number) => {
		code[offset] = operation;
		code[offset + 1] = 8;
		code.writeUInt16LE(code.length - offset + 4, offset + 2);
		code.writeUInt16LE(port, offset + 6);
	};
	compare(0, BC.S_GE, first);
	compare(8, BC.S_LE, last);
	return code;
}

/** `struct inet_diag_msg` */
function decode(payload: Buffer): WaitingSocket {
	const six = payload[0] === addressFamily(6);
	const address = payload.subarray(8, six ? 24 : 12);
	const mapped = six && address.toString('hex', 0, 12) === MAPPED;
	const only6 = attributeMap(payload.subarray(ANSWER_SIZE)).get(SKV6ONLY)?.[0] === 1;
	return {
		address: addressText(mapped ? address.subarray(12) : address),
		port: payload.readUInt16BE(4),
		both: six && !only6,
	};
}
