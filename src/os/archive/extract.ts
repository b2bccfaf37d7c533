/** Unpacks an archive that nobody has looked at into an empty directory. */
import { createHash } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract as createReader, type Extract } from 'tar-stream';
import { hasCode } from '../errno.ts';
import { ArchiveError } from './archive-error.ts';
import { decompress } from './decompress.ts';
import { type ArchiveEntry, parseEntry } from './entry.ts';
import { LayerWriter } from './layer-writer.ts';
import { RawRecords } from './raw-records.ts';
import type { ArchiveBytes } from './source.ts';
import { mappedPieces, type Piece, piecesOf, sparsePieces } from './sparse/pieces.ts';
import { TreeWriter } from './tree-writer.ts';

/** Entries and bytes between two looks at how much room is left. */
const LOOK_EVERY = { entries: 1000, bytes: 64 * 1024 * 1024 };
/** Free space kept for others on the file system: this fraction of it, at most this many bytes. */
const RESERVE = { part: 0.05, bytes: 256 * 1024 * 1024 };

/** Names are bytes: one character for each. The types of tar-stream do not know the option. */
const READING: Parameters<typeof createReader>[0] & {
	readonly filenameEncoding: BufferEncoding;
	readonly allowUnknownFormat: boolean;
} = {
	filenameEncoding: 'latin1',
	// The format of Unix version 7 has no name; the sum of a header tells what is none.
	allowUnknownFormat: true,
};

export interface ExtractOptions {
	/** Called with the number of entries so far, every 1000 and at the end. */
	readonly onProgress?: (entries: number) => void;
	/**
	 * The archive is a layer of an OCI image on top of these directories, the top one first: its whiteouts become those of
	 * overlayfs. Absent: it is a whole file system.
	 */
	readonly below?: readonly string[];
	/** Ends it; its reason is thrown. */
	readonly signal?: AbortSignal | undefined;
}

export interface Extracted {
	readonly entries: number;
	/** Device nodes, which are left out. */
	readonly devices: number;
	/** SHA-256 of the plain archive, in hex. */
	readonly digest: string;
}

/**
 * Owners, modes with setuid bits, times, links, FIFOs, holes, file capabilities and attributes of users come as they are in
 * the archive; other attributes and device nodes are left out. When it fails, the caller removes what is in the directory.
 *
 * @param archive plain tar or gzip, xz, zstd, bzip2 of one
 * @param directory exists and is empty
 * @throws ArchiveError
 */
export async function extractArchive(
	archive: ArchiveBytes,
	directory: string,
	options: ExtractOptions = {},
): Promise<Extracted> {
	const { signal } = options;
	signal?.throwIfAborted();
	const reader = createReader(READING);
	const plain = new Plain();
	// An error destroys the reader: the first failure is the reason, the others follow from it.
	let reason: unknown;
	const failed = (error: unknown) => {
		reason ??= error;
		reader.destroy(error instanceof Error ? error : new Error(String(error)));
		archive.bytes.destroy();
	};
	const abort = () => failed(signal?.reason);
	signal?.addEventListener('abort', abort);
	const feeding = decompress(archive.bytes)
		.then((bytes) => pipeline(bytes, plain, new EndMark(), reader))
		.catch(failed);
	const unpacked = await unpack({ reader, plain }, directory, options).catch(failed);
	await feeding;
	signal?.removeEventListener('abort', abort);
	signal?.throwIfAborted();
	if (reason !== undefined || !unpacked) throw translate(reason);
	return { ...unpacked, digest: plain.digest() };
}

interface Reading {
	readonly reader: Extract;
	readonly plain: Plain;
}

async function unpack(
	{ reader, plain }: Reading,
	directory: string,
	{ onProgress, below }: ExtractOptions,
): Promise<Omit<Extracted, 'digest'>> {
	// Before the first await: an entry that comes while nobody listens is lost.
	const items = reader[Symbol.asyncIterator]();
	const writer = below ? new LayerWriter(directory, below) : new TreeWriter(directory);
	const room = new Room(directory);
	const counts = { entries: 0, devices: 0 };
	try {
		await room.check();
		for await (const item of { [Symbol.asyncIterator]: () => items }) {
			const entry = parseEntry(item.header, plain.next());
			const data = room.counting(item);
			await writer.put(entry, dataOf(entry, data));
			item.resume();
			counts.entries += 1;
			if (entry.type === 'device') counts.devices += 1;
			if (counts.entries % LOOK_EVERY.entries === 0) {
				await room.check();
				onProgress?.(counts.entries);
			}
		}
		if (counts.entries === 0 && !below) throw new ArchiveError('corrupt', 'the archive holds no files');
		writer.finish();
		onProgress?.(counts.entries);
		return counts;
	} finally {
		writer.close();
	}
}

function dataOf({ map, isSparse, name }: ArchiveEntry, data: AsyncIterable<Buffer>): AsyncIterable<Piece> {
	if (map) return mappedPieces(data, map, name);
	return isSparse ? sparsePieces(data, name) : piecesOf(data);
}

/** Takes the digest, too, of what passes. */
class Plain extends RawRecords {
	readonly #hash = createHash('sha256');

	override _transform(chunk: Buffer, encoding: BufferEncoding, done: TransformCallback): void {
		this.#hash.update(chunk);
		super._transform(chunk, encoding, done);
	}

	/** In hex. Once, after the end. */
	digest(): string {
		return this.#hash.digest('hex');
	}
}

/** Watches that a small archive does not become a full disk. */
class Room {
	readonly #directory: string;
	#bytes = 0;

	constructor(directory: string) {
		this.#directory = directory;
	}

	async *counting(data: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
		for await (const chunk of data) {
			if (!Buffer.isBuffer(chunk)) throw new TypeError('the reader gave something that is no data');
			this.#bytes += chunk.length;
			if (this.#bytes >= LOOK_EVERY.bytes) {
				this.#bytes = 0;
				await this.check();
			}
			yield chunk;
		}
	}

	async check(): Promise<void> {
		const { bavail, blocks, bsize, ffree, files } = await statfs(this.#directory);
		const reserve = Math.min(blocks * bsize * RESERVE.part, RESERVE.bytes);
		if (bavail * bsize < reserve)
			throw new ArchiveError('full', `unpacking on would leave less than ${Math.ceil(reserve / 1024 / 1024)} MiB free`);
		if (files > 0 && ffree < files * RESERVE.part)
			throw new ArchiveError('full', 'unpacking on would leave fewer than 5 % of the inodes free');
	}
}

/** A tar archive ends with zeros; one that was cut between two entries looks whole otherwise. */
class EndMark extends Transform {
	#tail: Buffer = Buffer.alloc(0);

	override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
		this.#tail = chunk.length >= 512 ? chunk.subarray(-512) : Buffer.concat([this.#tail, chunk]).subarray(-512);
		done(null, chunk);
	}

	override _flush(done: TransformCallback): void {
		const whole = this.#tail.length === 512 && this.#tail.every((byte) => byte === 0);
		done(whole ? null : new ArchiveError('corrupt', 'the archive is truncated or is no tar archive'));
	}
}

function translate(error: unknown): ArchiveError {
	if (error instanceof ArchiveError) return error;
	const message = error instanceof Error ? error.message : String(error);
	if (hasCode(error, 'ENOSPC', 'EDQUOT')) return new ArchiveError('full', 'the disk is full', { cause: error });
	if (/tar header|Header exceeds|Invalid header/i.test(message))
		return new ArchiveError('corrupt', `the archive is damaged or is no tar archive (${message})`, { cause: error });
	if (/unexpected end/i.test(message)) return new ArchiveError('corrupt', 'the archive is truncated', { cause: error });
	return new ArchiveError('corrupt', `the archive could not be unpacked: ${message}`, { cause: error });
}
