import { StringDecoder } from 'node:string_decoder';
import type { Store } from '#store/store.ts';
import type { CaptureFormat, CaptureSummary } from './format.ts';
import { namesByAddress, readableLine } from './names.ts';

export type CaptureLine =
	| { readonly kind: 'packet'; readonly text: string }
	| ({ readonly kind: 'end' } & CaptureSummary);

/** Longest line that is waited for, in characters. */
const MOST_WAITING = 65_536;
/** Milliseconds in which names are taken for true. */
const FRESH = 1000;

/** Readable lines, with the names of containers. */
export class LineFormat implements CaptureFormat<CaptureLine> {
	readonly #store: Store;
	readonly #decoder = new StringDecoder('latin1');
	#rest = '';
	#names: ReadonlyMap<string, string> = new Map();
	#asked = Number.NEGATIVE_INFINITY;

	constructor(store: Store) {
		this.#store = store;
	}

	begin(): CaptureLine[] {
		return [];
	}

	push(piece: Buffer): CaptureLine[] {
		const lines = (this.#rest + this.#decoder.write(piece)).split('\n');
		this.#rest = (lines.pop() ?? '').slice(0, MOST_WAITING);
		if (lines.length > 0) this.#refresh();
		return lines.map((line) => ({ kind: 'packet', text: readableLine(line, this.#names) }));
	}

	end(summary: CaptureSummary): CaptureLine[] {
		return [{ kind: 'end', ...summary }];
	}

	sizeOf(line: CaptureLine): number {
		return line.kind === 'packet' ? line.text.length + 1 : 0;
	}

	#refresh(): void {
		if (performance.now() - this.#asked < FRESH) return;
		this.#names = namesByAddress(this.#store);
		this.#asked = performance.now();
	}
}
