/** Parsed and validated tar header. */
import type { Header } from 'tar-stream';
import { ArchiveError } from './archive-error.ts';
import type { Records } from './raw-records.ts';
import { sparseMap, sparseSize } from './sparse/pieces.ts';

const LONGEST_NAME = 4095;
const ATTRIBUTE = 'SCHILY.xattr.';
/** Attributes that are kept. Others are of the host or of overlayfs, and an archive has no say in these. */
const KEPT = /^(user\.|security\.capability$)/;

export type EntryType = 'file' | 'directory' | 'symlink' | 'link' | 'fifo' | 'device';

export interface ArchiveEntry {
	readonly type: EntryType;
	/** Components below the root, bytes as one character each; empty: the root itself. */
	readonly path: readonly string[];
	/** For messages. */
	readonly name: string;
	/** Permission bits with setuid, setgid and sticky. */
	readonly mode: number;
	readonly uid: number;
	readonly gid: number;
	/** Seconds since 1970. */
	readonly mtime: number;
	/** Target of a symbolic link, as it is. */
	readonly target: Buffer;
	/** Components of the file that a hard link is another name for. */
	readonly linkPath: readonly string[];
	/** Bytes of a regular file, with its holes. */
	readonly size: number;
	/** Bytes of its data in the archive. */
	readonly stored: number;
	/** Its data begins with a map of where it belongs: see `pieces.ts`. */
	readonly isSparse: boolean;
	/** Where the pieces of its data belong, if that is known; see `pieces.ts`. */
	readonly map: ReturnType<typeof sparseMap>;
	/** Extended attributes by name: `security.capability` and those of users. */
	readonly attributes: ReadonlyMap<string, Buffer>;
}

const TYPES: { readonly [name: string]: EntryType } = {
	file: 'file',
	'contiguous-file': 'file',
	directory: 'directory',
	symlink: 'symlink',
	link: 'link',
	fifo: 'fifo',
	'character-device': 'device',
	'block-device': 'device',
};

/**
 * @param header read with `filenameEncoding: 'latin1'`, so that names are bytes
 * @param records of its PAX header, as bytes
 * @throws ArchiveError for names that lead elsewhere and for kinds of entries that are not read
 */
export function parseEntry(header: Header, records: Records): ArchiveEntry {
	const pax = recordsOf(header);
	const bytes = nameOf(header, pax, records);
	const name = printable(bytes);
	// The reader gives null for types it does not know.
	const type = TYPES[String(header.type)];
	const sparse = sparseSize(records);
	if (sparse === undefined && Object.keys(pax).some((key) => key.startsWith('GNU.sparse.')))
		throw new ArchiveError('unsupported', `${name} is stored as a sparse file`, { entry: name });
	if (type === undefined)
		throw new ArchiveError(
			'unsupported',
			`${name} is of a kind that is not read here (sparse, multi-volume or unknown)`,
			{
				entry: name,
			},
		);
	const link = records.get('linkpath')?.toString('latin1') ?? textOr(pax.linkpath, header.linkname ?? '');
	return {
		type,
		path: parsePath(bytes, name),
		name,
		mode: (header.mode ?? 0o644) & 0o7777,
		uid: number(pax.uid, header.uid),
		gid: number(pax.gid, header.gid),
		mtime: seconds(pax.mtime, header.mtime),
		target: symlinkTarget(type, link, name),
		linkPath: type === 'link' ? parsePath(link, name) : [],
		attributes: attributesOf(records),
		size: sparse ?? header.size ?? 0,
		stored: header.size ?? 0,
		isSparse: sparse !== undefined,
		map: sparseMap(records, name),
	};
}

/** Of a sparse file the name in its header is a made up one. */
function nameOf({ name }: Header, pax: Readonly<Record<string, string>>, records: Records): string {
	const raw = records.get('GNU.sparse.name') ?? records.get('path');
	return raw?.toString('latin1') ?? textOr(pax.path, name);
}

/** A record of a PAX header that counts for all entries; it is text by now. */
function textOr(given: string | undefined, otherwise: string): string {
	return given ? toBytes(given) : otherwise;
}

/** The records of a PAX header. */
function recordsOf({ pax }: Header): Readonly<Record<string, string>> {
	return typeof pax === 'object' && pax !== null ? (pax as Record<string, string>) : {};
}

/** Names in PAX records are UTF-8; here every character stands for a byte. */
function toBytes(text: string): string {
	return Buffer.from(text, 'utf8').toString('latin1');
}

/** @param bytes one character each */
export function nameBytes(bytes: string): Buffer {
	return Buffer.from(bytes, 'latin1');
}

/** Control characters would otherwise reach the terminal of the reader. */
function printable(bytes: string): string {
	const text = nameBytes(bytes).toString('utf8').replace(/\p{C}/gu, '?');
	return `'${text.length > 200 ? `${text.slice(0, 200)}...` : text}'`;
}

/** Of an absolute path (`tar -P`) the root is that of the archive. */
function parsePath(bytes: string, entry: string): string[] {
	const path = bytes.split('/').filter((part) => part !== '' && part !== '.');
	const refuse = (why: string) => new ArchiveError('hostile', `${entry} ${why}`, { entry });
	if (bytes.includes('\0')) throw refuse('has a NUL byte in its name');
	if (path.includes('..')) throw refuse("has a '..' in its path");
	if (bytes.length > LONGEST_NAME) throw refuse(`has a path of more than ${LONGEST_NAME} bytes`);
	if (path.some((part) => part.length > 255)) throw refuse('has a name of more than 255 bytes in its path');
	return path;
}

function symlinkTarget(type: EntryType, target: string, entry: string): Buffer {
	if (type === 'symlink' && (target === '' || target.includes('\0') || target.length > LONGEST_NAME))
		throw new ArchiveError('hostile', `${entry} is a symbolic link with an impossible target`, { entry });
	return nameBytes(target);
}

function number(record: string | undefined, value: number | undefined): number {
	const id = record === undefined ? (value ?? 0) : Number(record);
	// -1 means "leave as it is" to chown(2).
	return Number.isInteger(id) && id >= 0 && id < 0xffff_ffff ? id : 0;
}

function seconds(record: string | undefined, value: Date | undefined): number {
	const time = record === undefined ? (value?.getTime() ?? 0) / 1000 : Number(record);
	return Number.isFinite(time) ? Math.min(Math.max(time, -(2 ** 31)), 2 ** 34) : 0;
}

function attributesOf(records: Records): ReadonlyMap<string, Buffer> {
	const named = [...records].filter(([key]) => key.startsWith(ATTRIBUTE));
	return new Map(
		named
			.map(([key, value]): [string, Buffer] => [key.slice(ATTRIBUTE.length), value])
			.filter(([name]) => KEPT.test(name)),
	);
}
