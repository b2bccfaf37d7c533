/** State and counters of tracked connections (include/uapi/linux/netfilter/nfnetlink_conntrack.h). */
import { attributeMap } from '../attributes.ts';
import { decodeConnection, type TrackedConnection } from './conntrack-codec.ts';

const CTA = { STATUS: 3, PROTOINFO: 4, COUNTERS_ORIGINAL: 9, COUNTERS_REPLY: 10, ID: 12 } as const;
const PROTOINFO_TCP = 1;
const TCP_STATE = 1;
const COUNTERS = { PACKETS: 1, BYTES: 2 } as const;
const STRUCT_SIZE = 4;
/** Bit of the status: packets came in both directions (IPS_SEEN_REPLY). */
const ANSWERED = 1 << 1;
/** `enum tcp_conntrack`: from FIN_WAIT to CLOSE a connection is being closed. */
const CLOSING = { first: 4, last: 8 };

export interface TrackedCount {
	readonly packets: number;
	readonly bytes: number;
}

export interface TrackedFlow extends TrackedConnection {
	/** Unique in the table while the connection is tracked. */
	readonly id: number;
	readonly answered: boolean;
	/** Whether one end of a TCP connection has closed. */
	readonly closing: boolean;
	/** Undefined where `nf_conntrack_acct` was off when the connection began. */
	readonly sent: TrackedCount | undefined;
	readonly received: TrackedCount | undefined;
}

export function decodeFlow(payload: Buffer): TrackedFlow {
	const attributes = attributeMap(payload.subarray(STRUCT_SIZE));
	const status = attributes.get(CTA.STATUS)?.readUInt32BE(0) ?? 0;
	const tcp = nestedIn(nestedIn(attributes.get(CTA.PROTOINFO)).get(PROTOINFO_TCP)).get(TCP_STATE)?.[0] ?? 0;
	return {
		...decodeConnection(payload),
		id: attributes.get(CTA.ID)?.readUInt32BE(0) ?? 0,
		answered: (status & ANSWERED) !== 0,
		closing: tcp >= CLOSING.first && tcp <= CLOSING.last,
		sent: countIn(attributes.get(CTA.COUNTERS_ORIGINAL)),
		received: countIn(attributes.get(CTA.COUNTERS_REPLY)),
	};
}

function nestedIn(value: Buffer | undefined): ReturnType<typeof attributeMap> {
	return attributeMap(value ?? Buffer.alloc(0));
}

function countIn(value: Buffer | undefined): TrackedCount | undefined {
	if (value === undefined) return undefined;
	const counters = attributeMap(value);
	const numberOf = (type: number) => Number(counters.get(type)?.readBigUInt64BE(0) ?? 0n);
	return { packets: numberOf(COUNTERS.PACKETS), bytes: numberOf(COUNTERS.BYTES) };
}
