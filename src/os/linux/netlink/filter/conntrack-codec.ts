/** Tracked connections as the kernel writes them (include/uapi/linux/netfilter/nfnetlink_conntrack.h). */

import { addressBytes, addressText } from '#inet/address.ts';
import { type Family, familyOf } from '#inet/family.ts';
import { AF_INET, addressFamily } from '../../address-family.ts';
import { type Attribute, attributeMap, bytes, encodeAttributes, nested, padded, u8, u32 } from '../attributes.ts';

const CTA = { ORIGINAL: 1, REPLY: 2, STATUS: 3, ID: 12, ZONE: 18, FILTER: 25, STATUS_MASK: 26 } as const;
const TUPLE = { IP: 1, PROTO: 2 } as const;
const IP = { 4: { SOURCE: 1, DESTINATION: 2 }, 6: { SOURCE: 3, DESTINATION: 4 } } as const;
const PROTO = { NUMBER: 1, SOURCE_PORT: 2, DESTINATION_PORT: 3 } as const;
const FILTER = { ORIGINAL: 1, REPLY: 2 } as const;
/** Which fields of a tuple count. These numbers are the kernel's own (net/netfilter/nf_internals.h). */
const COUNTS = { SOURCE: 1 << 0, DESTINATION: 1 << 1, PROTOCOL: 1 << 3, SOURCE_PORT: 1 << 4, DESTINATION_PORT: 1 << 5 };
/** Bits of the status of a connection of which a rule replaced the source or the destination: IPS_NAT_MASK. */
const TRANSLATED = (1 << 4) | (1 << 5);
/** Numbers of protocols of IP, as in /etc/protocols. */
export const PROTOCOL = { ICMP: 1, TCP: 6, UDP: 17, ICMPV6: 58, SCTP: 132 } as const;
/** `struct nfgenmsg` */
const STRUCT_SIZE = 4;

/** Source and destination of the packets of one direction. */
export interface Direction {
	readonly source: string;
	readonly destination: string;
	/** 0 for protocols without ports. */
	readonly sourcePort: number;
	readonly destinationPort: number;
}

export interface TrackedConnection {
	readonly family: Family;
	/** Of IP: 6 is TCP, 17 UDP. */
	readonly protocol: number;
	/** As the first packet came, before any address translation. */
	readonly original: Direction;
	/** As answers come from who got it: its source is where the packets really went. */
	readonly reply: Direction;
}

/** A connection fits when all that is named here is the same. Ports need a protocol. */
export interface ConnectionMatch {
	/** Default: that of the addresses, or both. */
	readonly family?: Family;
	readonly protocol?: number;
	readonly original?: Partial<Direction>;
	readonly reply?: Partial<Direction>;
	/** No rule replaced its source or its destination. */
	readonly untranslated?: true;
}

/** Tuple that identifies a connection, independent of its protocol. */
export interface ConnectionName {
	readonly family: Family;
	readonly attributes: readonly Attribute[];
}

/** @throws TypeError for a match that says nothing, or ports without a protocol, or addresses of two families */
export function familiesOf({ family, protocol, original = {}, reply = {} }: ConnectionMatch): Family[] {
	const addresses = [original.source, original.destination, reply.source, reply.destination].filter(
		(address) => address !== undefined,
	);
	const families = new Set([...addresses.map(familyOf), ...(family === undefined ? [] : [family])]);
	if (families.size > 1) throw new TypeError('a connection does not have addresses of two families');
	const ports = [original.sourcePort, original.destinationPort, reply.sourcePort, reply.destinationPort];
	if (protocol === undefined && ports.some((port) => port !== undefined))
		throw new TypeError('ports mean nothing without a protocol');
	if (families.size === 0 && protocol === undefined)
		throw new TypeError('a match that says nothing would fit all connections');
	return families.size === 1 ? [...families] : [4, 6];
}

/**
 * Whether the kernel gets this match right when it applies it itself. It takes IPv6 addresses for their contrary and
 * drops what has another address (`!ipv6_addr_cmp` in ctnetlink_filter_match_tuple, from Linux 5.8 to at least 6.18),
 * and looks at ports in TCP and UDP only.
 */
export function isForKernel({ protocol, original = {}, reply = {} }: ConnectionMatch): boolean {
	for (const { source, destination, sourcePort, destinationPort } of [original, reply]) {
		if ([source, destination].some((address) => address !== undefined && familyOf(address) === 6)) return false;
		const ports = sourcePort !== undefined || destinationPort !== undefined;
		if (ports && protocol !== PROTOCOL.TCP && protocol !== PROTOCOL.UDP) return false;
	}
	return true;
}

/**
 * Reads only what it must of a message, once for all matches: tables hold 100,000 connections.
 *
 * @returns a test of payloads, whether any of the matches fits
 */
export function matcher(matches: readonly ConnectionMatch[]): (payload: Buffer) => boolean {
	const tests = matches.map(testOf);
	return (payload) => {
		const all = { start: STRUCT_SIZE, end: payload.length };
		const original = findTuple(payload, find(payload, all, CTA.ORIGINAL));
		const reply = findTuple(payload, find(payload, all, CTA.REPLY));
		const untranslated = (numberAt(payload, find(payload, all, CTA.STATUS)) & TRANSLATED) === 0;
		return tests.some((fits) => fits(payload, { original, reply, untranslated }));
	};
}

interface Places {
	readonly original: TuplePlaces;
	readonly reply: TuplePlaces;
	readonly untranslated: boolean;
}

function testOf({ family, protocol, original, reply, untranslated }: ConnectionMatch) {
	const number = family === undefined ? undefined : addressFamily(family);
	const there = directionTest(original);
	const back = directionTest(reply);
	return (payload: Buffer, places: Places): boolean =>
		(protocol === undefined || protocol === places.original.protocol) &&
		(untranslated === undefined || places.untranslated) &&
		there(payload, places.original) &&
		back(payload, places.reply) &&
		(number === undefined || payload[0] === number);
}

function directionTest(wanted: Partial<Direction> | undefined): (payload: Buffer, places: TuplePlaces) => boolean {
	if (!wanted) return () => true;
	const { sourcePort, destinationPort } = wanted;
	const source = wanted.source === undefined ? undefined : addressBytes(wanted.source);
	const destination = wanted.destination === undefined ? undefined : addressBytes(wanted.destination);
	return (payload, places) =>
		(sourcePort === undefined || sourcePort === places.sourcePort) &&
		(destinationPort === undefined || destinationPort === places.destinationPort) &&
		(!source || holds(payload, places.source, source)) &&
		(!destination || holds(payload, places.destination, destination));
}

function holds(payload: Buffer, { start, end }: Span, wanted: Buffer): boolean {
	return end - start === wanted.length && payload.compare(wanted, 0, wanted.length, start, end) === 0;
}

/** The match as a filter that the kernel applies itself. */
export function encodeFilter(family: Family, match: ConnectionMatch): Attribute[] {
	const { protocol, original, reply, untranslated } = match;
	const attributes: Attribute[] = [];
	const flags: Attribute[] = [];
	const add = (type: 1 | 2, direction: Partial<Direction>) => {
		const tuple = encodeTuple({ family, type, protocol, direction });
		attributes.push(tuple.attribute);
		flags.push(u32(type === CTA.ORIGINAL ? FILTER.ORIGINAL : FILTER.REPLY, tuple.flags));
	};
	if (original || !reply) add(CTA.ORIGINAL, original ?? {});
	if (reply) add(CTA.REPLY, reply);
	return [...attributes, nested(CTA.FILTER, flags), ...(untranslated ? WITHOUT_TRANSLATION : [])];
}

/** The bits that count, and that none of them is set. */
const WITHOUT_TRANSLATION = [
	bytes(CTA.STATUS, Buffer.alloc(4)),
	bytes(CTA.STATUS_MASK, Buffer.of(0, 0, 0, TRANSLATED)),
];

interface TupleParts {
	readonly family: Family;
	readonly type: number;
	readonly protocol: number | undefined;
	readonly direction: Partial<Direction>;
}

function encodeTuple({ family, type, protocol, direction }: TupleParts): { attribute: Attribute; flags: number } {
	const { source, destination, sourcePort, destinationPort } = direction;
	const addresses: Attribute[] = [];
	const ports: Attribute[] = [];
	let flags = 0;
	const add = (list: Attribute[], flag: number, attribute: Attribute) => {
		list.push(attribute);
		flags |= flag;
	};
	if (source !== undefined) add(addresses, COUNTS.SOURCE, bytes(IP[family].SOURCE, addressBytes(source)));
	if (destination !== undefined)
		add(addresses, COUNTS.DESTINATION, bytes(IP[family].DESTINATION, addressBytes(destination)));
	if (protocol !== undefined) add(ports, COUNTS.PROTOCOL, u8(PROTO.NUMBER, protocol));
	if (sourcePort !== undefined) add(ports, COUNTS.SOURCE_PORT, port(PROTO.SOURCE_PORT, sourcePort));
	if (destinationPort !== undefined) add(ports, COUNTS.DESTINATION_PORT, port(PROTO.DESTINATION_PORT, destinationPort));
	const parts = [];
	if (addresses.length > 0) parts.push(nested(TUPLE.IP, addresses));
	if (ports.length > 0) parts.push(nested(TUPLE.PROTO, ports));
	return { attribute: nested(type, parts), flags };
}

/** Most significant byte first, as netfilter has it. */
function port(type: number, value: number): Attribute {
	return bytes(type, Buffer.of(value >> 8, value & 0xff));
}

export function decodeConnection(payload: Buffer): TrackedConnection {
	const all = { start: STRUCT_SIZE, end: payload.length };
	const original = findTuple(payload, find(payload, all, CTA.ORIGINAL));
	const reply = findTuple(payload, find(payload, all, CTA.REPLY));
	return {
		family: familyAt(payload),
		protocol: original.protocol,
		original: directionAt(payload, original),
		reply: directionAt(payload, reply),
	};
}

/** Copied out of the payload: its own words for the tuple, which hold for protocols that nobody here knows. */
export function nameOf(payload: Buffer): ConnectionName {
	const attributes = attributeMap(payload.subarray(STRUCT_SIZE));
	const copied = [CTA.ORIGINAL, CTA.ID, CTA.ZONE].flatMap((type) => {
		const value = attributes.get(type);
		return value ? [{ type, value: Buffer.from(value), nested: type === CTA.ORIGINAL }] : [];
	});
	return { family: familyAt(payload), attributes: copied };
}

function familyAt(payload: Buffer): Family {
	return payload[0] === AF_INET ? 4 : 6;
}

/** A part of a buffer. */
interface Span {
	readonly start: number;
	readonly end: number;
}

const NOWHERE: Span = { start: 0, end: 0 };

/** Offset of an attribute's value, found without allocating. */
function find(buffer: Buffer, { start, end }: Span, type: number): Span {
	for (let offset = start; offset + 4 <= end; ) {
		const length = buffer.readUInt16LE(offset);
		if (length < 4 || offset + length > end) break;
		if ((buffer.readUInt16LE(offset + 2) & 0x3fff) === type) return { start: offset + 4, end: offset + length };
		offset += padded(length);
	}
	return NOWHERE;
}

interface TuplePlaces {
	readonly protocol: number;
	readonly sourcePort: number;
	readonly destinationPort: number;
	readonly source: Span;
	readonly destination: Span;
}

function findTuple(payload: Buffer, tuple: Span): TuplePlaces {
	const addresses = find(payload, tuple, TUPLE.IP);
	const ports = find(payload, tuple, TUPLE.PROTO);
	const six = payload[0] !== AF_INET;
	return {
		source: find(payload, addresses, IP[six ? 6 : 4].SOURCE),
		destination: find(payload, addresses, IP[six ? 6 : 4].DESTINATION),
		protocol: numberAt(payload, find(payload, ports, PROTO.NUMBER)),
		sourcePort: numberAt(payload, find(payload, ports, PROTO.SOURCE_PORT)),
		destinationPort: numberAt(payload, find(payload, ports, PROTO.DESTINATION_PORT)),
	};
}

/** Of one to four bytes; 0 where there is none. */
function numberAt(payload: Buffer, { start, end }: Span): number {
	return end > start ? payload.readUIntBE(start, end - start) : 0;
}

function directionAt(payload: Buffer, places: TuplePlaces): Direction {
	const { source, destination, sourcePort, destinationPort } = places;
	return {
		source: addressText(payload.subarray(source.start, source.end)),
		destination: addressText(payload.subarray(destination.start, destination.end)),
		sourcePort,
		destinationPort,
	};
}

/** `struct nfgenmsg` and what follows it. */
export function encodePayload(family: Family | 0, attributes: readonly Attribute[]): Buffer {
	const head = Buffer.alloc(STRUCT_SIZE);
	if (family !== 0) head[0] = addressFamily(family);
	return Buffer.concat([head, encodeAttributes(attributes)]);
}
