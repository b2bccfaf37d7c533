/** Packets of protocols that the kernel need not know, between namespaces; and INIT and INIT ACK of SCTP (RFC 9260). */
import { closeSync } from 'node:fs';
import { addressText } from '#inet/address.ts';
import { checked, declare } from '#os/linux/libc.ts';
import { within } from '#os/linux/netns.ts';
import { socketAddress } from '#os/linux/sockets.ts';
import { eventually } from '#test/testbed/eventually.ts';

export const SCTP = 132;
const RAW_NONBLOCK_CLOEXEC = 3 | 0o4000 | 0o2000000;

const socket = declare<(domain: number, type: number, protocol: number) => number>('int socket(int, int, int)');
type Sent = (fd: number, data: Buffer, length: number, flags: number, address: Buffer, size: number) => number;
const sendto = declare<Sent>('ssize_t sendto(int, const void *, size_t, int, const void *, uint32_t)');
type Received = (fd: number, data: Buffer, length: number, flags: number, address: Buffer, size: Buffer) => number;
const recvfrom = declare<Received>('ssize_t recvfrom(int, void *, size_t, int, void *, void *)');

/** Packets of one protocol and family that arrive in a namespace, from now on. */
export class RawSocket {
	readonly #fd: number;
	readonly #six: boolean;

	constructor(namespace: number, family: 4 | 6, protocol: number) {
		this.#six = family === 6;
		this.#fd = within(namespace, () =>
			checked('socket', () => socket(this.#six ? 10 : 2, RAW_NONBLOCK_CLOEXEC, protocol)),
		);
	}

	send(address: string, data: Buffer): void {
		const target = socketAddress(address, 0);
		checked('sendto', () => sendto(this.#fd, data, data.length, 0, target, target.length));
	}

	/** Waits for the next one. @returns its sender and what is behind the header of IP */
	async next(): Promise<{ readonly from: string; readonly data: Buffer }> {
		const [data, sender, size] = [Buffer.alloc(2000), Buffer.alloc(28), Buffer.of(28, 0, 0, 0)];
		let length = -1;
		await eventually('a packet arrives', () => {
			length = recvfrom(this.#fd, data, data.length, 0, sender, size);
			return length > 0;
		});
		const from = addressText(this.#six ? sender.subarray(8, 24) : sender.subarray(4, 8));
		return { from, data: data.subarray(this.#six ? 0 : 20, length) };
	}

	close(): void {
		closeSync(this.#fd);
	}
}

const INIT = 1;
const INIT_ACK = 2;

/** @param tag of the receiver; 0 for an INIT, which begins an association */
export function sctpPacket(sourcePort: number, port: number, tag: number): Buffer {
	const packet = Buffer.alloc(32);
	packet.writeUInt16BE(sourcePort, 0);
	packet.writeUInt16BE(port, 2);
	packet.writeUInt32BE(tag, 4);
	packet[12] = tag === 0 ? INIT : INIT_ACK;
	packet.writeUInt16BE(20, 14);
	packet.writeUInt32BE(7, 16);
	packet.writeUInt32BE(65_536, 20);
	packet.writeUInt16BE(1, 24);
	packet.writeUInt16BE(1, 26);
	packet.writeUInt32LE(crc32c(packet), 8);
	return packet;
}

/** Whether the checksum of a packet is right. */
export function isSound(packet: Buffer): boolean {
	const bare = Buffer.from(packet);
	bare.writeUInt32LE(0, 8);
	return crc32c(bare) === packet.readUInt32LE(8);
}

/** Castagnoli's polynomial, reflected. */
function crc32c(data: Buffer): number {
	let crc = 0xffffffff;
	for (const byte of data) {
		crc ^= byte;
		for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
	}
	return ~crc >>> 0;
}
