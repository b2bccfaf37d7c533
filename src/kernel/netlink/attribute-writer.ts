import { padded } from './attributes.ts';

const HEADER = 4;
const NESTED = 0x8000;

/** Attributes written one after the other into one buffer, for messages of hundreds of them. */
export class AttributeWriter {
	#buffer = Buffer.alloc(4096);
	#length = 0;

	put(type: number, value: Buffer): void {
		const start = this.#reserve(HEADER + value.length);
		this.#head(start, type, HEADER + value.length);
		value.copy(this.#buffer, start + HEADER);
	}

	/** An attribute whose value is what `write` puts. */
	nest(type: number, write: () => void): void {
		const start = this.#reserve(HEADER);
		write();
		this.#head(start, type | NESTED, this.#length - start);
	}

	/** What was written. Nothing more may be. */
	finish(): Buffer {
		return this.#buffer.subarray(0, this.#length);
	}

	#head(start: number, type: number, length: number): void {
		if (length > 0xffff) throw new RangeError(`netlink attribute ${type} is ${length} bytes long, the limit is 65535`);
		this.#buffer.writeUInt16LE(length, start);
		this.#buffer.writeUInt16LE(type, start + 2);
	}

	#reserve(length: number): number {
		const start = this.#length;
		this.#length += padded(length);
		if (this.#length > this.#buffer.length) {
			const larger = Buffer.alloc(2 * this.#length);
			this.#buffer.copy(larger, 0, 0, start);
			this.#buffer = larger;
		}
		return start;
	}
}
