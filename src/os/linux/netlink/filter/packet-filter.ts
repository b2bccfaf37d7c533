/**
 * Programs that the kernel runs on each datagram before it wakes anybody (classic BPF, include/uapi/linux/filter.h).
 * They answer how much of it shall arrive: all or nothing.
 */

/** `struct sock_filter`: code, how far to jump when it holds and when not, operand. */
type Instruction = readonly [code: number, yes: number, no: number, operand: number];

const OP = {
	LOAD: 0x00,
	LOAD_X: 0x01,
	WORD_AT: 0x20,
	HALF_AT: 0x28,
	BYTE_AT: 0x30,
	HALF_AT_X: 0x48,
	BYTE_AT_X: 0x50,
	LENGTH: 0x80,
	LOAD_X_MEMORY: 0x61,
	STORE: 0x02,
	STORE_X: 0x03,
	ADD: 0x04,
	ADD_X: 0x0c,
	AND: 0x54,
	SHIFT_LEFT: 0x64,
	IF_EQUAL: 0x15,
	IF_GREATER: 0x25,
	IF_GREATER_X: 0x2d,
	TO_X: 0x07,
	RETURN: 0x06,
} as const;
const ALL = 0xffff_ffff;
/** Offset to load from: with an offset into attributes in A and a type in X, the result is the offset of that attribute or 0. */
const FIND_ATTRIBUTE = 0xffff_f000 + 12;

const op = (code: number, operand = 0): Instruction => [code, 0, 0, operand];
const branch = (code: number, operand: number, [yes, no]: readonly [number, number]): Instruction => [
	code,
	yes,
	no,
	operand,
];

function encodeProgram(program: readonly Instruction[]): Buffer {
	const buffer = Buffer.alloc(program.length * 8);
	for (const [index, [code, yes, no, operand]] of program.entries()) {
		buffer.writeUInt16LE(code, index * 8);
		buffer[index * 8 + 2] = yes;
		buffer[index * 8 + 3] = no;
		buffer.writeUInt32LE(operand >>> 0, index * 8 + 4);
	}
	return buffer;
}

/** BPF reads numbers with the most significant byte first; those of netlink are the other way round. */
function swapped(value: number): number {
	return ((value & 0xff) << 8) | (value >> 8);
}

const NEW_SET_ELEMENT = (10 << 8) | 12;
const DELETE_SET_ELEMENT = (10 << 8) | 14;
const NEW_GENERATION = (10 << 8) | 15;
/** After two headers, the generation and an attribute header. Most significant byte first. */
const GENERATION_PID = 32;
/** Of one datagram. The kernel fills at most a page, where no more elements fit. */
const MOST_MESSAGES = 64;

/**
 * Of nftables: drops datagrams in which nothing but elements of sets change, and announcements of transactions of one
 * thread. Without it ten thousand elements in one transaction would overrun the socket of the one who adds them.
 *
 * @param pid thread whose own transactions are of no interest, as the kernel counts it
 */
export function withoutElements(pid: number): Buffer {
	const each: Instruction[] = [
		// X is where a message starts: the end of the datagram means that all were elements.
		op(OP.LENGTH),
		branch(OP.IF_GREATER_X, 0, [1, 0]),
		op(OP.RETURN, 0),
		op(OP.HALF_AT_X, 4),
		branch(OP.IF_EQUAL, swapped(NEW_SET_ELEMENT), [2, 0]),
		branch(OP.IF_EQUAL, swapped(DELETE_SET_ELEMENT), [1, 0]),
		op(OP.RETURN, ALL),
		// X += length, padded to four bytes. A message of more than 64 KiB does not exist.
		op(OP.BYTE_AT_X, 1),
		op(OP.SHIFT_LEFT, 8),
		op(OP.STORE, 0),
		op(OP.BYTE_AT_X, 0),
		op(OP.STORE_X, 1),
		op(OP.LOAD_X_MEMORY, 0),
		op(OP.ADD_X),
		op(OP.ADD, 3),
		op(OP.AND, 0xffff_fffc),
		op(OP.LOAD_X_MEMORY, 1),
		op(OP.ADD_X),
		op(OP.TO_X),
	];
	return encodeProgram([
		op(OP.HALF_AT, 4),
		branch(OP.IF_EQUAL, swapped(NEW_GENERATION), [0, 4]),
		op(OP.WORD_AT, GENERATION_PID),
		branch(OP.IF_EQUAL, pid, [0, 1]),
		op(OP.RETURN, 0),
		op(OP.RETURN, ALL),
		op(OP.LOAD_X, 0),
		...Array.from({ length: MOST_MESSAGES }, () => each).flat(),
		op(OP.RETURN, ALL),
	]);
}

const NEW_LINK = 16;
const DELETE_LINK = 17;
/** After two headers. */
const LINK_ATTRIBUTES = 32;
const LINK_FAMILY = 16;
const LINK_NAME = 3;
const NEW_ROUTE = 24;
const DELETE_ROUTE = 25;
/** After the header. */
const ROUTE_PREFIX = 17;
const NEW_NETCONF = 80;
/** An interface is gone. */
const DELETE_NETCONF = 81;
/** Bytes of a message about one setting of an interface: those about a new interface are longer. */
const ONE_SETTING = 36;
/** The same where the kernel has no number for the setting, as for force_forwarding (net/ipv6/addrconf.c). */
const UNNAMED_SETTING = 28;
/** After two headers and the index of the interface: which setting, and its value; most significant byte first. */
const SETTING = { INTERFACE: 24, KIND: 30, VALUE: 32 } as const;
/** NETCONFA_FORWARDING */
const FORWARDING = 2;
const ON = 0x0100_0000;
/** Bits: a default route, and the few that together stand for one. Routers know a million longer ones. */
const SHORT_PREFIX = 4;

/**
 * Of links: drops what bridges say of their ports, and what is said of links whose name begins like this. Of routes: drops
 * all but those that stand for the default. Of settings: drops all but forwarding that is turned off, or on for all interfaces.
 *
 * @param prefix ASCII; `''` stands for no name
 */
export function withoutLinks(prefix: string): Buffer {
	const letters = [...Buffer.from(prefix)];
	const compare = letters.flatMap((letter, index) => [
		op(OP.BYTE_AT_X, 4 + index),
		branch(OP.IF_EQUAL, letter, [1, 0]),
		op(OP.RETURN, ALL),
	]);
	return encodeProgram([
		op(OP.HALF_AT, 4),
		branch(OP.IF_EQUAL, swapped(NEW_ROUTE), [1, 0]),
		branch(OP.IF_EQUAL, swapped(DELETE_ROUTE), [0, 4]),
		op(OP.BYTE_AT, ROUTE_PREFIX),
		branch(OP.IF_GREATER, SHORT_PREFIX, [0, 1]),
		op(OP.RETURN, 0),
		op(OP.RETURN, ALL),
		branch(OP.IF_EQUAL, swapped(DELETE_NETCONF), [10, 0]),
		branch(OP.IF_EQUAL, swapped(NEW_NETCONF), [0, 11]),
		op(OP.LENGTH),
		branch(OP.IF_EQUAL, UNNAMED_SETTING, [8, 0]),
		branch(OP.IF_EQUAL, ONE_SETTING, [0, 6]),
		op(OP.HALF_AT, SETTING.KIND),
		branch(OP.IF_EQUAL, swapped(FORWARDING), [0, 4]),
		op(OP.WORD_AT, SETTING.VALUE),
		branch(OP.IF_EQUAL, ON, [0, 3]),
		op(OP.WORD_AT, SETTING.INTERFACE),
		branch(OP.IF_EQUAL, ALL, [1, 0]),
		op(OP.RETURN, 0),
		op(OP.RETURN, ALL),
		branch(OP.IF_EQUAL, swapped(NEW_LINK), [2, 0]),
		branch(OP.IF_EQUAL, swapped(DELETE_LINK), [1, 0]),
		op(OP.RETURN, ALL),
		op(OP.BYTE_AT, LINK_FAMILY),
		branch(OP.IF_EQUAL, 0, [1, 0]),
		op(OP.RETURN, 0),
		op(OP.LOAD, LINK_ATTRIBUTES),
		op(OP.LOAD_X, LINK_NAME),
		op(OP.WORD_AT, FIND_ATTRIBUTE),
		branch(OP.IF_EQUAL, 0, [0, 1]),
		op(OP.RETURN, ALL),
		op(OP.TO_X),
		...compare,
		op(OP.RETURN, letters.length === 0 ? ALL : 0),
	]);
}

/** Lets every datagram through. */
export function takeEverything(): Buffer {
	return encodeProgram([op(OP.RETURN, ALL)]);
}
