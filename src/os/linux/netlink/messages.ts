/** Netlink messages: a header of 16 bytes, a payload, padding to four bytes (include/uapi/linux/netlink.h). */
import { attributeMap, padded, readText } from './attributes.ts';

export const HEADER = 16;

/** Message types that every netlink family has. */
export const CONTROL = { ERROR: 2, DONE: 3 } as const;

export const FLAG = {
	REQUEST: 0x1,
	MULTI: 0x2,
	ACK: 0x4,
	DUMP_INTERRUPTED: 0x10,
	/** On an answer of type ERROR: the request is not repeated in it. */
	CAPPED: 0x100,
	/** On an answer of type ERROR or DONE: attributes follow. */
	ACK_TLVS: 0x200,
	/** On requests for something that is there. */
	DUMP: 0x300,
	/** On requests for something new. */
	REPLACE: 0x100,
	EXCLUSIVE: 0x200,
	CREATE: 0x400,
} as const;

export interface Message {
	readonly type: number;
	readonly flags: number;
	readonly sequence: number;
	readonly payload: Buffer;
}

export function encodeMessage({ type, flags, sequence, payload }: Message): Buffer {
	const length = HEADER + payload.length;
	const buffer = Buffer.alloc(padded(length));
	buffer.writeUInt32LE(length, 0);
	buffer.writeUInt16LE(type, 4);
	buffer.writeUInt16LE(flags, 6);
	buffer.writeUInt32LE(sequence, 8);
	payload.copy(buffer, HEADER);
	return buffer;
}

/** All messages of one datagram. The payloads are views into it. */
export function decodeMessages(datagram: Buffer): Message[] {
	const messages: Message[] = [];
	let offset = 0;
	while (offset + HEADER <= datagram.length) {
		const length = datagram.readUInt32LE(offset);
		if (length < HEADER || offset + length > datagram.length) break;
		messages.push({
			type: datagram.readUInt16LE(offset + 4),
			flags: datagram.readUInt16LE(offset + 6),
			sequence: datagram.readUInt32LE(offset + 8),
			payload: datagram.subarray(offset + HEADER, offset + length),
		});
		offset += padded(length);
	}
	return messages;
}

export interface Outcome {
	/** 0 for success. */
	readonly errno: number;
	/** Message of the kernel, often `''`. */
	readonly text: string;
}

const EXTACK_MESSAGE = 1;

/** Content of an ERROR or DONE message: `struct nlmsgerr`, or a bare number. */
export function decodeOutcome({ type, flags, payload }: Message): Outcome {
	const errno = payload.length >= 4 ? Math.abs(payload.readInt32LE(0)) : 0;
	if (!(flags & FLAG.ACK_TLVS)) return { errno, text: '' };
	let start = 4;
	if (type === CONTROL.ERROR) {
		const echoed = flags & FLAG.CAPPED ? HEADER : padded(payload.readUInt32LE(4));
		start += echoed;
	}
	return { errno, text: readText(attributeMap(payload.subarray(start)).get(EXTACK_MESSAGE)) };
}
