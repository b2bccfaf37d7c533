/**
 * Netlink attributes: length, type, value, padding to four bytes (include/uapi/linux/netlink.h).
 * Numbers are in the byte order of the machine, which is little-endian everywhere that Kleene runs.
 */
const HEADER = 4;
const NESTED = 0x8000;
const TYPE_MASK = 0x3fff;

export interface Attribute {
	/** Without the flag bits. */
	readonly type: number;
	readonly value: Buffer;
	readonly nested?: boolean;
}

/** Values by type; of a type that comes twice, the last. */
export type AttributeMap = ReadonlyMap<number, Buffer>;

export function padded(length: number): number {
	return (length + 3) & ~3;
}

export function bytes(type: number, value: Buffer): Attribute {
	return { type, value };
}

export function u8(type: number, value: number): Attribute {
	return { type, value: Buffer.of(value) };
}

export function u32(type: number, value: number): Attribute {
	const buffer = Buffer.alloc(4);
	buffer.writeUInt32LE(value);
	return { type, value: buffer };
}

/** Text with the final zero byte that the kernel expects. */
export function text(type: number, value: string): Attribute {
	return { type, value: Buffer.from(`${value}\0`) };
}

export function nested(type: number, attributes: readonly Attribute[]): Attribute {
	return { type, value: encodeAttributes(attributes), nested: true };
}

export function encodeAttributes(attributes: readonly Attribute[]): Buffer {
	const out = new AttributeWriter(attributes.reduce((sum, { value }) => sum + padded(HEADER + value.length), 0));
	for (const { type, value, nested } of attributes) out.put(nested ? type | NESTED : type, value);
	return out.finish();
}

/** Attributes written one after the other into one buffer, for messages of hundreds of them. */
export class AttributeWriter {
	#buffer: Buffer;
	#length = 0;

	/** @param size bytes that are expected; it grows */
	constructor(size = 4096) {
		this.#buffer = Buffer.alloc(size);
	}

	put(type: number, value: Buffer): void {
		const start = this.#reserve(HEADER + value.length);
		this.#head(start, type, HEADER + value.length);
		value.copy(this.#buffer, start + HEADER);
	}

	/** An attribute whose value is what `write` puts. */
	nest(type: number, write: () => void): void {
		const start = this.#reserve(HEADER);
		write();
		this.#head(start, type | NESTED, this.#length - start);
	}

	/** Finished message. Nothing may be written afterwards. */
	finish(): Buffer {
		return this.#buffer.subarray(0, this.#length);
	}

	#head(start: number, type: number, length: number): void {
		if (length > 0xffff) throw new RangeError(`netlink attribute ${type} is ${length} bytes long, the limit is 65535`);
		this.#buffer.writeUInt16LE(length, start);
		this.#buffer.writeUInt16LE(type, start + 2);
	}

	#reserve(length: number): number {
		const start = this.#length;
		this.#length += padded(length);
		if (this.#length > this.#buffer.length) {
			const larger = Buffer.alloc(2 * this.#length);
			this.#buffer.copy(larger, 0, 0, start);
			this.#buffer = larger;
		}
		return start;
	}
}

/** Attributes in order. Stops at the first that does not fit, as the kernel does. */
export function decodeAttributes(buffer: Buffer): Attribute[] {
	const attributes: Attribute[] = [];
	let offset = 0;
	while (offset + HEADER <= buffer.length) {
		const length = buffer.readUInt16LE(offset);
		if (length < HEADER || offset + length > buffer.length) break;
		const type = buffer.readUInt16LE(offset + 2);
		const value = buffer.subarray(offset + HEADER, offset + length);
		attributes.push({ type: type & TYPE_MASK, value, nested: (type & NESTED) !== 0 });
		offset += padded(length);
	}
	return attributes;
}

export function attributeMap(buffer: Buffer): AttributeMap {
	return new Map(decodeAttributes(buffer).map(({ type, value }) => [type, value]));
}

export function readText(value: Buffer | undefined): string {
	if (!value) return '';
	const end = value.indexOf(0);
	return value.toString('utf8', 0, end === -1 ? value.length : end);
}

export function readU32(value: Buffer | undefined): number {
	return value && value.length >= 4 ? value.readUInt32LE() : 0;
}
