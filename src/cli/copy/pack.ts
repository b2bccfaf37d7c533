/** A file or directory of this machine as a tar archive; links are not followed. */
import { createReadStream, lstatSync, readlinkSync, type Stats } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { pack as createPack, type Pack } from 'tar-stream';

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
	const packed = add(archive, { path, name, ...options }).then(texts);
	packed.then(
		() => archive.finalize(),
		(error: Error) => archive.destroy(error),
	);
	// tar-stream has streams of its own.
	return Readable.from(archive, { objectMode: false });
}

interface Item extends Pick<PackOptions, 'owners' | 'leavesOut'> {
	readonly path: string;
	readonly name: string;
}

async function add(archive: Pack, item: Item): Promise<void> {
	const status = lstatSync(item.path);
	const header = headerOf(item, status);
	if (status.isFile()) {
		const entry = archive.entry({ ...header, type: 'file', size: status.size });
		// A file that grows meanwhile: as much as was promised.
		const range = { start: 0, end: Math.max(0, status.size - 1) };
		if (status.size > 0) await pipeline(createReadStream(item.path, range), entry);
		else {
			entry.end(undefined);
			await finished(entry);
		}
	} else if (status.isSymbolicLink())
		await put(archive, { ...header, type: 'symlink', linkname: readlinkSync(item.path) });
	else if (status.isDirectory()) {
		if (item.name !== '.') await put(archive, { ...header, type: 'directory' });
		for await (const { name } of await opendir(item.path)) {
			const inside = item.name === '.' ? name : `${item.name}/${name}`;
			const path = join(item.path, name);
			if (!item.leavesOut?.(inside, lstatSync(path).isDirectory())) await add(archive, { ...item, path, name: inside });
		}
	}
}

function put(archive: Pack, header: Parameters<Pack['entry']>[0], text?: string): Promise<void> {
	return new Promise((resolve, reject) => {
		const done = (error?: Error | null) => (error ? reject(error) : resolve());
		if (text === undefined) archive.entry(header, done).end(undefined);
		else archive.entry(header, text, done);
	});
}

function headerOf({ name, owners }: Item, { mode, uid, gid, mtime }: Stats) {
	return { name, mode: mode & 0o7777, mtime, ...(owners ? { uid, gid } : { uid: 0, gid: 0 }) };
}
