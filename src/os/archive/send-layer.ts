/**
 * Layers of OCI images for a host that has the files of the layers below in place, and whose own tar(1) unpacks the rest.
 * Names, kinds and links of entries are looked at here; what is sent is written anew and holds nothing else.
 */
import type { Writable } from 'node:stream';
import { ArchiveError, type ArchiveProblem } from './archive-error.ts';
import { type ArchiveEntry, nameBytes } from './entry.ts';
import { END_OF_ARCHIVE, headerOf, padding, type WrittenType } from './packing/tar-writer.ts';
import { type EntrySink, type ReadArchive, type ReadOptions, readArchive } from './read-archive.ts';
import { SeenLinks } from './seen-links.ts';
import type { ArchiveBytes } from './source.ts';
import { removalOf } from './whiteouts.ts';

const NUL = Buffer.alloc(1);
const BLOCK = 512;
/** Attributes that mean the same on every system. */
const KEPT = /^user\./;
const NOTHING = Buffer.alloc(0);

const TYPES: { readonly [T in ArchiveEntry['type']]: WrittenType | undefined } = {
	file: 'file',
	directory: 'directory',
	symlink: 'symlink',
	link: 'link',
	fifo: 'fifo',
	device: undefined,
};

/** Writes to a program. @throws what its end of the pipe says when it is gone */
class Outlet {
	readonly #to: Writable;

	constructor(to: Writable) {
		this.#to = to;
	}

	write(bytes: Buffer): Promise<void> {
		return new Promise((resolve, reject) => {
			this.#to.write(bytes, (error) => (error ? reject(error) : resolve()));
		});
	}
}

/**
 * Sends what a layer takes away of those below, as words that end in NUL: `-PATH` a file or directory, `=PATH` all that is in
 * a directory, `+PATH` a directory in whose place comes something else. Paths are relative, without `.` and `..`; an empty one
 * is the root.
 *
 * @throws ArchiveError
 */
export async function sendRemovals(archive: ArchiveBytes, to: Writable, options: ReadOptions): Promise<void> {
	await readArchive(archive, new Removals(new Outlet(to)), options);
}

/**
 * Sends the files of a layer as a plain archive, without its whiteouts, devices, and attributes of the system.
 *
 * @throws ArchiveError
 */
export function sendFiles(archive: ArchiveBytes, to: Writable, options: SendOptions): Promise<ReadArchive> {
	return readArchive(archive, new Files(new Outlet(to), options.saysBytes ?? false), options);
}

export interface SendOptions extends ReadOptions {
	/** Names that are not ASCII are said to be bytes, which libarchive(3) otherwise takes for text of another character set. */
	readonly saysBytes?: boolean;
}

class Removals implements EntrySink {
	readonly #outlet: Outlet;
	readonly #links = new SeenLinks();

	constructor(outlet: Outlet) {
		this.#outlet = outlet;
	}

	async put(given: ArchiveEntry): Promise<void> {
		const entry = this.#links.follow(named(given));
		const removal = removalOf(entry);
		if (removal?.kind === 'file') await this.#say('-', removal.path);
		else if (removal?.kind === 'content') await this.#say('=', removal.path);
		else if (!removal && entry.type !== 'directory' && entry.type !== 'device') await this.#say('+', entry.path);
	}

	#say(sign: string, path: readonly string[]): Promise<void> {
		return this.#outlet.write(Buffer.concat([Buffer.from(sign), nameBytes(path.join('/')), NUL]));
	}
}

class Files implements EntrySink {
	readonly #outlet: Outlet;
	readonly #saysBytes: boolean;
	readonly #links = new SeenLinks();

	constructor(outlet: Outlet, saysBytes: boolean) {
		this.#outlet = outlet;
		this.#saysBytes = saysBytes;
	}

	async put(given: ArchiveEntry, data: AsyncIterable<Buffer>): Promise<void> {
		const entry = this.#links.follow(named(given));
		const type = TYPES[entry.type];
		if (type === undefined || removalOf(entry)) return;
		const map = mapBefore(entry);
		const size = type === 'file' ? map.length + entry.stored : 0;
		const path = nameBytes(entry.path.join('/') || '.');
		const target = type === 'link' ? nameBytes(entry.linkPath.join('/')) : entry.target;
		await this.#outlet.write(
			headerOf({
				...{ type, path, size, target },
				...{ mode: entry.mode, uid: entry.uid, gid: entry.gid, mtime: entry.mtime },
				attributes: new Map([...entry.attributes].filter(([name]) => KEPT.test(name))),
				records: new Map([...(this.#saysBytes ? charset(path, target) : []), ...sparseRecords(entry, path)]),
			}),
		);
		if (type !== 'file') return;
		if (map.length > 0) await this.#outlet.write(map);
		for await (const chunk of data) await this.#outlet.write(chunk);
		if (size % BLOCK !== 0) await this.#outlet.write(padding(size));
	}

	end(): Promise<void> {
		return this.#outlet.write(END_OF_ARCHIVE);
	}
}

/** @throws ArchiveError for what would stand in the place of the root, and for links to it */
function named(entry: ArchiveEntry): ArchiveEntry {
	const refuse = (problem: ArchiveProblem, why: string) =>
		new ArchiveError(problem, `${entry.name} ${why}`, { entry: entry.name });
	if (entry.type !== 'directory' && entry.path.length === 0)
		throw refuse('hostile', 'would replace the root directory');
	if (entry.type === 'link' && entry.linkPath.length === 0) throw refuse('corrupt', 'is a link to no file');
	return entry;
}

function charset(...names: readonly Buffer[]): [string, Buffer][] {
	const isText = names.every((name) => name.every((byte) => byte < 0x80));
	return isText ? [] : [['hdrcharset', Buffer.from('BINARY')]];
}

/** Of a file with holes. */
function sparseRecords({ isSparse, size }: ArchiveEntry, name: Buffer): [string, Buffer][] {
	if (!isSparse) return [];
	const values = { major: Buffer.from('1'), minor: Buffer.from('0'), name, realsize: Buffer.from(`${size}`) };
	return Object.entries(values).map(([key, value]) => [`GNU.sparse.${key}`, value]);
}

/** The map of a file whose headers had it, as format 1.0 has it before the data. */
function mapBefore({ map }: ArchiveEntry): Buffer {
	if (!map) return NOTHING;
	const text = [map.length, ...map.flatMap(({ offset, length }) => [offset, length])].map((one) => `${one}\n`).join('');
	const bytes = Buffer.from(text);
	return Buffer.concat([bytes, padding(bytes.length)]);
}
