/** Packs a directory in the format of overlayfs as a layer of an OCI image, always the same for the same files. */
import { createReadStream, lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { getAttribute, listAttributes } from '../../linux/files/directory.ts';
import { OPAQUE } from '../lower-layers.ts';
import { OPAQUE_MARK, WHITEOUT } from '../whiteouts.ts';
import { END_OF_ARCHIVE, headerOf, padding, type WrittenEntry, type WrittenType } from './tar-writer.ts';

const SLASH = Buffer.from('/');
/** Attributes that mean the same elsewhere. */
const KEPT = /^(user\.|security\.capability$)/;

/** The archive in pieces. @param directory nobody writes below it */
export async function* packLayer(directory: string): AsyncGenerator<Buffer> {
	yield* new Packing(directory).tree(Buffer.alloc(0));
	yield END_OF_ARCHIVE;
}

class Packing {
	readonly #root: Buffer;
	/** First path of files that have several, by device and inode. */
	readonly #links = new Map<string, Buffer>();

	constructor(directory: string) {
		this.#root = Buffer.from(directory);
	}

	/** A directory and what is in it, in the order of names. @param path empty: the root */
	async *tree(path: Buffer): AsyncGenerator<Buffer> {
		const place = this.#place(path);
		yield headerOf(entryOf('directory', path.length === 0 ? Buffer.from('.') : path, lstatSync(place), place));
		if (getAttribute(place, OPAQUE) !== undefined) yield whiteout(join(path, Buffer.from(OPAQUE_MARK)));
		for (const name of readdirSync(place, { encoding: 'buffer' }).sort(Buffer.compare)) {
			const inner = join(path, name);
			const status = lstatSync(this.#place(inner));
			if (status.isDirectory()) yield* this.tree(inner);
			else yield* this.#other({ path, name }, status);
		}
	}

	#place(path: Buffer): Buffer {
		return path.length === 0 ? this.#root : Buffer.concat([this.#root, SLASH, path]);
	}

	async *#other({ path, name }: { path: Buffer; name: Buffer }, status: Stats): AsyncGenerator<Buffer> {
		const inner = join(path, name);
		const place = this.#place(inner);
		if (status.isCharacterDevice() && status.rdev === 0)
			yield whiteout(join(path, Buffer.concat([Buffer.from(WHITEOUT), name])));
		else if (status.isSymbolicLink()) {
			const target = readlinkSync(place, { encoding: 'buffer' });
			yield headerOf({ ...entryOf('symlink', inner, status, place), target });
		} else if (status.isFIFO()) yield headerOf(entryOf('fifo', inner, status, place));
		else if (status.isFile()) yield* this.#file(inner, status);
		// Sockets mean nothing elsewhere, and devices are left out when a layer is unpacked.
	}

	async *#file(path: Buffer, status: Stats): AsyncGenerator<Buffer> {
		const place = this.#place(path);
		const key = `${status.dev} ${status.ino}`;
		const target = status.nlink > 1 ? this.#links.get(key) : undefined;
		if (target) {
			yield headerOf({ ...entryOf('link', path, status, place), target });
			return;
		}
		if (status.nlink > 1) this.#links.set(key, path);
		yield headerOf({ ...entryOf('file', path, status, place), size: status.size });
		if (status.size > 0) yield* createReadStream(place, { highWaterMark: 256 * 1024 });
		yield padding(status.size);
	}
}

function join(path: Buffer, name: Buffer): Buffer {
	return path.length === 0 ? name : Buffer.concat([path, SLASH, name]);
}

function entryOf(type: WrittenType, path: Buffer, { mode, uid, gid, mtimeMs }: Stats, place: Buffer): WrittenEntry {
	const names = type === 'file' || type === 'directory' ? listAttributes(place).filter((name) => KEPT.test(name)) : [];
	const attributes = new Map(names.sort().map((name) => [name, getAttribute(place, name) ?? Buffer.alloc(0)]));
	return { type, path, mode, uid, gid, size: 0, mtime: mtimeMs / 1000, attributes };
}

function whiteout(path: Buffer): Buffer {
	return headerOf({ type: 'file', path, mode: 0, uid: 0, gid: 0, size: 0, mtime: 0 });
}
