/** Ctrl-P, Ctrl-Q: leave a terminal, as in Docker. */
const SEQUENCE = Buffer.of(0x10, 0x11);

/** Ends following without an end of the process. */
export class Detached extends Error {}

/** Looks for the keys that leave a terminal in what is typed. */
export class DetachKeys {
	/** Keys of the sequence that were typed and not passed on yet. */
	#held = 0;

	/** @returns what is for the process; `detached` when the keys were complete */
	take(content: Buffer): { readonly input: Buffer; readonly detached: boolean } {
		const passed: number[] = [];
		for (const byte of content) {
			if (byte === SEQUENCE[this.#held]) {
				this.#held += 1;
				if (this.#held === SEQUENCE.length) return { input: Buffer.from(passed), detached: true };
				continue;
			}
			passed.push(...SEQUENCE.subarray(0, this.#held));
			this.#held = byte === SEQUENCE[0] ? 1 : 0;
			if (this.#held === 0) passed.push(byte);
		}
		return { input: Buffer.from(passed), detached: false };
	}
}
