import type { Terminal } from '@xterm/xterm';

/** Output that waits for the terminal at most: it draws slower than a process writes. Bytes. */
const MOST_WAITING = 2 * 1024 * 1024;
/** Of what comes meanwhile the end is kept: more than any screen has. Bytes. */
const KEPT = 128 * 1024;
/** Ends an escape sequence that the gap has cut, and its colours. */
const AFTER_GAP = '\u0018\u001b[0m';

interface Held {
	readonly chunks: Uint8Array[];
	size: number;
	skipped: number;
}

/** Passes output on to a terminal. Of a process that floods it, parts are left out, aloud. */
export class OutputFlow {
	readonly #terminal: Pick<Terminal, 'write'>;
	#waiting = 0;
	/** While the terminal is behind: the end of the output, and the bytes that were before it. */
	#held: Held | undefined;

	constructor(terminal: Pick<Terminal, 'write'>) {
		this.#terminal = terminal;
	}

	take(bytes: Uint8Array): void {
		if (this.#held) this.#hold(this.#held, bytes);
		else {
			this.#write(bytes);
			if (this.#waiting > MOST_WAITING) this.#held = { chunks: [], size: 0, skipped: 0 };
		}
	}

	#hold(held: Held, bytes: Uint8Array): void {
		held.chunks.push(bytes);
		held.size += bytes.length;
		while (held.size - (held.chunks[0]?.length ?? 0) >= KEPT) {
			const oldest = held.chunks.shift()?.length ?? 0;
			held.size -= oldest;
			held.skipped += oldest;
		}
	}

	#write(bytes: Uint8Array): void {
		this.#waiting += bytes.length;
		this.#terminal.write(bytes, () => this.#written(bytes.length));
	}

	#written(count: number): void {
		this.#waiting -= count;
		const held = this.#held;
		if (!held || this.#waiting > MOST_WAITING / 4) return;
		this.#held = undefined;
		if (held.skipped > 0)
			this.#terminal.write(`${AFTER_GAP}\r\n[${Math.ceil(held.skipped / 1024)} KiB of output left out]\r\n`);
		for (const chunk of held.chunks) this.#write(chunk);
	}
}
