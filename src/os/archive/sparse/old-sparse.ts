/** Sparse files of the old format of GNU tar, as entries of the format 1.0 of PAX, which pieces.ts reads. Source: tar(5). */
import { ArchiveError } from '../archive-error.ts';

const BLOCK = 512;
/** Headers that say more of the map: of a million pieces. */
const MOST_BLOCKS = 50_000;
const IN_HEADER = { at: 386, count: 4, more: 482 };
const IN_BLOCK = { at: 0, count: 21, more: 504 };
const REAL_SIZE = 483;

/** The headers of one entry, as they come. */
export class OldSparse {
	readonly #blocks: Buffer[];

	/** @param header of type `S` */
	constructor(header: Buffer) {
		this.#blocks = [header];
	}

	get isComplete(): boolean {
		const place = this.#blocks.length === 1 ? IN_HEADER : IN_BLOCK;
		return this.#blocks.at(-1)?.[place.more] === 0;
	}

	add(block: Buffer): void {
		if (this.#blocks.length > MOST_BLOCKS) throw damaged();
		this.#blocks.push(block);
	}

	/** @returns the header and the start of the data in their place, the records that belong to them, and the size of the rest */
	translated(): { readonly bytes: Buffer; readonly size: number; readonly records: ReadonlyMap<string, Buffer> } {
		const [header = Buffer.alloc(BLOCK), ...more] = this.#blocks;
		const pieces = [...piecesIn(header, IN_HEADER), ...more.flatMap((block) => piecesIn(block, IN_BLOCK))];
		const stored = numberAt(header, 124);
		if (pieces.reduce((sum, [, length]) => sum + length, 0) !== stored) throw damaged();
		const text = [pieces.length, ...pieces.flat()].map((number) => `${number}\n`).join('');
		const map = Buffer.alloc(Math.ceil(text.length / BLOCK) * BLOCK);
		map.write(text, 'latin1');
		const plain = Buffer.from(header);
		plain.fill(0, 345);
		plain.write('0', 156, 'latin1');
		plain.write(`${(stored + map.length).toString(8).padStart(11, '0')}\0`, 124, 'latin1');
		plain.fill(' ', 148, 156);
		const sum = plain.reduce((total, byte) => total + byte, 0);
		plain.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
		const records = { major: 1, minor: 0, realsize: numberAt(header, REAL_SIZE) };
		return {
			bytes: Buffer.concat([plain, map]),
			size: stored,
			records: new Map(Object.entries(records).map(([key, value]) => [`GNU.sparse.${key}`, Buffer.from(`${value}`)])),
		};
	}
}

function piecesIn(block: Buffer, { at, count }: { readonly at: number; readonly count: number }): [number, number][] {
	return Array.from({ length: count }, (_, index) => at + index * 24)
		.filter((place) => block[place] !== 0)
		.map((place) => [numberAt(block, place), numberAt(block, place + 12)]);
}

/** Octal digits, or with the highest bit set a number in base 256. */
export function numberAt(block: Buffer, at: number): number {
	if (((block[at] ?? 0) & 0x80) !== 0) return Number(block.readBigUInt64BE(at + 4));
	return Number.parseInt(block.toString('latin1', at, at + 12), 8) || 0;
}

function damaged(): ArchiveError {
	return new ArchiveError('corrupt', 'a sparse file in the archive has a damaged map');
}
