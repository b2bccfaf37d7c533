/** Tracked connections as the kernel writes them (include/uapi/linux/netfilter/nfnetlink_conntrack.h). */
import {
	type Attribute,
	type AttributeMap,
	attributeMap,
	bytes,
	encodeAttributes,
	nested,
	u8,
	u32,
} from './attributes.ts';
import { AF_INET, addressBytes, addressFamily, addressText, type Family, familyOf } from './inet.ts';

const CTA = { ORIGINAL: 1, REPLY: 2, ID: 12, ZONE: 18, FILTER: 25 } as const;
const TUPLE = { IP: 1, PROTO: 2 } as const;
const IP = { 4: { SOURCE: 1, DESTINATION: 2 }, 6: { SOURCE: 3, DESTINATION: 4 } } as const;
const PROTO = { NUMBER: 1, SOURCE_PORT: 2, DESTINATION_PORT: 3 } as const;
const FILTER = { ORIGINAL: 1, REPLY: 2 } as const;
/** Which fields of a tuple count. These numbers are the kernel's own (net/netfilter/nf_internals.h). */
const COUNTS = { SOURCE: 1 << 0, DESTINATION: 1 << 1, PROTOCOL: 1 << 3, SOURCE_PORT: 1 << 4, DESTINATION_PORT: 1 << 5 };
/** Numbers of protocols of IP, as in /etc/protocols. */
export const PROTOCOL = { ICMP: 1, TCP: 6, UDP: 17, ICMPV6: 58 } as const;
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
}

/** What names one connection to the kernel, whatever its protocol. */
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
		if (source?.includes(':') || destination?.includes(':')) return false;
		const ports = sourcePort !== undefined || destinationPort !== undefined;
		if (ports && protocol !== PROTOCOL.TCP && protocol !== PROTOCOL.UDP) return false;
	}
	return true;
}

/** Reads only what it must of a message, for tables of 100,000 connections. @returns a test of payloads */
export function matcher(match: ConnectionMatch): (payload: Buffer) => boolean {
	const family = match.family === undefined ? undefined : addressFamily(match.family);
	const original = directionTest(CTA.ORIGINAL, match.original, match.protocol);
	const reply = directionTest(CTA.REPLY, match.reply, undefined);
	return (payload) => {
		if (family !== undefined && payload[0] !== family) return false;
		const attributes = attributeMap(payload.subarray(STRUCT_SIZE));
		return original(attributes) && reply(attributes);
	};
}

function directionTest(type: number, wanted: Partial<Direction> | undefined, protocol: number | undefined) {
	if (!wanted && protocol === undefined) return () => true;
	const source = wanted?.source === undefined ? undefined : addressBytes(wanted.source);
	const destination = wanted?.destination === undefined ? undefined : addressBytes(wanted.destination);
	return (attributes: AttributeMap): boolean => {
		const value = attributes.get(type);
		if (!value) return false;
		const tuple = readTuple(value);
		return (
			(protocol === undefined || protocol === tuple.protocol) &&
			(wanted?.sourcePort === undefined || wanted.sourcePort === tuple.sourcePort) &&
			(wanted?.destinationPort === undefined || wanted.destinationPort === tuple.destinationPort) &&
			(!source || source.equals(tuple.source)) &&
			(!destination || destination.equals(tuple.destination))
		);
	};
}

/** The match as a filter that the kernel applies itself. */
export function encodeFilter(family: Family, { protocol, original, reply }: ConnectionMatch): Attribute[] {
	const attributes: Attribute[] = [];
	const flags: Attribute[] = [];
	const add = (type: 1 | 2, direction: Partial<Direction>) => {
		const tuple = encodeTuple({ family, type, protocol, direction });
		attributes.push(tuple.attribute);
		flags.push(u32(type === CTA.ORIGINAL ? FILTER.ORIGINAL : FILTER.REPLY, tuple.flags));
	};
	if (original || !reply) add(CTA.ORIGINAL, original ?? {});
	if (reply) add(CTA.REPLY, reply);
	return [...attributes, nested(CTA.FILTER, flags)];
}

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

export function decodeConnection(payload: Buffer): TrackedConnection | undefined {
	const attributes = attributeMap(payload.subarray(STRUCT_SIZE));
	const original = attributes.get(CTA.ORIGINAL);
	const reply = attributes.get(CTA.REPLY);
	if (!original || !reply) return undefined;
	const tuple = readTuple(original);
	return {
		family: familyAt(payload),
		protocol: tuple.protocol,
		original: directionOf(tuple),
		reply: directionOf(readTuple(reply)),
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

interface Tuple {
	readonly protocol: number;
	readonly source: Buffer;
	readonly destination: Buffer;
	readonly sourcePort: number;
	readonly destinationPort: number;
}

const NONE = Buffer.alloc(0);

function readTuple(value: Buffer): Tuple {
	const parts = attributeMap(value);
	const addresses = attributeMap(parts.get(TUPLE.IP) ?? NONE);
	const ports = attributeMap(parts.get(TUPLE.PROTO) ?? NONE);
	return {
		source: addresses.get(IP[4].SOURCE) ?? addresses.get(IP[6].SOURCE) ?? NONE,
		destination: addresses.get(IP[4].DESTINATION) ?? addresses.get(IP[6].DESTINATION) ?? NONE,
		protocol: ports.get(PROTO.NUMBER)?.[0] ?? 0,
		sourcePort: ports.get(PROTO.SOURCE_PORT)?.readUInt16BE() ?? 0,
		destinationPort: ports.get(PROTO.DESTINATION_PORT)?.readUInt16BE() ?? 0,
	};
}

function directionOf({ source, destination, sourcePort, destinationPort }: Tuple): Direction {
	return { source: addressText(source), destination: addressText(destination), sourcePort, destinationPort };
}

/** `struct nfgenmsg` and what follows it. */
export function encodePayload(family: Family | 0, attributes: readonly Attribute[]): Buffer {
	const head = Buffer.alloc(STRUCT_SIZE);
	if (family !== 0) head[0] = addressFamily(family);
	return Buffer.concat([head, encodeAttributes(attributes)]);
}
