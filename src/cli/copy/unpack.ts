/**
 * Unpacks an archive of a container on this machine. Its names are chosen in the container: nothing is written outside of
 * the target or through a link, and no setuid bit is kept.
 */
import {
	chmodSync,
	closeSync,
	constants,
	existsSync,
	linkSync,
	lstatSync,
	mkdirSync,
	openSync,
	rmdirSync,
	symlinkSync,
	unlinkSync,
	utimesSync,
	write,
} from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { extract, type Header } from 'tar-stream';
import { KleeneError } from '#errors/kleene-error.ts';

const writeAsync = promisify(write);

/** With descriptors of directories as paths, nobody can put a link in the way between the look and the writing. */
const HAS_DESCRIPTOR_PATHS = existsSync('/proc/self/fd');
/** Names are bytes: one character for each. The types of tar-stream do not know the option. */
const READING: Parameters<typeof extract>[0] & { readonly filenameEncoding: BufferEncoding } = {
	filenameEncoding: 'latin1',
};
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * @param directory exists
 * @param as name that takes the place of the first one of each entry
 */
export async function unpack(archive: AsyncIterable<Buffer>, directory: string, as: string): Promise<void> {
	const reader = extract(READING);
	const feeding = pipeline(Readable.from(archive), reader);
	feeding.catch(() => {});
	const times: (() => void)[] = [];
	const files = new Set<string>();
	// The directory itself: its files come into the target.
	const placeOf = (name: string): string[] => {
		const [first = '', ...rest] = componentsOf(name);
		if (first === '') return [];
		return as === '.' ? rest : [bytesOfText(as), ...rest];
	};
	for await (const entry of reader) {
		const { header } = entry;
		const path = placeOf(bytesIn(header, 'path') ?? header.name);
		const original = header.type === 'link' ? placeOf(bytesIn(header, 'linkpath') ?? header.linkname ?? '') : undefined;
		if (path.length > 0) await put(Buffer.from(directory), path, { header, content: entry, times, files, original });
		entry.resume();
	}
	await feeding;
	for (const set of times.reverse()) set();
}

/** A name in a PAX header, which is UTF-8; undefined where it has none. */
function bytesIn({ pax }: Header, record: 'path' | 'linkpath'): string | undefined {
	const text = Object.entries(pax ?? {}).find(([key]) => key === record)?.[1];
	return typeof text === 'string' && text ? bytesOfText(text) : undefined;
}

function bytesOfText(text: string): string {
	return Buffer.from(text).toString('latin1');
}

/** @param name one character for each byte, as all names from here on */
function componentsOf(name: string): string[] {
	const parts = name.split('/').filter((part) => part !== '');
	if (parts.includes('..') || name.includes('\0') || name.startsWith('/'))
		throw hostile(name, 'it would lead elsewhere');
	return parts.filter((part, index) => part !== '.' || index === 0);
}

interface Entry {
	readonly header: Header;
	readonly content: AsyncIterable<unknown>;
	/** Changes of times of directories, for the end. */
	readonly times: (() => void)[];
	/** Paths of files that came out of this archive: hard links lead to nothing else. */
	readonly files: Set<string>;
	/** Of the file that a hard link is another name for. */
	readonly original: readonly string[] | undefined;
}

async function put(root: Buffer, path: readonly string[], entry: Entry): Promise<void> {
	const { header, content, times, files, original } = entry;
	const name = path.at(-1)!;
	const parent = openParent(root, path.slice(0, -1), header.name);
	try {
		const place = below(parent.path, name);
		const time = header.mtime ?? new Date();
		if (header.type === 'directory') {
			makeDirectory(place, header.name);
			chmodSync(place, (header.mode ?? 0o755) & 0o777);
			const whole = below(root, path.join('/'));
			times.push(() => lstatSync(whole).isDirectory() && utimesSync(whole, time, time));
			return;
		}
		clear(place, header.name);
		files.delete(path.join('/'));
		if (header.type === 'symlink')
			symlinkSync(Buffer.from(bytesIn(header, 'linkpath') ?? header.linkname ?? '', 'latin1'), place);
		else if (header.type === 'file') await writeFile(place, header, content);
		else if (original && files.has(original.join('/'))) linkTo(root, original, place);
		else return;
		if (header.type !== 'symlink') files.add(path.join('/'));
	} finally {
		parent.close();
	}
}

function linkTo(root: Buffer, original: readonly string[], place: Buffer): void {
	const name = original.at(-1)!;
	const parent = openParent(root, original.slice(0, -1), name);
	try {
		linkSync(below(parent.path, name), place);
	} finally {
		parent.close();
	}
}

async function writeFile(place: Buffer, { mode, mtime }: Header, content: AsyncIterable<unknown>): Promise<void> {
	const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
	const fd = openSync(place, flags, 0o600);
	try {
		for await (const piece of bytesOf(content))
			for (let at = 0; at < piece.length; ) at += (await writeAsync(fd, piece, at, piece.length - at)).bytesWritten;
		chmodSync(HAS_DESCRIPTOR_PATHS ? `/proc/self/fd/${fd}` : place, (mode ?? 0o644) & 0o777);
		if (mtime) utimesSync(HAS_DESCRIPTOR_PATHS ? `/proc/self/fd/${fd}` : place, mtime, mtime);
	} finally {
		closeSync(fd);
	}
}

async function* bytesOf(content: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
	for await (const piece of content) if (Buffer.isBuffer(piece)) yield piece;
}

function below(directory: Buffer, name: string): Buffer {
	return Buffer.concat([directory, Buffer.from('/'), Buffer.from(name, 'latin1')]);
}

/** Goes down one directory after the other; a link on the way is refused. */
function openParent(root: Buffer, path: readonly string[], entry: string): { readonly path: Buffer; close(): void } {
	let fd = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
	let place = root;
	const pathOf = () => (HAS_DESCRIPTOR_PATHS ? Buffer.from(`/proc/self/fd/${fd}`) : place);
	for (const name of path) {
		try {
			const next = openSync(below(pathOf(), name), DIRECTORY);
			closeSync(fd);
			fd = next;
		} catch {
			closeSync(fd);
			throw hostile(entry, 'it leads through something that is no directory');
		}
		place = below(place, name);
	}
	return { path: pathOf(), close: () => closeSync(fd) };
}

function makeDirectory(place: Buffer, entry: string): void {
	const there = lstatSync(place, { throwIfNoEntry: false });
	if (there?.isDirectory()) return;
	if (there) clear(place, entry);
	mkdirSync(place, 0o755);
}

/** Of what is there: a directory only when it is empty. */
function clear(place: Buffer, entry: string): void {
	const there = lstatSync(place, { throwIfNoEntry: false });
	if (!there) return;
	try {
		if (there.isDirectory()) rmdirSync(place);
		else unlinkSync(place);
	} catch {
		throw hostile(entry, 'it would replace a directory that has files');
	}
}

function hostile(entry: string, why: string): KleeneError {
	return new KleeneError({
		code: 'HOSTILE_ARCHIVE',
		what: `cannot unpack ${entry.slice(0, 200).replace(/\p{Cc}/gu, '?')}`,
		why,
		hint: 'copy it to an empty directory, or as an archive: klee cp CONTAINER:PATH - >FILE',
	});
}
