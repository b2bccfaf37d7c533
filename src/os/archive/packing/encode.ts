/** Headers of tar archives: ustar, with the extensions of GNU for long names and large numbers. Source: tar(5). */

export type EncodedType = 'file' | 'directory' | 'symlink' | 'fifo';

export interface EncodedEntry {
	readonly type: EncodedType;
	/** Bytes; of a directory without a slash at the end. */
	readonly name: Buffer;
	/** Target of a symbolic link, bytes. */
	readonly target: Buffer;
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	/** Bytes of content that follow. */
	readonly size: number;
	/** Seconds since 1970. */
	readonly mtime: number;
}

const BLOCK = 512;
const NAME = 100;
const FLAGS: Readonly<Record<EncodedType, string>> = { file: '0', symlink: '2', directory: '5', fifo: '6' };
const LONG_NAME = 'L';
const LONG_TARGET = 'K';

/** Comes after the last entry. */
export const ARCHIVE_END = Buffer.alloc(2 * BLOCK);

export function encodeHeader(entry: EncodedEntry): Buffer {
	const name = entry.type === 'directory' ? Buffer.concat([entry.name, Buffer.from('/')]) : entry.name;
	const long = [
		...(name.length > NAME ? [longText(LONG_NAME, name)] : []),
		...(entry.target.length > NAME ? [longText(LONG_TARGET, entry.target)] : []),
	];
	return Buffer.concat([...long, headerBlock({ ...entry, name, flag: FLAGS[entry.type] })]);
}

/** Zeros that follow content of a size up to the next block. */
export function paddingAfter(size: number): Buffer {
	return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

function longText(flag: string, text: Buffer): Buffer {
	const content = Buffer.concat([text, Buffer.alloc(1)]);
	const plain = { mode: 0, uid: 0, gid: 0, mtime: 0, target: Buffer.alloc(0) };
	const header = headerBlock({ ...plain, name: Buffer.from('././@LongLink'), size: content.length, flag });
	return Buffer.concat([header, content, paddingAfter(content.length)]);
}

function headerBlock(entry: Omit<EncodedEntry, 'type'> & { readonly flag: string }): Buffer {
	const block = Buffer.alloc(BLOCK);
	entry.name.copy(block, 0, 0, NAME);
	writeNumber(block, { at: 100, length: 8 }, entry.mode);
	writeNumber(block, { at: 108, length: 8 }, entry.uid);
	writeNumber(block, { at: 116, length: 8 }, entry.gid);
	writeNumber(block, { at: 124, length: 12 }, entry.size);
	writeNumber(block, { at: 136, length: 12 }, Math.max(0, Math.floor(entry.mtime)));
	block.write(' '.repeat(8), 148);
	block.write(entry.flag, 156);
	entry.target.copy(block, 157, 0, NAME);
	block.write('ustar  \0', 257);
	const sum = block.reduce((total, byte) => total + byte, 0);
	block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
	return block;
}

/** Octal where it fits, otherwise base 256 with the first bit set. */
function writeNumber(
	block: Buffer,
	{ at, length }: { readonly at: number; readonly length: number },
	value: number,
): void {
	const octal = value.toString(8);
	if (octal.length < length) {
		block.write(octal.padStart(length - 1, '0'), at);
		return;
	}
	block.writeBigUInt64BE(BigInt(value), at + length - 8);
	block[at] = 0x80;
}
