import { drawsOnTerminal, LiveRegion } from './live-region.ts';
import { clock, size } from './size.ts';
import { cut } from './width.ts';

/** Bytes that pass, on a terminal; elsewhere nothing is said. */
export class TransferProgress {
	readonly #began = performance.now();
	readonly #region: LiveRegion | undefined;
	#bytes = 0;

	/** @param doing says what goes on, given the bytes so far, e.g. `sent 12 MB` */
	constructor(doing: (bytes: string) => string) {
		if (!drawsOnTerminal()) return;
		this.#region = new LiveRegion(({ columns }) => {
			const seconds = (performance.now() - this.#began) / 1000;
			return [cut(`${doing(size(this.#bytes))}, ${clock(seconds)}`, columns)];
		});
	}

	async *counting(data: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
		for await (const chunk of data) {
			this.#bytes += chunk.length;
			yield chunk;
		}
	}

	end(): void {
		this.#region?.end();
	}
}
