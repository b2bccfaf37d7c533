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
	const total = attributes.reduce((sum, { value }) => sum + padded(HEADER + value.length), 0);
	const buffer = Buffer.alloc(total);
	let offset = 0;
	for (const { type, value, nested } of attributes) {
		const length = HEADER + value.length;
		if (length > 0xffff) throw new RangeError(`netlink attribute ${type} is ${length} bytes long, the limit is 65535`);
		buffer.writeUInt16LE(length, offset);
		buffer.writeUInt16LE(nested ? type | NESTED : type, offset + 2);
		value.copy(buffer, offset + HEADER);
		offset += padded(length);
	}
	return buffer;
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
