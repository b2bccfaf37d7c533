/** Elements of the sets and maps of nftables, from nft's own words (include/uapi/linux/netfilter/nf_tables.h). */

import { addressBytes } from '#inet/address.ts';
import { splitPrefix } from '#inet/prefix.ts';
import type { AttributeWriter } from '../attributes.ts';
import { encodeStatement, splitStatement } from './element-statements.ts';

const LIST_ELEMENT = 1;
const ELEMENT = { KEY: 1, DATA: 2, FLAGS: 3, EXPRESSION: 7, KEY_END: 10 } as const;
/** The element is the first one behind a range. */
const INTERVAL_END = Buffer.from([0, 0, 0, 1]);
const DATA = { VALUE: 1, VERDICT: 2 } as const;
const VERDICT = { CODE: 1, CHAIN: 2 } as const;
const CODES: Readonly<Record<string, number>> = { jump: -3, goto: -4 };
const PROTOCOLS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };
const NAME_SIZE = 16;

/** Types of set elements, named as in nft. */
export interface SetType {
	/** E.g. `['inet_proto', 'inet_service']`. */
	readonly key: readonly string[];
	/** For a map; `['verdict']` leads to a chain. */
	readonly data?: readonly string[];
	/** Whether an element may stand for a range in each part of its key. */
	readonly interval: boolean;
}

export interface SetElement {
	readonly set: string;
	readonly type: SetType;
	/**
	 * E.g. `tcp . 8080 : 10.4.6.2 . 80` or `"epair0a" : goto chain`; where the set is declared with such a statement, one
	 * may follow the key: `"epair0a" ct count over 100`, `"epair0a" limit rate over 10/second burst 20 packets`.
	 */
	readonly element: string;
}

/** Attributes of elements of one set. @param whole with their data, or by their keys alone */
export function encodeElements(out: AttributeWriter, elements: readonly SetElement[], whole: boolean): void {
	const encoder = new Encoder();
	for (const { element, type } of elements) encoder.element(out, element, { type, whole });
}

/** Remembers addresses: the ports of a range all lead to one. */
class Encoder {
	readonly #blocks = new Map<string, Range>();

	/** @param whole with its data, where the type has some */
	element(out: AttributeWriter, element: string, { type, whole }: { type: SetType; whole: boolean }): void {
		const { words, statement } = splitStatement(element);
		const [key = '', data = ''] = words.split(' : ');
		const { start, end } = this.#key(key, type.key);
		const ranges = type.interval && type.key.length > 1;
		out.nest(LIST_ELEMENT, () => {
			out.nest(ELEMENT.KEY, () => out.put(DATA.VALUE, start));
			if (whole && type.data) out.nest(ELEMENT.DATA, () => this.#data(out, data, type.data ?? []));
			if (ranges) out.nest(ELEMENT.KEY_END, () => out.put(DATA.VALUE, end));
			if (whole && statement) out.nest(ELEMENT.EXPRESSION, () => encodeStatement(out, statement));
		});
		if (type.interval && !ranges) this.#end(out, end);
	}

	/** A range of a key with one part ends with a second element; a range up to the last key needs none. */
	#end(out: AttributeWriter, last: Buffer): void {
		const behind = following(last);
		if (!behind) return;
		out.nest(LIST_ELEMENT, () => {
			out.nest(ELEMENT.KEY, () => out.put(DATA.VALUE, behind));
			out.put(ELEMENT.FLAGS, INTERVAL_END);
		});
	}

	#data(out: AttributeWriter, data: string, types: readonly string[]): void {
		if (types[0] !== 'verdict') {
			out.put(DATA.VALUE, this.#key(data, types).start);
			return;
		}
		const [word = '', chain = ''] = data.split(' ');
		const code = Buffer.alloc(4);
		code.writeInt32BE(CODES[word] ?? unknown(data));
		out.nest(DATA.VERDICT, () => {
			out.put(VERDICT.CODE, code);
			out.put(VERDICT.CHAIN, Buffer.from(`${chain}\0`));
		});
	}

	#key(key: string, types: readonly string[]): Range {
		const fields = key.split(' . ').map((field, index) => this.#field(field, types[index] ?? unknown(key)));
		const [only] = fields;
		if (only && fields.length === 1) return only;
		return { start: Buffer.concat(fields.map(({ start }) => start)), end: Buffer.concat(fields.map(({ end }) => end)) };
	}

	/** Each field of a key takes whole words of four bytes. */
	#field(field: string, type: string): Range {
		if (type === 'inet_service') return encodePorts(field);
		if (type === 'ifname') return exactly(encodeName(field));
		if (type === 'inet_proto') return exactly(Buffer.from([PROTOCOLS[field] ?? unknown(field), 0, 0, 0]));
		let block = this.#blocks.get(field);
		if (!block) {
			block = encodeBlock(field);
			this.#blocks.set(field, block);
		}
		return block;
	}
}

/** The lowest and the highest of what a part of a key stands for. */
interface Range {
	readonly start: Buffer;
	readonly end: Buffer;
}

function exactly(value: Buffer): Range {
	return { start: value, end: value };
}

/** The next larger number of as many bytes. */
function following(value: Buffer): Buffer | undefined {
	const next = Buffer.from(value);
	for (let index = next.length - 1; index >= 0; index -= 1) {
		next[index] = (next[index]! + 1) & 0xff;
		if (next[index] !== 0) return next;
	}
	return undefined;
}

/** `80` or `8000-8199` */
function encodePorts(ports: string): Range {
	const [first = '', last] = ports.split('-');
	const start = encodePort(first);
	return { start, end: last === undefined ? start : encodePort(last) };
}

function encodePort(port: string): Buffer {
	const number = Number(port);
	return Buffer.from([number >> 8, number & 0xff, 0, 0]);
}

/** `"epair0a"` */
function encodeName(name: string): Buffer {
	const value = Buffer.alloc(NAME_SIZE);
	value.write(name.replaceAll('"', ''));
	return value;
}

/** An address, or all those that begin with the same bits. */
function encodeBlock(block: string): Range {
	const { address, prefix } = splitPrefix(block);
	const [start, end] = [addressBytes(address), addressBytes(address)];
	for (let bit = prefix; bit < start.length * 8; bit += 1) {
		const mask = 0x80 >> (bit & 7);
		start[bit >> 3]! &= ~mask;
		end[bit >> 3]! |= mask;
	}
	return { start, end };
}

function unknown(words: string): never {
	throw new TypeError(`'${words}' is no element of a set of this kind`);
}
