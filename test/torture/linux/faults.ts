/** The test's end of fault-points.ts: orders a kill or failing steps, and reads which points were passed. */
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ORDER, type Order, RECORD } from './fault-points.ts';

const PROGRAM = new URL('faulty-daemon.ts', import.meta.url).pathname;

export class Faults {
	readonly #folder = mkdtempSync(join(tmpdir(), 'f-'));
	#id = 0;

	constructor() {
		writeFileSync(join(this.#folder, RECORD), '');
	}

	/** Starts the daemon, before its options. */
	get program(): readonly string[] {
		return [process.execPath, '--disable-warning=ExperimentalWarning', PROGRAM, this.#folder];
	}

	/** Replaces what was ordered before, and forgets the points passed so far. */
	order(faults: Omit<Order, 'id'> = {}): void {
		this.#id += 1;
		writeFileSync(join(this.#folder, RECORD), '');
		const file = join(this.#folder, ORDER);
		// In one go, as the daemon may read it at any moment.
		writeFileSync(`${file}.new`, JSON.stringify({ id: this.#id, ...faults }));
		renameSync(`${file}.new`, file);
	}

	/** Points passed since the last order, e.g. `before make epair epair0`, `after commit`. */
	get passed(): string[] {
		return readFileSync(join(this.#folder, RECORD), 'utf8').split('\n').slice(0, -1);
	}

	close(): void {
		rmSync(this.#folder, { recursive: true, force: true });
	}
}
