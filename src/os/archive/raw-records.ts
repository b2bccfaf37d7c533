import { Transform, type TransformCallback } from 'node:stream';
import { numberAt, OldSparse } from './sparse/old-sparse.ts';

const BLOCK = 512;
/** Of a PAX header. Bytes. */
const LONGEST_RECORDS = 1024 * 1024;
/** Headers that say something of the next one or of all: PAX of the archive, long names and link names of GNU. */
const SPARSE = 'S'.charCodeAt(0);
const META = new Set(['g', 'K', 'L', 'N', 'V']);

/** Values of a PAX header as they are; the reader of archives makes text of them, and bytes that are no text get lost. */
export type Records = ReadonlyMap<string, Buffer>;

/**
 * Passes an archive on, and keeps the PAX records of each entry until it is asked for them, in the order of entries. Sparse
 * files of an old format are passed on in the newer one.
 */
export class RawRecords extends Transform {
	readonly #entries: Records[] = [];
	#waiting: Records = new Map();
	/** Bytes of the body of an entry that are still to come, with its padding. */
	#body = 0;
	/** Pieces of a PAX header, and its length without padding. */
	#pax: { readonly pieces: Buffer[]; readonly length: number } | undefined;
	#header: Buffer = Buffer.alloc(0);
	/** An entry whose headers are not complete yet. */
	#sparse: OldSparse | undefined;

	/** Of the next entry. */
	next(): Records {
		return this.#entries.shift() ?? new Map();
	}

	override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
		try {
			for (let rest = chunk; rest.length > 0; ) rest = this.#body > 0 ? this.#takeBody(rest) : this.#takeHeader(rest);
			done();
		} catch (error) {
			done(error instanceof Error ? error : new Error(String(error)));
		}
	}

	/** A header that was cut off is for the reader to complain about. */
	override _flush(done: TransformCallback): void {
		done(null, this.#header.length > 0 ? this.#header : undefined);
	}

	#takeBody(chunk: Buffer): Buffer {
		const piece = chunk.subarray(0, this.#body);
		this.push(piece);
		this.#pax?.pieces.push(piece);
		this.#body -= piece.length;
		if (this.#body === 0 && this.#pax) {
			this.#waiting = parseRecords(Buffer.concat(this.#pax.pieces).subarray(0, this.#pax.length));
			this.#pax = undefined;
		}
		return chunk.subarray(piece.length);
	}

	#takeHeader(chunk: Buffer): Buffer {
		const piece = chunk.subarray(0, BLOCK - this.#header.length);
		this.#header = this.#header.length === 0 ? piece : Buffer.concat([this.#header, piece]);
		if (this.#header.length === BLOCK) {
			const header = this.#header;
			this.#header = Buffer.alloc(0);
			if (this.#sparse) this.#sparse.add(header);
			else if (header[156] === SPARSE) this.#sparse = new OldSparse(header);
			else {
				this.push(header);
				this.#begin(header);
			}
			if (this.#sparse?.isComplete) this.#translate(this.#sparse);
		}
		return chunk.subarray(piece.length);
	}

	/** Its headers are complete; its data follows. */
	#translate(sparse: OldSparse): void {
		const { bytes, size, records } = sparse.translated();
		this.push(bytes);
		this.#entries.push(new Map([...this.#waiting, ...records]));
		this.#waiting = new Map();
		this.#sparse = undefined;
		this.#body = Math.ceil(size / BLOCK) * BLOCK;
	}

	#begin(header: Buffer): void {
		if (header.every((byte) => byte === 0)) return;
		const type = String.fromCharCode(header[156] ?? 0);
		const size = numberAt(header, 124);
		if (type === 'x' && size <= LONGEST_RECORDS) this.#pax = { pieces: [], length: size };
		else if (!META.has(type)) this.#entries.push(this.#waiting);
		const real = type === 'x' || META.has(type) ? size : Number(this.#waiting.get('size') ?? size);
		// What the reader takes for a directory has no body, whatever its header says.
		this.#body = type === '5' ? 0 : Math.ceil(real / BLOCK) * BLOCK;
		if (type !== 'x' && !META.has(type)) this.#waiting = new Map();
	}
}

const MAP = 'GNU.sparse.map';
const IN_MAP = new Set(['GNU.sparse.offset', 'GNU.sparse.numbytes']);

/** Records are `LENGTH NAME=VALUE\n`, where the length is that of the whole. */
function parseRecords(bytes: Buffer): Records {
	const records = new Map<string, Buffer>();
	for (let rest = bytes; rest.length > 0; ) {
		const length = Number.parseInt(rest.toString('latin1', 0, 20), 10);
		const [start, equals] = [rest.indexOf(0x20) + 1, rest.indexOf(0x3d)];
		if (!(length > 0) || start === 0 || equals < start || length > rest.length) break;
		const value = Buffer.from(rest.subarray(equals + 1, length - 1));
		const key = rest.toString('utf8', start, equals);
		// The map of a sparse file, a record for each number (format 0.0); else it is one record (0.1).
		const before = IN_MAP.has(key) ? records.get(MAP) : undefined;
		if (IN_MAP.has(key)) records.set(MAP, before ? Buffer.concat([before, Buffer.from(','), value]) : value);
		else records.set(key, value);
		rest = rest.subarray(length);
	}
	return records;
}
