/** Blocks of pcapng files (draft-ietf-opsawg-pcapng), in little-endian byte order. Times are in microseconds. */
import { isIPv4 } from 'node:net';
import { addressBytes } from '#inet/address.ts';
import type { CapturedPacket } from './pcap.ts';

const BLOCK = { SECTION: 0x0a0d0d0a, INTERFACE: 1, NAMES: 4, STATISTICS: 5, PACKET: 6 } as const;
const OPTION = { COMMENT: 1, OS: 3, PROGRAM: 4, INTERFACE_NAME: 2, INTERFACE_DESCRIPTION: 3 } as const;
const STATISTIC = { DROPPED: 7, DELIVERED: 8 } as const;
const NAME_RECORD = { END: 0, IPV4: 1, IPV6: 2 } as const;
const BYTE_ORDER = 0x1a2b3c4d;
/** Longest text of an option, in bytes. */
const MOST_TEXT = 4096;

type Option = readonly [number, string | bigint];

export interface Section {
	readonly comment: string;
	readonly os: string;
	readonly program: string;
}

export function sectionBlock({ comment, os, program }: Section): Buffer {
	const head = Buffer.alloc(16);
	head.writeUInt32LE(BYTE_ORDER, 0);
	head.writeUInt16LE(1, 4);
	// Of unknown length.
	head.writeBigInt64LE(-1n, 8);
	const described = options([OPTION.COMMENT, comment], [OPTION.OS, os], [OPTION.PROGRAM, program]);
	return block(BLOCK.SECTION, head, described);
}

export interface InterfaceDescription {
	readonly linkType: number;
	readonly name: string;
	/** `''` for none. */
	readonly description: string;
}

/** Interfaces are numbered from 0 in the order of their blocks. */
export function interfaceBlock({ linkType, name, description }: InterfaceDescription): Buffer {
	const head = Buffer.alloc(8);
	head.writeUInt16LE(linkType, 0);
	const described: Option[] = description === '' ? [] : [[OPTION.INTERFACE_DESCRIPTION, description]];
	return block(BLOCK.INTERFACE, head, options([OPTION.INTERFACE_NAME, name], ...described));
}

/** @param names by address, canonical text */
export function namesBlock(names: ReadonlyMap<string, string>): Buffer {
	const records = [...names].map(([address, name]) => {
		const content = Buffer.concat([addressBytes(address), textOf(name), Buffer.alloc(1)]);
		return record(isIPv4(address) ? NAME_RECORD.IPV4 : NAME_RECORD.IPV6, content);
	});
	return block(BLOCK.NAMES, ...records, record(NAME_RECORD.END, Buffer.alloc(0)));
}

/** @param number of the interface */
export function packetBlock(number: number, { at, length, data }: CapturedPacket): Buffer {
	const head = Buffer.alloc(20);
	head.writeUInt32LE(number, 0);
	writeTime(head, at, 4);
	head.writeUInt32LE(data.length, 12);
	head.writeUInt32LE(length, 16);
	return block(BLOCK.PACKET, head, padded(data));
}

export interface Statistics {
	readonly at: bigint;
	readonly packets: number;
	readonly dropped: number;
	/** Reason of the end. */
	readonly comment: string;
}

export function statisticsBlock(number: number, { at, packets, dropped, comment }: Statistics): Buffer {
	const head = Buffer.alloc(12);
	head.writeUInt32LE(number, 0);
	writeTime(head, at, 4);
	const counts: Option[] = [
		[STATISTIC.DROPPED, BigInt(dropped)],
		[STATISTIC.DELIVERED, BigInt(packets)],
	];
	return block(BLOCK.STATISTICS, head, options([OPTION.COMMENT, comment], ...counts));
}

function writeTime(buffer: Buffer, at: bigint, place: number): void {
	buffer.writeUInt32LE(Number(at >> 32n), place);
	buffer.writeUInt32LE(Number(at & 0xffff_ffffn), place + 4);
}

function block(type: number, ...content: readonly Buffer[]): Buffer {
	const length = 12 + content.reduce((sum, one) => sum + one.length, 0);
	const [head, tail] = [Buffer.alloc(8), Buffer.alloc(4)];
	head.writeUInt32LE(type, 0);
	head.writeUInt32LE(length, 4);
	tail.writeUInt32LE(length, 0);
	return Buffer.concat([head, ...content, tail]);
}

function options(...given: readonly Option[]): Buffer {
	const written = given.map(([code, value]) => record(code, typeof value === 'string' ? textOf(value) : wide(value)));
	return Buffer.concat([...written, Buffer.alloc(4)]);
}

function record(code: number, content: Buffer): Buffer {
	const head = Buffer.alloc(4);
	head.writeUInt16LE(code, 0);
	head.writeUInt16LE(content.length, 2);
	return Buffer.concat([head, padded(content)]);
}

function wide(value: bigint): Buffer {
	const bytes = Buffer.alloc(8);
	bytes.writeBigUInt64LE(value);
	return bytes;
}

/** UTF-8 without control characters: who shows it may be a terminal. */
function textOf(text: string): Buffer {
	return Buffer.from(text.replace(/\p{Cc}/gu, '?')).subarray(0, MOST_TEXT);
}

function padded(content: Buffer): Buffer {
	return Buffer.concat([content, Buffer.alloc(-content.length & 3)]);
}
