/** Answers of our own. Header and question are the client's bytes: it compares them with what it sent. */
import { type Answer, encode } from 'dns-packet';
import { HEADER_SIZE, type Query, RESPONSE } from './query.ts';

/** Response codes. Source: IANA, Domain Name System Parameters. */
export const CODE = {
	none: 0,
	serverFailure: 2,
	noSuchName: 3,
	notImplemented: 4,
	refused: 5,
	badVersion: 16,
} as const;
export type Code = (typeof CODE)[keyof typeof CODE];

const AUTHORITATIVE = 0x0400;
const TRUNCATED = 0x0200;
const RECURSION_AVAILABLE = 0x0080;
/** Opcode, recursion desired and checking disabled are repeated from the question. */
const REPEATED = 0x7910;
/** Datagrams of this size cross any link in one piece. Source: DNS flag day 2020. */
const EDNS_SIZE = 1232;
const OPT_SIZE = 11;

export interface Reply {
	readonly code: Code;
	readonly records?: readonly Answer[];
	/** Whether the answer is ours to give and not hearsay. */
	readonly authoritative?: boolean;
	/** Whether this network's questions are forwarded. */
	readonly recursion?: boolean;
	/** Bytes that the answer may take; records that do not fit are left out and the answer says so. */
	readonly limit: number;
}

export function encodeReply(query: Query, reply: Reply): Buffer {
	const { records = [], limit } = reply;
	const head = query.bytes.subarray(0, query.questionEnd);
	const room = limit - head.length - (query.edns ? OPT_SIZE : 0);
	let body = encode({ answers: [...records] }).subarray(HEADER_SIZE);
	let count = records.length;
	while (body.length > room && count > 0) {
		// Records of one answer are about as long as each other: few rounds, whatever their number.
		count = Math.min(count - 1, Math.floor((count * room) / body.length));
		body = encode({ answers: records.slice(0, count) }).subarray(HEADER_SIZE);
	}
	const answer = Buffer.concat([head, body, query.edns ? encodeOpt(reply.code) : Buffer.alloc(0)]);
	writeHeader(answer, query, { ...reply, count, truncated: count < records.length });
	return answer;
}

function writeHeader(answer: Buffer, query: Query, reply: Reply & { count: number; truncated: boolean }): void {
	const flags =
		RESPONSE |
		(query.flags & REPEATED) |
		(reply.authoritative ? AUTHORITATIVE : 0) |
		(reply.truncated ? TRUNCATED : 0) |
		(reply.recursion ? RECURSION_AVAILABLE : 0) |
		(reply.code & 0x0f);
	answer.writeUInt16BE(flags, 2);
	answer.writeUInt16BE(reply.count, 6);
	answer.writeUInt16BE(0, 8);
	answer.writeUInt16BE(query.edns ? 1 : 0, 10);
}

/** A question with EDNS gets an answer with EDNS (RFC 6891 section 6.1.1). */
function encodeOpt(code: Code): Buffer {
	const opt = Buffer.alloc(OPT_SIZE);
	opt.writeUInt16BE(41, 1);
	opt.writeUInt16BE(EDNS_SIZE, 3);
	opt.writeUInt8(code >> 4, 5);
	return opt;
}

/** Forwards an answer under the id that the client used. Too long an answer is truncated to the question. */
export function passOn(query: Query, answer: Buffer, limit: number): Buffer {
	if (answer.length > limit) return cutOff(query, answer);
	answer.writeUInt16BE(query.id, 0);
	return answer;
}

function cutOff(query: Query, answer: Buffer): Buffer {
	const cut = encodeReply(query, { code: CODE.none, recursion: true, limit: answer.length });
	cut.writeUInt16BE(answer.readUInt16BE(2) | TRUNCATED, 2);
	return cut;
}

export function isTruncated(answer: Buffer): boolean {
	return (answer.readUInt16BE(2) & TRUNCATED) !== 0;
}
