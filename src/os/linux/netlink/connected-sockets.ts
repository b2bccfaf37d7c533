/** Sockets that are connected: `ss -tn state connected` (sock_diag(7), include/uapi/linux/inet_diag.h, tcp.h). */
import { addressText } from '#inet/address.ts';
import { FAMILIES, type Family } from '#inet/family.ts';
import { addressFamily } from '../address-family.ts';
import { attributeMap } from './attributes.ts';
import { NetlinkSocket } from './socket.ts';
import { MAPPED } from './socket-diag.ts';

const NETLINK_SOCK_DIAG = 4;
const SOCK_DIAG_BY_FAMILY = 20;
const PROTOCOL = { tcp: 6, udp: 17 } as const;
const ESTABLISHED = 1;
const SYN_SENT = 2;
const SYN_RECEIVED = 3;
/** All states of TCP in which there is another end: include/net/tcp_states.h. Connected sockets of UDP are ESTABLISHED. */
const CONNECTED = { tcp: [1, 2, 3, 4, 5, 8, 9, 11], udp: [ESTABLISHED] } as const;
const INFO = 2;
/** Asks for `struct tcp_info`. */
const WITH_INFO = 1 << (INFO - 1);
const REQUEST_SIZE = 56;
const NO_COOKIE = { start: 48, end: 56 } as const;
const ANSWER_SIZE = 72;
/** Offsets in `struct tcp_info`. */
const OFFSET = { BYTES_ACKED: 120, BYTES_RECEIVED: 128, SEGMENTS_OUT: 136, SEGMENTS_IN: 140 } as const;

export interface SocketEnd {
	readonly address: string;
	readonly port: number;
}

export interface ConnectedSocket {
	readonly protocol: 'tcp' | 'udp';
	readonly local: SocketEnd;
	readonly remote: SocketEnd;
	readonly state: 'new' | 'established' | 'closing';
	/** Of TCP. */
	readonly sent?: { readonly packets: number; readonly bytes: number };
	readonly received?: { readonly packets: number; readonly bytes: number };
}

/** @param namespace descriptor; undefined: the one of this process. @throws NetlinkError, SystemCallError */
export function listConnected(namespace: number | undefined): ConnectedSocket[] {
	const socket = NetlinkSocket.open(NETLINK_SOCK_DIAG, namespace);
	try {
		return (['tcp', 'udp'] as const).flatMap((protocol) =>
			FAMILIES.flatMap((family) =>
				socket.dump(
					{ type: SOCK_DIAG_BY_FAMILY, payload: encodeQuestion(family, protocol), words: 'list connected sockets' },
					(payload) => decode(protocol, payload),
				),
			),
		);
	} finally {
		socket.close();
	}
}

/** `struct inet_diag_req_v2` */
function encodeQuestion(family: Family, protocol: 'tcp' | 'udp'): Buffer {
	const head = Buffer.alloc(REQUEST_SIZE);
	head[0] = addressFamily(family);
	head[1] = PROTOCOL[protocol];
	head[2] = WITH_INFO;
	head.writeUInt32LE(
		CONNECTED[protocol].reduce<number>((set, state) => set | (1 << state), 0),
		4,
	);
	head.fill(0xff, NO_COOKIE.start, NO_COOKIE.end);
	return head;
}

/** `struct inet_diag_msg` */
function decode(protocol: 'tcp' | 'udp', payload: Buffer): ConnectedSocket {
	const six = payload[0] === addressFamily(6);
	const end = (port: number, offset: number): SocketEnd => {
		const address = payload.subarray(offset, offset + (six ? 16 : 4));
		const mapped = six && address.toString('hex', 0, 12) === MAPPED;
		return { address: addressText(mapped ? address.subarray(12) : address), port: payload.readUInt16BE(port) };
	};
	const info = attributeMap(payload.subarray(ANSWER_SIZE)).get(INFO);
	return { protocol, local: end(4, 8), remote: end(6, 24), state: stateOf(payload[1] ?? 0), ...countsIn(info) };
}

function stateOf(state: number): ConnectedSocket['state'] {
	if (state === SYN_SENT || state === SYN_RECEIVED) return 'new';
	return state === ESTABLISHED ? 'established' : 'closing';
}

function countsIn(info: Buffer | undefined): Pick<ConnectedSocket, 'sent' | 'received'> {
	if (!info || info.length < OFFSET.SEGMENTS_IN + 4) return {};
	return {
		sent: {
			packets: info.readUInt32LE(OFFSET.SEGMENTS_OUT),
			bytes: Number(info.readBigUInt64LE(OFFSET.BYTES_ACKED)),
		},
		received: {
			packets: info.readUInt32LE(OFFSET.SEGMENTS_IN),
			bytes: Number(info.readBigUInt64LE(OFFSET.BYTES_RECEIVED)),
		},
	};
}
