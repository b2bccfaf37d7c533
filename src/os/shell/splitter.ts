/**
 * Cuts a stream at marks: `begin`, a short text, `end`. `begin` holds a token known to nobody whose output is in the
 * stream, so no output is taken for a mark.
 */
export class Splitter {
	readonly #begin: Buffer;
	readonly #end: Buffer;
	readonly #take: (bytes: Buffer) => void;
	readonly #cut: (text: string) => void;
	#rest: Buffer = Buffer.alloc(0);

	/** @param take called with the bytes between marks, as soon as they are known to be none; `cut` at each mark */
	constructor(
		mark: { readonly begin: string; readonly end: string },
		take: (bytes: Buffer) => void,
		cut: (text: string) => void,
	) {
		this.#begin = Buffer.from(mark.begin);
		this.#end = Buffer.from(mark.end);
		this.#take = take;
		this.#cut = cut;
	}

	push(chunk: Buffer): void {
		let rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
		for (let at = rest.indexOf(this.#begin); at !== -1; at = rest.indexOf(this.#begin)) {
			const text = at + this.#begin.length;
			const end = rest.indexOf(this.#end, text);
			this.#give(rest.subarray(0, at));
			if (end === -1) {
				this.#rest = rest.subarray(at);
				return;
			}
			this.#cut(rest.subarray(text, end).toString());
			rest = rest.subarray(end + this.#end.length);
		}
		const kept = this.#possibleBeginning(rest);
		this.#give(rest.subarray(0, rest.length - kept));
		this.#rest = rest.subarray(rest.length - kept);
	}

	/** The stream is over: what looked like the beginning of a mark is none. */
	flush(): void {
		this.#give(this.#rest);
		this.#rest = Buffer.alloc(0);
	}

	#give(bytes: Buffer): void {
		if (bytes.length > 0) this.#take(bytes);
	}

	/** Number of trailing bytes that may be the beginning of a mark. */
	#possibleBeginning(bytes: Buffer): number {
		const longest = Math.min(bytes.length, this.#begin.length - 1);
		for (let length = longest; length > 0; length--)
			if (bytes.subarray(bytes.length - length).equals(this.#begin.subarray(0, length))) return length;
		return 0;
	}
}
