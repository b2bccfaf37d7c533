/** Limits that belong to one element of a set (include/uapi/linux/netfilter/nf_tables.h): connections, packets in a second. */
import type { AttributeWriter } from '../attributes.ts';

const EXPRESSION = { NAME: 1, DATA: 2 } as const;
const CONNLIMIT = { COUNT: 1, FLAGS: 2 } as const;
const LIMIT = { RATE: 1, UNIT: 2, BURST: 3, TYPE: 4, FLAGS: 5 } as const;
/** It matches above the limit and not below it. */
const OVER = 1;
const PACKETS = 0;
/** Seconds. */
const UNIT = 1;

const CONNECTIONS = /^(.*) ct count over (\d+)$/;
const RATE = /^(.*) limit rate over (\d+)\/second burst (\d+) packets$/;

export type Statement =
	| { readonly kind: 'connections'; readonly count: number }
	| { readonly kind: 'rate'; readonly rate: number; readonly burst: number };

/** Splits nft's words for an element: `words` are what is left without the statement. */
export function splitStatement(element: string): { readonly words: string; readonly statement?: Statement } {
	const [, counted, count] = CONNECTIONS.exec(element) ?? [];
	if (counted !== undefined) return { words: counted, statement: { kind: 'connections', count: Number(count) } };
	const [, limited, rate, burst] = RATE.exec(element) ?? [];
	if (limited === undefined) return { words: element };
	return { words: limited, statement: { kind: 'rate', rate: Number(rate), burst: Number(burst) } };
}

export function encodeStatement(out: AttributeWriter, statement: Statement): void {
	const [name, fields] =
		statement.kind === 'connections' ? ['connlimit', connections(statement.count)] : ['limit', rate(statement)];
	out.put(EXPRESSION.NAME, Buffer.from(`${name}\0`));
	out.nest(EXPRESSION.DATA, () => {
		for (const [type, value] of fields) out.put(type, value);
	});
}

type Fields = readonly (readonly [type: number, value: Buffer])[];

function connections(count: number): Fields {
	return [
		[CONNLIMIT.COUNT, word(count)],
		[CONNLIMIT.FLAGS, word(OVER)],
	];
}

function rate({ rate: packets, burst }: { readonly rate: number; readonly burst: number }): Fields {
	return [
		[LIMIT.RATE, longWord(packets)],
		[LIMIT.UNIT, longWord(UNIT)],
		[LIMIT.BURST, word(burst)],
		[LIMIT.TYPE, word(PACKETS)],
		[LIMIT.FLAGS, word(OVER)],
	];
}

/** Most significant byte first, as netfilter has it. */
function word(value: number): Buffer {
	const buffer = Buffer.alloc(4);
	buffer.writeUInt32BE(value);
	return buffer;
}

function longWord(value: number): Buffer {
	const buffer = Buffer.alloc(8);
	buffer.writeBigUInt64BE(BigInt(value));
	return buffer;
}
