/** Output of containers in a browser: frames of `application/vnd.docker.multiplexed-stream`, see src/api/multiplexed.ts. */
export interface Output {
	readonly stream: 'stdout' | 'stderr' | 'notice';
	readonly text: string;
}

const HEADER = 8;
const STREAMS = new Map<number | undefined, Output['stream']>([
	[1, 'stdout'],
	[2, 'stderr'],
	[3, 'notice'],
]);

/** Puts frames together again, however they were cut into pieces. */
export class OutputDecoder {
	#rest = new Uint8Array();
	readonly #text = new TextDecoder();

	push(piece: Uint8Array): Output[] {
		const bytes = new Uint8Array(this.#rest.length + piece.length);
		bytes.set(this.#rest);
		bytes.set(piece, this.#rest.length);
		const found: Output[] = [];
		let at = 0;
		while (bytes.length - at >= HEADER) {
			const length = new DataView(bytes.buffer, at + 4, 4).getUint32(0);
			if (bytes.length - at < HEADER + length) break;
			const text = this.#text.decode(bytes.subarray(at + HEADER, at + HEADER + length), { stream: true });
			found.push({ stream: STREAMS.get(bytes[at]) ?? 'stdout', text });
			at += HEADER + length;
		}
		this.#rest = bytes.slice(at);
		return found;
	}
}
