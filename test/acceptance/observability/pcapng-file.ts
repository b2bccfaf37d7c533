/** Reads files of pcapng (draft-ietf-opsawg-pcapng), as far as captures have them. */
import assert from 'node:assert/strict';
import { addressText } from '#inet/address.ts';

export interface PcapngFile {
	comment: string;
	readonly interfaces: { readonly name: string; readonly description: string }[];
	/** By address. */
	readonly names: Map<string, string>;
	readonly packets: { readonly interface: number; readonly data: Buffer }[];
	end: string;
}

const BLOCK = { SECTION: 0x0a0d0d0a, INTERFACE: 1, NAMES: 4, STATISTICS: 5, PACKET: 6 } as const;

export function readPcapng(bytes: Buffer): PcapngFile {
	const file: PcapngFile = { comment: '', interfaces: [], names: new Map(), packets: [], end: '' };
	for (let place = 0; place < bytes.length; ) {
		const length = bytes.readUInt32LE(place + 4);
		assert.ok(length >= 12 && length % 4 === 0 && bytes.readUInt32LE(place + length - 4) === length, 'a whole block');
		readBlock(file, bytes.readUInt32LE(place), bytes.subarray(place + 8, place + length - 4));
		place += length;
	}
	return file;
}

function readBlock(file: PcapngFile, type: number, content: Buffer): void {
	if (type === BLOCK.SECTION) file.comment = recordsOf(content.subarray(16)).get(1)?.toString() ?? '';
	else if (type === BLOCK.INTERFACE) {
		const options = recordsOf(content.subarray(8));
		file.interfaces.push({ name: String(options.get(2) ?? ''), description: String(options.get(3) ?? '') });
	} else if (type === BLOCK.NAMES) readNames(file, content);
	else if (type === BLOCK.PACKET) {
		const kept = content.readUInt32LE(12);
		file.packets.push({ interface: content.readUInt32LE(0), data: content.subarray(20, 20 + kept) });
	} else if (type === BLOCK.STATISTICS) file.end = String(recordsOf(content.subarray(12)).get(1) ?? '');
	else assert.fail(`a block of type ${type}`);
}

function readNames(file: PcapngFile, content: Buffer): void {
	for (const [type, value] of records(content)) {
		const size = type === 1 ? 4 : 16;
		const name = value.subarray(size);
		assert.equal(name.at(-1), 0);
		file.names.set(addressText(value.subarray(0, size)), name.subarray(0, -1).toString());
	}
}

function recordsOf(content: Buffer): Map<number, Buffer> {
	return new Map(records(content));
}

function* records(content: Buffer): Generator<[number, Buffer]> {
	for (let place = 0; place + 4 <= content.length; ) {
		const [code, length] = [content.readUInt16LE(place), content.readUInt16LE(place + 2)];
		if (code === 0) return;
		yield [code, content.subarray(place + 4, place + 4 + length)];
		place += 4 + length + (-length & 3);
	}
}
