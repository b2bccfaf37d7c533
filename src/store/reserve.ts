import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes: the log of the database may need some thousand pages before it is written back. */
const SIZE = 4 * 1024 * 1024;
/** Of a file system that has no more than this left, nothing is taken. Bytes. */
const LEAVE = 4 * SIZE;

/** Room on the file system of the root directory that is given up when nothing else is left, so that room can be made. */
export class Reserve {
	readonly #root: string;

	constructor(root: string) {
		this.#root = root;
	}

	get #file(): string {
		return join(this.#root, 'reserve');
	}

	/** Takes it, where there is enough: real blocks, no hole. */
	fill(): void {
		try {
			if ((statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0) >= SIZE) return;
			const { bavail, bsize } = statfsSync(this.#root);
			if (bavail * bsize > LEAVE) this.#write();
		} catch {
			this.release();
		}
	}

	#write(): void {
		const fd = openSync(this.#file, 'w', 0o600);
		try {
			// A file system that compresses must not make nothing of it.
			const block = Buffer.from(crypto.getRandomValues(new Uint8Array(64 * 1024)));
			for (let written = 0; written < SIZE; written += block.length) writeSync(fd, block);
		} finally {
			closeSync(fd);
		}
	}

	release(): void {
		rmSync(this.#file, { force: true });
	}
}
