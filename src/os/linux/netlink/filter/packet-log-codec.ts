/** Messages of nfnetlink_log (include/uapi/linux/netfilter/nfnetlink_log.h): configuration, and packets that rules report. */
import { addressText } from '#inet/address.ts';
import { attributeMap, bytes, encodeAttributes, readText } from '../attributes.ts';
import { PROTOCOL } from './conntrack-codec.ts';

const COMMAND = { BIND: 1 } as const;
const CONFIG = { COMMAND: 1, MODE: 2, TIMEOUT: 4, THRESHOLD: 5 } as const;
const COPY_PACKET = 2;
const PACKET = { ARRIVED: 4, LEAVING: 5, PAYLOAD: 9, PREFIX: 10 } as const;
/** `struct nfgenmsg` */
const STRUCT_SIZE = 4;
/** Packets and hundredths of a second that the kernel gathers before it tells. */
const GATHERED = { packets: 32, time: 2 } as const;
/** Headers that IPv6 has between its own and that of the protocol: hop-by-hop, routing, destination options. */
const EXTENSIONS: ReadonlySet<number> = new Set([0, 43, 60]);
const FRAGMENT = 44;
const WITH_PORTS: ReadonlySet<number> = new Set([PROTOCOL.TCP, PROTOCOL.UDP, PROTOCOL.SCTP]);

export interface ReportedPacket {
	/** Of the rule. */
	readonly prefix: string;
	/** Indexes of interfaces; 0: none. */
	readonly arrived: number;
	readonly leaving: number;
	/** Number of the protocol of IP. */
	readonly protocol: number;
	readonly source: string;
	readonly destination: string;
	/** 0 for protocols without ports, and for all but the first fragment. */
	readonly sourcePort: number;
	readonly destinationPort: number;
}

/** Request to receive the packets of a group, as the payload of a message. */
export function encodeBinding(group: number): Buffer {
	const header = Buffer.alloc(STRUCT_SIZE);
	header.writeUInt16BE(group, 2);
	const mode = Buffer.alloc(6);
	mode.writeUInt32BE(0xffff, 0);
	mode[4] = COPY_PACKET;
	return Buffer.concat([
		header,
		encodeAttributes([
			bytes(CONFIG.COMMAND, Buffer.of(COMMAND.BIND)),
			bytes(CONFIG.MODE, mode),
			bytes(CONFIG.TIMEOUT, word(GATHERED.time)),
			bytes(CONFIG.THRESHOLD, word(GATHERED.packets)),
		]),
	]);
}

function word(value: number): Buffer {
	const buffer = Buffer.alloc(4);
	buffer.writeUInt32BE(value);
	return buffer;
}

/** @returns undefined for what is no whole header of IP */
export function decodePacket(payload: Buffer): ReportedPacket | undefined {
	const attributes = attributeMap(payload.subarray(STRUCT_SIZE));
	const packet = attributes.get(PACKET.PAYLOAD) ?? Buffer.alloc(0);
	const header = (packet[0] ?? 0) >> 4 === 6 ? decodeSix(packet) : decodeFour(packet);
	if (!header) return undefined;
	const { ports, ...rest } = header;
	const hasPorts = ports !== undefined && WITH_PORTS.has(rest.protocol) && packet.length >= ports + 4;
	return {
		prefix: readText(attributes.get(PACKET.PREFIX)),
		arrived: attributes.get(PACKET.ARRIVED)?.readUInt32BE(0) ?? 0,
		leaving: attributes.get(PACKET.LEAVING)?.readUInt32BE(0) ?? 0,
		...rest,
		sourcePort: hasPorts ? packet.readUInt16BE(ports) : 0,
		destinationPort: hasPorts ? packet.readUInt16BE(ports + 2) : 0,
	};
}

interface Header extends Pick<ReportedPacket, 'protocol' | 'source' | 'destination'> {
	/** Where ports are, if the protocol has any; undefined in later fragments. */
	readonly ports: number | undefined;
}

function decodeFour(packet: Buffer): Header | undefined {
	if (packet.length < 20 || (packet[0] ?? 0) >> 4 !== 4) return undefined;
	const later = (packet.readUInt16BE(6) & 0x1fff) !== 0;
	return {
		protocol: packet[9] ?? 0,
		source: addressText(packet.subarray(12, 16)),
		destination: addressText(packet.subarray(16, 20)),
		ports: later ? undefined : ((packet[0] ?? 0) & 0xf) * 4,
	};
}

function decodeSix(packet: Buffer): Header | undefined {
	if (packet.length < 40) return undefined;
	const ends = { source: addressText(packet.subarray(8, 24)), destination: addressText(packet.subarray(24, 40)) };
	let protocol = packet[6] ?? 0;
	let offset = 40;
	while (offset + 8 <= packet.length && (EXTENSIONS.has(protocol) || protocol === FRAGMENT)) {
		const fragment = protocol === FRAGMENT;
		const later = fragment && packet.readUInt16BE(offset + 2) >> 3 !== 0;
		protocol = packet[offset] ?? 0;
		if (later) return { protocol, ...ends, ports: undefined };
		offset += fragment ? 8 : ((packet[offset + 1] ?? 0) + 1) * 8;
	}
	return { protocol, ...ends, ports: offset };
}
