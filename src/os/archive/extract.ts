/** Unpacks an archive that nobody has looked at into an empty directory. */
import { statfs } from 'node:fs/promises';
import { ArchiveError } from './archive-error.ts';
import type { ArchiveEntry } from './entry.ts';
import { LayerWriter } from './layer-writer.ts';
import { type EntrySink, type ReadArchive, type ReadOptions, readArchive } from './read-archive.ts';
import type { ArchiveBytes } from './source.ts';
import { mappedPieces, type Piece, piecesOf, sparsePieces } from './sparse/pieces.ts';
import { TreeWriter } from './tree-writer.ts';

/** Entries and bytes between two looks at how much room is left. */
const LOOK_EVERY = { entries: 1000, bytes: 64 * 1024 * 1024 };
/** Free space kept for others on the file system: this fraction of it, at most this many bytes. */
const RESERVE = { part: 0.05, bytes: 256 * 1024 * 1024 };

export interface ExtractOptions extends ReadOptions {
	/**
	 * The archive is a layer of an OCI image on top of these directories, the top one first: its whiteouts become those of
	 * overlayfs. Absent: it is a whole file system.
	 */
	readonly below?: readonly string[];
}

export interface Extracted extends ReadArchive {
	/** Device nodes, which are left out. */
	readonly devices: number;
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
	options.signal?.throwIfAborted();
	const extraction = new Extraction(directory, options.below);
	try {
		const read = await readArchive(archive, extraction, options);
		return { ...read, devices: extraction.devices };
	} finally {
		extraction.close();
	}
}

class Extraction implements EntrySink {
	devices = 0;
	readonly #directory: string;
	readonly #below: readonly string[] | undefined;
	readonly #room: Room;
	#writer: TreeWriter | undefined;
	#entries = 0;

	constructor(directory: string, below: readonly string[] | undefined) {
		this.#directory = directory;
		this.#below = below;
		this.#room = new Room(directory);
	}

	begin(): Promise<void> {
		this.#writer = this.#below ? new LayerWriter(this.#directory, this.#below) : new TreeWriter(this.#directory);
		return this.#room.check();
	}

	async put(entry: ArchiveEntry, data: AsyncIterable<Buffer>): Promise<void> {
		await this.#writer?.put(entry, dataOf(entry, this.#room.counting(data)));
		if (entry.type === 'device') this.devices += 1;
		this.#entries += 1;
		if (this.#entries % LOOK_EVERY.entries === 0) await this.#room.check();
	}

	end(entries: number): void {
		if (entries === 0 && !this.#below) throw new ArchiveError('corrupt', 'the archive holds no files');
		this.#writer?.finish();
	}

	close(): void {
		this.#writer?.close();
	}
}

function dataOf({ map, isSparse, name }: ArchiveEntry, data: AsyncIterable<Buffer>): AsyncIterable<Piece> {
	if (map) return mappedPieces(data, map, name);
	return isSparse ? sparsePieces(data, name) : piecesOf(data);
}

/** Watches that a small archive does not become a full disk. */
class Room {
	readonly #directory: string;
	#bytes = 0;

	constructor(directory: string) {
		this.#directory = directory;
	}

	async *counting(data: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
		for await (const chunk of data) {
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
