/** Writes headers of POSIX tar archives: names and attributes are bytes, and equal files give equal bytes. */

const BLOCK = 512;
/** Numbers that a header has room for in octal digits. */
const LARGEST_ID = 0o7777777;
const LARGEST_SIZE = 0o77777777777;

export type WrittenType = 'file' | 'link' | 'symlink' | 'fifo' | 'directory';

export interface WrittenEntry {
	readonly type: WrittenType;
	/** Below the root, without a slash at the end; empty: the root itself. */
	readonly path: Buffer;
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	/** Bytes; 0 for everything but files. */
	readonly size: number;
	/** Seconds since 1970. */
	readonly mtime: number;
	/** Of a symbolic link as it is, of a hard link the path of the other file. */
	readonly target?: Buffer;
	readonly attributes?: ReadonlyMap<string, Buffer>;
	/** More records of a PAX header, before the others. */
	readonly records?: ReadonlyMap<string, Buffer>;
}

const FLAGS: Readonly<Record<WrittenType, string>> = { file: '0', link: '1', symlink: '2', directory: '5', fifo: '6' };

/** The header with what comes before it; the data follows, see `padding`. */
export function headerOf(entry: WrittenEntry): Buffer {
	const name = entry.type === 'directory' ? Buffer.concat([entry.path, Buffer.from('/')]) : entry.path;
	const records = recordsOf(entry, name);
	const header = block(entry, name, FLAGS[entry.type]);
	if (records.length === 0) return header;
	const data = Buffer.concat(records);
	const extended = { ...entry, size: data.length, target: Buffer.alloc(0), mode: 0o644, uid: 0, gid: 0, mtime: 0 };
	const before = block(extended, Buffer.from('PaxHeaders/entry'), 'x');
	return Buffer.concat([before, data, padding(data.length), header]);
}

export function padding(size: number): Buffer {
	return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

export const END_OF_ARCHIVE = Buffer.alloc(2 * BLOCK);

function recordsOf(entry: WrittenEntry, name: Buffer): Buffer[] {
	const { uid, gid, size, target, attributes, records } = entry;
	const text = (value: number) => Buffer.from(String(value));
	return [
		...[...(records ?? [])].map(([key, value]) => record(key, value)),
		...(isPlain(name) ? [] : [record('path', name)]),
		...(target === undefined || isPlain(target) ? [] : [record('linkpath', target)]),
		...(uid > LARGEST_ID ? [record('uid', text(uid))] : []),
		...(gid > LARGEST_ID ? [record('gid', text(gid))] : []),
		...(size > LARGEST_SIZE ? [record('size', text(size))] : []),
		...[...(attributes ?? [])].map(([key, value]) => record(`SCHILY.xattr.${key}`, value)),
	];
}

/** Whether it fits into a header. */
function isPlain(name: Buffer): boolean {
	return name.length <= 100 && name.every((byte) => byte < 0x80);
}

/** `LENGTH NAME=VALUE\n`: the length counts its own digits. */
function record(key: string, value: Buffer): Buffer {
	const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
	let length = rest.length + 1;
	while (String(length).length + rest.length > length) length += 1;
	return Buffer.concat([Buffer.from(String(length)), rest]);
}

function block({ mode, uid, gid, size, mtime, target }: WrittenEntry, name: Buffer, flag: string): Buffer {
	const header = Buffer.alloc(BLOCK);
	name.copy(header, 0, 0, 100);
	const number = (value: number, at: number, digits: number) =>
		header.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
	number(mode & 0o7777, 100, 7);
	number(uid > LARGEST_ID ? 0 : uid, 108, 7);
	number(gid > LARGEST_ID ? 0 : gid, 116, 7);
	number(size > LARGEST_SIZE ? 0 : size, 124, 11);
	number(Math.max(0, Math.floor(mtime)), 136, 11);
	header.write(flag, 156, 'latin1');
	target?.copy(header, 157, 0, 100);
	header.write('ustar\0' + '00', 257, 'latin1');
	header.fill(' ', 148, 156);
	const sum = header.reduce((total, byte) => total + byte, 0);
	header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
	return header;
}
