import { Transform, type TransformCallback } from 'node:stream';

const BLOCK = 512;
/** Of a PAX header. Bytes. */
const LONGEST_RECORDS = 1024 * 1024;
/** Headers that say something of the next one or of all: PAX of the archive, long names and link names of GNU. */
const META = new Set(['g', 'K', 'L', 'N', 'V']);

/** Values of a PAX header as they are; the reader of archives makes text of them, and bytes that are no text get lost. */
export type Records = ReadonlyMap<string, Buffer>;

/** Passes an archive on, and keeps the PAX records of each entry until it is asked for them, in the order of entries. */
export class RawRecords extends Transform {
	readonly #entries: Records[] = [];
	#waiting: Records = new Map();
	/** Bytes of the body of an entry that are still to come, with its padding. */
	#body = 0;
	/** Pieces of a PAX header, and its length without padding. */
	#pax: { readonly pieces: Buffer[]; readonly length: number } | undefined;
	#header: Buffer = Buffer.alloc(0);

	/** Of the next entry. */
	next(): Records {
		return this.#entries.shift() ?? new Map();
	}

	override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
		for (let rest = chunk; rest.length > 0; ) rest = this.#body > 0 ? this.#takeBody(rest) : this.#takeHeader(rest);
		done(null, chunk);
	}

	#takeBody(chunk: Buffer): Buffer {
		const piece = chunk.subarray(0, this.#body);
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
			this.#begin(this.#header);
			this.#header = Buffer.alloc(0);
		}
		return chunk.subarray(piece.length);
	}

	#begin(header: Buffer): void {
		if (header.every((byte) => byte === 0)) return;
		const type = String.fromCharCode(header[156] ?? 0);
		const size = sizeOf(header);
		if (type === 'x' && size <= LONGEST_RECORDS) this.#pax = { pieces: [], length: size };
		else if (!META.has(type)) this.#entries.push(this.#waiting);
		const real = type === 'x' || META.has(type) ? size : Number(this.#waiting.get('size') ?? size);
		// What the reader takes for a directory has no body, whatever its header says.
		this.#body = type === '5' ? 0 : Math.ceil(real / BLOCK) * BLOCK;
		if (type !== 'x' && !META.has(type)) this.#waiting = new Map();
	}
}

/** Octal digits, or with the highest bit set a number in base 256. */
function sizeOf(header: Buffer): number {
	if (((header[124] ?? 0) & 0x80) !== 0) return Number(header.readBigUInt64BE(128));
	return Number.parseInt(header.toString('latin1', 124, 136), 8) || 0;
}

/** Records are `LENGTH NAME=VALUE\n`, where the length is that of the whole. */
function parseRecords(bytes: Buffer): Records {
	const records = new Map<string, Buffer>();
	for (let rest = bytes; rest.length > 0; ) {
		const length = Number.parseInt(rest.toString('latin1', 0, 20), 10);
		const [start, equals] = [rest.indexOf(0x20) + 1, rest.indexOf(0x3d)];
		if (!(length > 0) || start === 0 || equals < start || length > rest.length) break;
		records.set(rest.toString('utf8', start, equals), Buffer.from(rest.subarray(equals + 1, length - 1)));
		rest = rest.subarray(length);
	}
	return records;
}
