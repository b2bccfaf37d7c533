const NEWLINE = 0x0a;

/** Splits a file into its lines, however it is cut into pieces. A line of more than `longest` bytes is left out. */
export class LineSplitter {
	readonly #longest: number;
	#rest: Buffer = Buffer.alloc(0);
	#dropping = false;

	constructor(longest: number) {
		this.#longest = longest;
	}

	/** @returns complete lines, without their newlines */
	push(piece: Buffer): Buffer[] {
		const all = this.#rest.length > 0 ? Buffer.concat([this.#rest, piece]) : piece;
		const lines: Buffer[] = [];
		let start = 0;
		for (let end = all.indexOf(NEWLINE); end >= 0; end = all.indexOf(NEWLINE, start)) {
			if (!this.#dropping) lines.push(all.subarray(start, end));
			this.#dropping = false;
			start = end + 1;
		}
		const rest = all.subarray(start);
		this.#dropping ||= rest.length > this.#longest;
		this.#rest = this.#dropping ? Buffer.alloc(0) : Buffer.from(rest);
		return lines;
	}
}
