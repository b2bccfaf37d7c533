/**
 * Tells the neighbours on a link who has an address, so that they forget whom they took for its holder: an ARP
 * announcement (RFC 5227, section 3) or an unsolicited neighbour advertisement (RFC 4861, section 7.2.6).
 */

import { close } from 'node:fs';
import { addressBytes } from '#inet/address.ts';
import { familyOf } from '#inet/family.ts';
import { macBytes } from '#inet/mac.ts';
import { checked, declare } from './libc.ts';
import { within } from './netns.ts';

const AF_PACKET = 17;
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const ETHERTYPE = { arp: 0x0806, ipv4: 0x0800, ipv6: 0x86dd } as const;
/** Ethernet addresses of everybody, and of every host with IPv6. */
const EVERYBODY = 'ff:ff:ff:ff:ff:ff';
const ALL_NODES = '33:33:00:00:00:01';
const ALL_NODES6 = 'ff02::1';
const IPPROTO_ICMPV6 = 58;
const NEIGHBOUR_ADVERTISEMENT = 136;
/** In place of what the neighbours know. */
const OVERRIDE = 0x2000_0000;
const TARGET_LINK_LAYER_ADDRESS = 2;

const socket = declare<(domain: number, type: number, protocol: number) => number>(
	'int socket(int domain, int type, int protocol)',
);
const sendto = declare<
	(fd: number, data: Buffer, length: number, flags: number, address: Buffer, size: number) => number
>('ssize_t sendto(int fd, const void *data, size_t length, int flags, const void *address, uint32_t size)');

export interface Announcement {
	/** Index of the interface. */
	readonly link: number;
	/** Its MAC address. */
	readonly mac: string;
	/** Without prefix. */
	readonly address: string;
}

/** Sends announcements from one namespace. */
export class Announcer {
	readonly #fd: number;

	/** @param namespace descriptor; undefined: the one of this process @throws SystemCallError */
	constructor(namespace: number | undefined) {
		// Protocol 0: it sends, and receives nothing.
		const open = () => checked('socket', () => socket(AF_PACKET, SOCK_DGRAM_CLOEXEC, 0));
		this.#fd = namespace === undefined ? open() : within(namespace, open);
	}

	/** @throws SystemCallError, e.g. ENETDOWN or ENXIO when the interface is down or gone */
	send({ link, mac, address }: Announcement): void {
		const six = familyOf(address) === 6;
		const packet = six ? encodeAdvertisement(mac, address) : encodeArp(mac, address);
		const name = linkAddress(link, six ? ETHERTYPE.ipv6 : ETHERTYPE.arp, six ? ALL_NODES : EVERYBODY);
		checked('sendto', () => sendto(this.#fd, packet, packet.length, 0, name, name.length));
	}

	/** In the background: the kernel waits until no processor uses the socket any more. */
	close(): void {
		close(this.#fd, () => {});
	}
}

/** `struct sockaddr_ll`. Source: packet(7). */
function linkAddress(link: number, protocol: number, mac: string): Buffer {
	const name = Buffer.alloc(20);
	name.writeUInt16LE(AF_PACKET);
	name.writeUInt16BE(protocol, 2);
	name.writeInt32LE(link, 4);
	name[11] = 6;
	macBytes(mac).copy(name, 12);
	return name;
}

/** A question for an address by its holder, which is how ARP announces. Source: RFC 826. */
export function encodeArp(mac: string, address: string): Buffer {
	const packet = Buffer.alloc(28);
	packet.writeUInt16BE(1);
	packet.writeUInt16BE(ETHERTYPE.ipv4, 2);
	packet[4] = 6;
	packet[5] = 4;
	packet.writeUInt16BE(1, 6);
	macBytes(mac).copy(packet, 8);
	addressBytes(address).copy(packet, 14);
	addressBytes(address).copy(packet, 24);
	return packet;
}

/** The packet with its IPv6 header. Source: RFC 8200, section 3; RFC 4861, section 4.4. */
export function encodeAdvertisement(mac: string, address: string): Buffer {
	const body = Buffer.alloc(32);
	body[0] = NEIGHBOUR_ADVERTISEMENT;
	body.writeUInt32BE(OVERRIDE, 4);
	addressBytes(address).copy(body, 8);
	body[24] = TARGET_LINK_LAYER_ADDRESS;
	body[25] = 1;
	macBytes(mac).copy(body, 26);
	const ends = Buffer.concat([addressBytes(address), addressBytes(ALL_NODES6)]);
	const tail = Buffer.from([0, 0, 0, body.length, 0, 0, 0, IPPROTO_ICMPV6]);
	body.writeUInt16BE(checksum(Buffer.concat([ends, tail, body])), 2);
	const head = Buffer.from([0x60, 0, 0, 0, 0, body.length, IPPROTO_ICMPV6, 255]);
	return Buffer.concat([head, ends, body]);
}

/** Of the Internet. Source: RFC 1071. @param data of even length */
function checksum(data: Buffer): number {
	let sum = 0;
	for (let offset = 0; offset < data.length; offset += 2) sum += data.readUInt16BE(offset);
	while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
	return ~sum & 0xffff;
}
