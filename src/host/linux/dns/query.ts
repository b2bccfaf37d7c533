/**
 * Questions as they arrive. Little is decoded: what is forwarded goes out as the bytes that came in, so that no
 * record type or option that this program does not know is lost. Source: RFC 1035 section 4, RFC 6891.
 */
import { decode } from 'dns-packet';

export const HEADER_SIZE = 12;
/** Size of a datagram without EDNS. Bytes. */
const PLAIN_DATAGRAM = 512;
/** Real questions are below 300 bytes, with cookies and padding below 600. */
const LONGEST_QUERY = 4096;
/** A question has one OPT record and at most a signature beside it. */
const MOST_ADDITIONALS = 2;

export const RESPONSE = 0x8000;
const OPCODE_MASK = 0x7800;

export interface Query {
	/** The whole message. */
	readonly bytes: Buffer;
	readonly id: number;
	/** Bits of the header, see RFC 1035 section 4.1.1. */
	readonly flags: number;
	/** As the client wrote it, without a final dot; `.` for the root. */
	readonly name: string;
	/** E.g. `AAAA`, `ANY`, `UNKNOWN_65`. */
	readonly type: string;
	/** E.g. `IN`. */
	readonly class: string;
	/** Offset of the end of the question section in `bytes`. */
	readonly questionEnd: number;
	/** EDNS record of the client, if any. */
	readonly edns: Edns | undefined;
}

export interface Edns {
	readonly version: number;
	/** Bytes that a datagram to the client may hold. */
	readonly size: number;
}

/** @returns undefined for what is not one well-formed question: it is not worth an answer */
export function parseQuery(bytes: Buffer): Query | undefined {
	if (bytes.length < HEADER_SIZE || bytes.length > LONGEST_QUERY) return undefined;
	const flags = bytes.readUInt16BE(2);
	// Two servers that answer answers would never stop.
	if (flags & RESPONSE) return undefined;
	const records = bytes.readUInt16BE(6) + bytes.readUInt16BE(8);
	if (bytes.readUInt16BE(4) !== 1 || records > 0 || bytes.readUInt16BE(10) > MOST_ADDITIONALS) return undefined;
	const questionEnd = endOfQuestion(bytes);
	if (questionEnd === undefined) return undefined;
	try {
		const { id = 0, questions, additionals } = decode(bytes);
		const question = questions?.[0];
		if (!question) return undefined;
		const { name, type, class: klass = 'IN' } = question;
		const opt = additionals?.find((record) => record.type === 'OPT');
		const edns = opt && { version: opt.ednsVersion, size: opt.udpPayloadSize };
		return { bytes, id, flags, name, type, class: klass, questionEnd, edns };
	} catch {
		return undefined;
	}
}

export function isStandardQuery({ flags }: Query): boolean {
	return (flags & OPCODE_MASK) === 0;
}

/** Bytes that a datagram to this client may hold. */
export function datagramLimit({ edns }: Query): number {
	return Math.max(PLAIN_DATAGRAM, edns?.size ?? PLAIN_DATAGRAM);
}

/**
 * Whether a message answers another one: same id, same question. Names are compared without case, as some servers
 * answer in lower case whatever they were asked.
 */
export function isAnswerTo(question: Buffer, answer: Buffer): boolean {
	if (answer.length < HEADER_SIZE) return false;
	const flags = answer.readUInt16BE(2);
	if (!(flags & RESPONSE) || answer.readUInt16BE(0) !== question.readUInt16BE(0)) return false;
	const end = endOfQuestion(question);
	// A server that could not even read the question leaves it out, but then it has no answer either.
	if (answer.readUInt16BE(4) === 0) return responseCode(answer) !== 0 && answer.readUInt16BE(6) === 0;
	if (answer.readUInt16BE(4) !== 1 || end === undefined || endOfQuestion(answer) !== end) return false;
	for (let at = HEADER_SIZE; at < end; at += 1) {
		const inName = at < end - 4;
		if (lower(answer[at]!, inName) !== lower(question[at]!, inName)) return false;
	}
	return true;
}

function lower(byte: number, inName: boolean): number {
	return inName && byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

/** The low four bits of the response code. */
export function responseCode(answer: Buffer): number {
	return answer[3]! & 0x0f;
}

/** Names in questions are never compressed: there is nothing before them to point to. */
function endOfQuestion(bytes: Buffer): number | undefined {
	let at = HEADER_SIZE;
	for (;;) {
		const length = bytes[at];
		if (length === undefined || length > 63) return undefined;
		at += 1 + length;
		if (length === 0) return at + 4 <= bytes.length ? at + 4 : undefined;
	}
}
