/** Messages on a stream: each behind its length in two bytes. Source: RFC 1035 section 4.2.2. */

/** The longest message that a frame can hold. */
export const LONGEST_MESSAGE = 65_535;

export function frame(message: Buffer): Buffer {
	const framed = Buffer.allocUnsafe(message.length + 2);
	framed.writeUInt16BE(message.length);
	message.copy(framed, 2);
	return framed;
}

/** Cuts a stream into messages. Holds at most one message and one chunk. */
export class MessageReader {
	#chunks: Buffer[] = [];
	#length = 0;

	/** @returns the messages that this chunk completes */
	read(chunk: Buffer): Buffer[] {
		if (chunk.length === 0) return [];
		this.#chunks.push(chunk);
		this.#length += chunk.length;
		if (this.#length < this.#wanted()) return [];
		const bytes = Buffer.concat(this.#chunks);
		const messages: Buffer[] = [];
		let at = 0;
		while (at + 2 <= bytes.length && at + 2 + bytes.readUInt16BE(at) <= bytes.length) {
			const end = at + 2 + bytes.readUInt16BE(at);
			messages.push(bytes.subarray(at + 2, end));
			at = end;
		}
		this.#chunks = at < bytes.length ? [bytes.subarray(at)] : [];
		this.#length = bytes.length - at;
		return messages;
	}

	/** Bytes until the first message is whole. A stream that comes byte by byte is not joined at each of them. */
	#wanted(): number {
		const [first, second] = this.#chunks;
		if (!first || this.#length < 2) return 2;
		return 2 + (first.length > 1 ? first.readUInt16BE() : first[0]! * 256 + second![0]!);
	}
}
