/** The data of a file as pieces with their places, so that holes stay holes. */
import { ArchiveError } from '../archive-error.ts';
import type { Records } from '../raw-records.ts';

export interface Piece {
	/** Offset in the file. */
	readonly at: number;
	readonly bytes: Buffer;
}

const ZEROS = Buffer.alloc(64 * 1024);
const BLOCK = 512;

/** Zeros are left out: the file is as long as it says in the end. */
export async function* piecesOf(data: AsyncIterable<Buffer>): AsyncGenerator<Piece> {
	let at = 0;
	for await (const chunk of data)
		for (let offset = 0; offset < chunk.length; offset += ZEROS.length) {
			const bytes = chunk.subarray(offset, offset + ZEROS.length);
			if (!isHole(bytes)) yield { at, bytes };
			at += bytes.length;
		}
}

function isHole(bytes: Buffer): boolean {
	return bytes.equals(ZEROS.subarray(0, bytes.length));
}

/** Length of a file that is stored sparse (GNU tar, formats of PAX); undefined: it is not. */
export function sparseSize(records: Records): number | undefined {
	const isNew = records.get('GNU.sparse.major')?.toString() === '1';
	if (!isNew && !records.has('GNU.sparse.map')) return undefined;
	const size = Number(records.get(isNew ? 'GNU.sparse.realsize' : 'GNU.sparse.size'));
	return Number.isSafeInteger(size) && size >= 0 ? size : undefined;
}

interface Extent {
	readonly offset: number;
	readonly length: number;
}

/** The map in the header of a file, formats 0.0 and 0.1: offset and length of each piece; undefined: it is in the data. */
export function sparseMap(records: Records, name: string): readonly Extent[] | undefined {
	const numbers = records.get('GNU.sparse.map')?.toString().split(',').map(Number);
	if (!numbers) return undefined;
	if (numbers.length % 2 !== 0 || !numbers.every((one) => Number.isSafeInteger(one) && one >= 0)) throw damaged(name);
	return Array.from({ length: numbers.length / 2 }, (_, n) => ({
		offset: numbers[2 * n] ?? 0,
		length: numbers[2 * n + 1] ?? 0,
	}));
}

/** The data of a file whose map is known. */
export function mappedPieces(data: AsyncIterable<Buffer>, map: readonly Extent[], name: string): AsyncGenerator<Piece> {
	return extents(new Source(data), map, name);
}

async function* extents(source: Source, map: readonly Extent[], name: string): AsyncGenerator<Piece> {
	for (const { offset, length } of map) {
		let at = offset;
		for await (const bytes of source.take(length)) {
			yield { at, bytes };
			at += bytes.length;
		}
		if (at !== offset + length) throw damaged(name);
	}
}

/** The data of such a file: a list of numbers, a line each (how many pieces, then offset and length of each), then the pieces. */
export async function* sparsePieces(data: AsyncIterable<Buffer>, name: string): AsyncGenerator<Piece> {
	const source = new Source(data);
	const number = async () => {
		const value = Number(await source.line());
		if (!Number.isSafeInteger(value) || value < 0) throw damaged(name);
		return value;
	};
	const count = await number();
	if (count > 1_000_000) throw damaged(name);
	const map: Extent[] = [];
	for (let n = 0; n < count; n += 1) map.push({ offset: await number(), length: await number() });
	await source.skipPadding();
	yield* extents(source, map, name);
}

function damaged(name: string): ArchiveError {
	return new ArchiveError('corrupt', `${name} is a sparse file with a damaged map`, { entry: name });
}

/** Reads lines and then bytes of the same data. */
class Source {
	readonly #chunks: AsyncIterator<Buffer>;
	#rest: Buffer = Buffer.alloc(0);
	#taken = 0;

	constructor(data: AsyncIterable<Buffer>) {
		this.#chunks = data[Symbol.asyncIterator]();
	}

	async #more(): Promise<boolean> {
		const next = await this.#chunks.next();
		if (!next.done) this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value]);
		return !next.done;
	}

	#shift(length: number): Buffer {
		const bytes = this.#rest.subarray(0, length);
		this.#rest = this.#rest.subarray(length);
		this.#taken += bytes.length;
		return bytes;
	}

	async line(): Promise<string> {
		while (!this.#rest.includes(0x0a)) if (this.#rest.length > 32 || !(await this.#more())) return '';
		const text = this.#shift(this.#rest.indexOf(0x0a)).toString('latin1');
		this.#shift(1);
		return text;
	}

	async skipPadding(): Promise<void> {
		let padding = (BLOCK - (this.#taken % BLOCK)) % BLOCK;
		while (padding > 0 && (this.#rest.length > 0 || (await this.#more()))) padding -= this.#shift(padding).length;
	}

	async *take(length: number): AsyncGenerator<Buffer> {
		for (let left = length; left > 0; ) {
			if (this.#rest.length === 0 && !(await this.#more())) return;
			const bytes = this.#shift(left);
			left -= bytes.length;
			yield bytes;
		}
	}
}
