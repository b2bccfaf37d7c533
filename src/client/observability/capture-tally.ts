import type { CaptureLine } from '#api/observability/capture.ts';

const BLOCK = { STATISTICS: 5 } as const;
const OPTION = { COMMENT: 1, DROPPED: 7, DELIVERED: 8 } as const;
const HEADER = 8;
/** Type, length, interface and time. */
const STATISTICS_HEAD = 20;

/** Reads the counts at the end of a capture from its last block (draft-ietf-opsawg-pcapng), without keeping the rest. */
export class CaptureTally {
	#end: Omit<Extract<CaptureLine, { type: 'end' }>, 'type'> | undefined;
	#block = Buffer.alloc(0);
	/** Bytes of the present block that are passed over. */
	#skip = 0;

	push(piece: Buffer): void {
		let rest = piece;
		while (rest.length > 0) {
			if (this.#skip > 0) {
				const passed = Math.min(this.#skip, rest.length);
				this.#skip -= passed;
				rest = rest.subarray(passed);
				continue;
			}
			this.#block = Buffer.concat([this.#block, rest]);
			rest = this.#take();
		}
	}

	/** Undefined where it broke off. */
	get end() {
		return this.#end;
	}

	/** @returns what belongs to the next blocks */
	#take(): Buffer {
		const block = this.#block;
		if (block.length < HEADER) return Buffer.alloc(0);
		const length = block.readUInt32LE(4);
		if (block.readUInt32LE(0) === BLOCK.STATISTICS) {
			if (block.length < length) return Buffer.alloc(0);
			this.#end = readStatistics(block.subarray(0, length));
		} else this.#skip = Math.max(0, length - block.length);
		this.#block = Buffer.alloc(0);
		return block.subarray(Math.max(HEADER, length));
	}
}

function readStatistics(block: Buffer) {
	const end = { packets: 0, dropped: 0, reason: '' };
	let place = STATISTICS_HEAD;
	while (place + 4 <= block.length - 4) {
		const [code, length] = [block.readUInt16LE(place), block.readUInt16LE(place + 2)];
		const value = block.subarray(place + 4, place + 4 + length);
		if (code === OPTION.COMMENT) end.reason = value.toString('utf8');
		if (code === OPTION.DROPPED) end.dropped = Number(value.readBigUInt64LE());
		if (code === OPTION.DELIVERED) end.packets = Number(value.readBigUInt64LE());
		place += 4 + length + (-length & 3);
	}
	return end;
}
