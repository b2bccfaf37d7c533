/** Names of files that are not UTF-8: bytes go into archives as they are, in headers of GNU. Source: tar(5). */
import { isUtf8 } from 'node:buffer';

const BLOCK = 512;

export interface EntryNames {
	/** Headers that come before that of the entry. */
	readonly before: Buffer;
	/** For its own header. */
	readonly name: string;
	readonly linkname: string;
}

/** @param target of a symbolic link; otherwise empty */
export function namesOf(name: Buffer, target: Buffer): EntryNames {
	if (isUtf8(name) && isUtf8(target))
		return { before: Buffer.alloc(0), name: name.toString(), linkname: target.toString() };
	const before = Buffer.concat([longText('L', name), ...(target.length > 0 ? [longText('K', target)] : [])]);
	return { before, name: 'bytes', linkname: target.length > 0 ? 'bytes' : '' };
}

function longText(flag: 'L' | 'K', text: Buffer): Buffer {
	const content = Buffer.concat([text, Buffer.alloc(1)]);
	const header = Buffer.alloc(BLOCK);
	header.write('././@LongLink');
	header.write(`0000644\0${'0000000\0'.repeat(2)}`, 100);
	header.write(`${content.length.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0${' '.repeat(8)}${flag}`, 124);
	header.write('ustar  \0', 257);
	const sum = header.reduce((total, byte) => total + byte, 0);
	header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
	return Buffer.concat([header, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
}
