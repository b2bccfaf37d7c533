/** Packet sockets and what goes over them: the encoding that announcements and questions have in common. */

import { addressBytes } from '#inet/address.ts';
import { macBytes } from '#inet/mac.ts';
import { declare } from '../libc.ts';

export const AF_PACKET = 17;
export const SOCK_CLOEXEC = 0o2000000;
export const ETHERTYPE = { arp: 0x0806, ipv4: 0x0800, ipv6: 0x86dd } as const;
/** Ethernet address of everybody. */
export const EVERYBODY = 'ff:ff:ff:ff:ff:ff';
export const IPPROTO_ICMPV6 = 58;

export const socket = declare<(domain: number, type: number, protocol: number) => number>(
	'int socket(int domain, int type, int protocol)',
);
export const sendto = declare<
	(fd: number, data: Buffer, length: number, flags: number, address: Buffer, size: number) => number
>('ssize_t sendto(int fd, const void *data, size_t length, int flags, const void *address, uint32_t size)');

/** `struct sockaddr_ll`. Source: packet(7). */
export function linkAddress(link: number, protocol: number, mac: string): Buffer {
	const name = Buffer.alloc(20);
	name.writeUInt16LE(AF_PACKET);
	name.writeUInt16BE(protocol, 2);
	name.writeInt32LE(link, 4);
	name[11] = 6;
	macBytes(mac).copy(name, 12);
	return name;
}

/** An ARP request. Source: RFC 826. @param sender `0.0.0.0` for a probe (RFC 5227) */
export function encodeArpRequest(mac: string, { sender, target }: { sender: string; target: string }): Buffer {
	const packet = Buffer.alloc(28);
	packet.writeUInt16BE(1);
	packet.writeUInt16BE(ETHERTYPE.ipv4, 2);
	packet[4] = 6;
	packet[5] = 4;
	packet.writeUInt16BE(1, 6);
	macBytes(mac).copy(packet, 8);
	addressBytes(sender).copy(packet, 14);
	addressBytes(target).copy(packet, 24);
	return packet;
}

/** An ICMPv6 packet between neighbours, with its IPv6 header. Fills in the checksum. Source: RFC 8200, section 3. */
export function encodeNeighbourPacket(body: Buffer, { source, target }: { source: string; target: string }): Buffer {
	const ends = Buffer.concat([addressBytes(source), addressBytes(target)]);
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
