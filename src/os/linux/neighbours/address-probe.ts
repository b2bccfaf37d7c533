/**
 * Asks the neighbours on a link whether one of them has an address, before somebody takes it: ARP probes (RFC 5227,
 * section 2.1.1) and the neighbour solicitations of duplicate address detection (RFC 4862, section 5.4), at shorter
 * intervals than they are for links of any kind.
 */

import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressBytes } from '#inet/address.ts';
import { familyOf } from '#inet/family.ts';
import { macBytes, macText } from '#inet/mac.ts';
import { hasCode } from '#os/errno.ts';
import { checked, declare } from '../libc.ts';
import { within } from '../netns.ts';
import {
	AF_PACKET,
	ETHERTYPE,
	EVERYBODY,
	encodeArpRequest,
	encodeNeighbourPacket,
	IPPROTO_ICMPV6,
	linkAddress,
	SOCK_CLOEXEC,
	sendto,
	socket,
} from './packets.ts';

const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
const ETHERNET_HEADER = 14;
const NOBODY = { 4: '0.0.0.0', 6: '::' } as const;
const NEIGHBOUR_SOLICITATION = 135;
const NEIGHBOUR_ADVERTISEMENT = 136;
/** Probes, the milliseconds after each, and those between looks at the socket: the main thread goes on meanwhile. */
const PROBES = 3;
const INTERVAL = 100;
const PAUSE = 2;
/** Packets taken from the socket at one look; on a busy link the next look takes more. */
const MOST_AT_ONCE = 64;

const bind = declare<(fd: number, address: Buffer, length: number) => number>(
	'int bind(int fd, const void *address, uint32_t length)',
);
const recv = declare<(fd: number, data: Buffer, length: number, flags: number) => number>(
	'ssize_t recv(int fd, void *data, size_t length, int flags)',
);

export interface AddressProbe {
	/** Descriptor of the network namespace of the link; undefined: the one of this process. */
	readonly namespace: number | undefined;
	/** Index of the interface. */
	readonly link: number;
	/** MAC address of the interface. */
	readonly mac: string;
	/** Without prefix. */
	readonly address: string;
}

/**
 * Takes a third of a second where nobody has it.
 *
 * @returns the MAC address of its holder, or of somebody who is about to take it
 * @throws SystemCallError, e.g. ENETDOWN when the interface is down
 */
export async function findHolder({ namespace, link, mac, address }: AddressProbe): Promise<string | undefined> {
	const six = familyOf(address) === 6;
	const ethertype = six ? ETHERTYPE.ipv6 : ETHERTYPE.arp;
	const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
	const open = () => checked('socket', () => socket(AF_PACKET, type, 0));
	const fd = namespace === undefined ? open() : within(namespace, open);
	try {
		const place = linkAddress(link, ethertype, EVERYBODY);
		checked('bind', () => bind(fd, place, place.length));
		const frame = six ? solicitation(mac, address) : arpProbe(mac, address);
		const holderIn = six ? holderOfSix : holderOfFour;
		for (let sent = 0; sent < PROBES; sent += 1) {
			checked('sendto', () => sendto(fd, frame, frame.length, 0, place, place.length));
			for (const until = performance.now() + INTERVAL; performance.now() < until; await sleep(PAUSE)) {
				const holder = received(fd)
					.map((one) => holderIn(one, address))
					.find((one) => one && one !== mac);
				if (holder) return holder;
			}
		}
		return undefined;
	} finally {
		closeSync(fd);
	}
}

function received(fd: number): Buffer[] {
	const frames: Buffer[] = [];
	while (frames.length < MOST_AT_ONCE) {
		const frame = Buffer.alloc(256);
		try {
			const length = checked('recv', () => recv(fd, frame, frame.length, 0));
			frames.push(frame.subarray(0, length));
		} catch (error) {
			if (hasCode(error, 'EAGAIN')) break;
			throw error;
		}
	}
	return frames;
}

function header(to: Buffer, mac: string, ethertype: number): Buffer {
	const type = Buffer.alloc(2);
	type.writeUInt16BE(ethertype);
	return Buffer.concat([to, macBytes(mac), type]);
}

function arpProbe(mac: string, address: string): Buffer {
	const packet = encodeArpRequest(mac, { sender: NOBODY[4], target: address });
	return Buffer.concat([header(macBytes(EVERYBODY), mac, ETHERTYPE.arp), packet]);
}

/** To the solicited-node multicast address. Source: RFC 4861, section 4.3; RFC 4291, section 2.7.1. */
function solicitation(mac: string, address: string): Buffer {
	const bytes = addressBytes(address);
	const [a = 0, b = 0, c = 0] = bytes.subarray(13);
	const body = Buffer.alloc(24);
	body[0] = NEIGHBOUR_SOLICITATION;
	bytes.copy(body, 8);
	const hex = (value: number) => value.toString(16).padStart(2, '0');
	const target = `ff02::1:ff${hex(a)}:${hex(b)}${hex(c)}`;
	const packet = encodeNeighbourPacket(body, { source: NOBODY[6], target });
	return Buffer.concat([header(Buffer.from([0x33, 0x33, 0xff, a, b, c]), mac, ETHERTYPE.ipv6), packet]);
}

/** Who says that it has the address, or asks for it to take it. */
function holderOfFour(frame: Buffer, address: string): string | undefined {
	const packet = frame.subarray(ETHERNET_HEADER);
	if (packet.length < 28 || packet.readUInt16BE(2) !== ETHERTYPE.ipv4) return undefined;
	const [sender, target] = [packet.subarray(14, 18), packet.subarray(24, 28)];
	const wanted = addressBytes(address);
	const probes = sender.equals(addressBytes(NOBODY[4])) && target.equals(wanted);
	return sender.equals(wanted) || probes ? macText(packet.subarray(8, 14)) : undefined;
}

/** As above. A solicitation from nobody is a probe. */
function holderOfSix(frame: Buffer, address: string): string | undefined {
	const packet = frame.subarray(ETHERNET_HEADER);
	if (packet.length < 64 || packet[6] !== IPPROTO_ICMPV6) return undefined;
	const [source, type, target] = [packet.subarray(8, 24), packet[40], packet.subarray(48, 64)];
	const says = type === NEIGHBOUR_ADVERTISEMENT;
	const probes = type === NEIGHBOUR_SOLICITATION && source.equals(addressBytes(NOBODY[6]));
	return (says || probes) && target.equals(addressBytes(address)) ? macText(frame.subarray(6, 12)) : undefined;
}
