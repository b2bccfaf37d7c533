/** Reads an archive that nobody has looked at, entry by entry. */
import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract as createReader, type Extract } from 'tar-stream';
import { hasCode } from '../errno.ts';
import { ArchiveError } from './archive-error.ts';
import { decompress } from './decompress.ts';
import { type ArchiveEntry, parseEntry } from './entry.ts';
import { RawRecords } from './raw-records.ts';
import type { ArchiveBytes } from './source.ts';

/** Entries between two lines of progress. */
const TELL_EVERY = 1000;

/** Names are bytes: one character for each. The types of tar-stream do not know the option. */
const READING: Parameters<typeof createReader>[0] & {
	readonly filenameEncoding: BufferEncoding;
	readonly allowUnknownFormat: boolean;
} = {
	filenameEncoding: 'latin1',
	// The format of Unix version 7 has no name; the sum of a header tells what is none.
	allowUnknownFormat: true,
};

/** Takes the entries of an archive, in their order. */
export interface EntrySink {
	/** Before the first entry. */
	begin?(): Promise<void>;
	/** @param data of a regular file, as it is in the archive; empty for everything else. What is not read is skipped */
	put(entry: ArchiveEntry, data: AsyncIterable<Buffer>): Promise<void>;
	/** After the last entry. @param entries how many there were */
	end?(entries: number): void | Promise<void>;
}

export interface ReadOptions {
	/** Called with the number of entries so far, every 1000 and at the end. */
	readonly onProgress?: (entries: number) => void;
	/** Ends it; its reason is thrown. */
	readonly signal?: AbortSignal | undefined;
}

export interface ReadArchive {
	readonly entries: number;
	/** SHA-256 of the plain archive, in hex. */
	readonly digest: string;
}

/**
 * @param archive plain tar or gzip, xz, zstd, bzip2 of one
 * @throws ArchiveError, also for what the sink throws
 */
export async function readArchive(
	archive: ArchiveBytes,
	sink: EntrySink,
	options: ReadOptions = {},
): Promise<ReadArchive> {
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
	const entries = await read({ reader, plain }, sink, options).catch(failed);
	await feeding;
	signal?.removeEventListener('abort', abort);
	signal?.throwIfAborted();
	if (reason !== undefined || entries === undefined) throw translate(reason);
	return { entries, digest: plain.digest() };
}

interface Reading {
	readonly reader: Extract;
	readonly plain: Plain;
}

async function read({ reader, plain }: Reading, sink: EntrySink, { onProgress }: ReadOptions): Promise<number> {
	// Before the first await: an entry that comes while nobody listens is lost.
	const items = reader[Symbol.asyncIterator]();
	let entries = 0;
	await sink.begin?.();
	for await (const item of { [Symbol.asyncIterator]: () => items }) {
		await sink.put(parseEntry(item.header, plain.next()), buffersOf(item));
		item.resume();
		entries += 1;
		if (entries % TELL_EVERY === 0) onProgress?.(entries);
	}
	await sink.end?.(entries);
	onProgress?.(entries);
	return entries;
}

async function* buffersOf(data: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
	for await (const chunk of data) {
		if (!Buffer.isBuffer(chunk)) throw new TypeError('the reader gave something that is no data');
		yield chunk;
	}
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
