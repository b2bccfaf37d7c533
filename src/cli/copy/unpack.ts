/**
 * Unpacks an archive of a container on this machine. Its names are chosen in the container: nothing is written outside of
 * the target or through a link, and no setuid bit is kept.
 */
import {
	chmodSync,
	closeSync,
	constants,
	existsSync,
	lstatSync,
	mkdirSync,
	openSync,
	rmdirSync,
	symlinkSync,
	unlinkSync,
	utimesSync,
	write,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { extract, type Header } from 'tar-stream';
import { KleeneError } from '#errors/kleene-error.ts';

const writeAsync = promisify(write);

/** With descriptors of directories as paths, nobody can put a link in the way between the look and the writing. */
const HAS_DESCRIPTOR_PATHS = existsSync('/proc/self/fd');
const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * @param directory exists
 * @param as name that takes the place of the first one of each entry
 */
export async function unpack(archive: AsyncIterable<Buffer>, directory: string, as: string): Promise<void> {
	const reader = extract();
	const feeding = pipeline(Readable.from(archive), reader);
	feeding.catch(() => {});
	const times: (() => void)[] = [];
	for await (const entry of reader) {
		const [first = '', ...rest] = componentsOf(entry.header.name);
		// The directory itself: its files come into the target.
		const path = as === '.' ? rest : [as, ...rest];
		if (first !== '' && path.length > 0) await put(directory, path, { header: entry.header, content: entry, times });
		entry.resume();
	}
	await feeding;
	for (const set of times.reverse()) set();
}

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
}

async function put(root: string, path: readonly string[], { header, content, times }: Entry): Promise<void> {
	const name = path.at(-1)!;
	const parent = openParent(root, path.slice(0, -1), header.name);
	try {
		const place = join(parent.path, name);
		const time = header.mtime ?? new Date();
		if (header.type === 'directory') {
			makeDirectory(place, header.name);
			chmodSync(place, (header.mode ?? 0o755) & 0o777);
			const whole = join(root, ...path);
			times.push(() => lstatSync(whole).isDirectory() && utimesSync(whole, time, time));
			return;
		}
		clear(place, header.name);
		if (header.type === 'symlink') symlinkSync(header.linkname ?? '', place);
		else if (header.type === 'file') await writeFile(place, header, content);
	} finally {
		parent.close();
	}
}

async function writeFile(place: string, { mode, mtime }: Header, content: AsyncIterable<unknown>): Promise<void> {
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

/** Goes down one directory after the other; a link on the way is refused. */
function openParent(root: string, path: readonly string[], entry: string): { readonly path: string; close(): void } {
	let fd = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
	let place = root;
	const pathOf = () => (HAS_DESCRIPTOR_PATHS ? `/proc/self/fd/${fd}` : place);
	for (const name of path) {
		try {
			const next = openSync(join(pathOf(), name), DIRECTORY);
			closeSync(fd);
			fd = next;
		} catch {
			closeSync(fd);
			throw hostile(entry, 'it leads through something that is no directory');
		}
		place = join(place, name);
	}
	return { path: pathOf(), close: () => closeSync(fd) };
}

function makeDirectory(place: string, entry: string): void {
	const there = lstatSync(place, { throwIfNoEntry: false });
	if (there?.isDirectory()) return;
	if (there) clear(place, entry);
	mkdirSync(place, 0o755);
}

/** Of what is there: a directory only when it is empty. */
function clear(place: string, entry: string): void {
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
