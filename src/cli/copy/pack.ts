/** A file or directory of this machine as a tar archive; links are not followed. */
import { createReadStream, lstatSync, readlinkSync, type Stats } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { pack as createPack, type Pack } from 'tar-stream';
import { namesOf } from './raw-names.ts';

export interface PackOptions {
	/** Name in the archive; `.`: the files of the directory, without itself. */
	readonly as: string;
	/** Keep owners; otherwise everything belongs to root. */
	readonly owners: boolean;
	/** Whether a path below the directory is left out, what is below it too; see `isLeftOut`. */
	readonly leavesOut?: (path: string, isDirectory: boolean) => boolean;
	/** Further files, by their names in the archive. */
	readonly more?: ReadonlyMap<string, string>;
}

/** Sockets and devices are left out. */
export function packPath(path: string, { as: name, more = new Map(), ...options }: PackOptions): Readable {
	const archive = createPack();
	const texts = async () => {
		for (const [file, text] of more)
			await put(archive, { name: file, mode: 0o644, type: 'file', uid: 0, gid: 0 }, text);
	};
	const packed = add(archive, { path: Buffer.from(path), name: Buffer.from(name), ...options }).then(texts);
	packed.then(
		() => archive.finalize(),
		(error: Error) => archive.destroy(error),
	);
	// tar-stream has streams of its own.
	return Readable.from(archive, { objectMode: false });
}

interface Item extends Pick<PackOptions, 'owners' | 'leavesOut'> {
	/** Bytes, as names of files are. */
	readonly path: Buffer;
	readonly name: Buffer;
}

const SLASH = Buffer.from('/');
const NOTHING = Buffer.alloc(0);
const SELF = Buffer.from('.');

async function add(archive: Pack, item: Item): Promise<void> {
	const { name, path } = item;
	const status = lstatSync(path);
	if (status.isFile()) {
		const entry = archive.entry({ ...beginEntry(archive, item, status), type: 'file', size: status.size });
		// A file that grows meanwhile: as much as was promised.
		const range = { start: 0, end: Math.max(0, status.size - 1) };
		if (status.size > 0) await pipeline(createReadStream(path, range), entry);
		else {
			entry.end(undefined);
			await finished(entry);
		}
	} else if (status.isSymbolicLink()) {
		const target = readlinkSync(path, { encoding: 'buffer' });
		await put(archive, { ...beginEntry(archive, item, status, target), type: 'symlink' });
	} else if (status.isDirectory()) {
		const isTop = name.equals(SELF);
		if (!isTop) await put(archive, { ...beginEntry(archive, item, status), type: 'directory' });
		for (const own of await readdir(path, { encoding: 'buffer' })) {
			const inside = isTop ? own : Buffer.concat([name, SLASH, own]);
			const below = Buffer.concat([path, SLASH, own]);
			if (!item.leavesOut?.(inside.toString(), lstatSync(below).isDirectory()))
				await add(archive, { ...item, path: below, name: inside });
		}
	}
}

/** The header of an item; what its names need before it is in the archive then. */
function beginEntry(archive: Pack, item: Item, status: Stats, target = NOTHING) {
	const { before, ...names } = namesOf(status.isDirectory() ? Buffer.concat([item.name, SLASH]) : item.name, target);
	if (before.length > 0) archive.push(before);
	return { ...headerOf(item, status), ...names };
}

function put(archive: Pack, header: Parameters<Pack['entry']>[0], text?: string): Promise<void> {
	return new Promise((resolve, reject) => {
		const done = (error?: Error | null) => (error ? reject(error) : resolve());
		if (text === undefined) archive.entry(header, done).end(undefined);
		else archive.entry(header, text, done);
	});
}

function headerOf({ owners }: Item, { mode, uid, gid, mtime }: Stats) {
	return { mode: mode & 0o7777, mtime, ...(owners ? { uid, gid } : { uid: 0, gid: 0 }) };
}
