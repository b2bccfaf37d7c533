/** Frames with any sender that one likes, as root in a vnet container can send them. */
import { macBytes } from '#inet/mac.ts';
import { checked, declare } from '#os/linux/libc.ts';
import { outputOf } from '../command.ts';
import type { Place } from './peer.ts';

const AF_PACKET = 17;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
/** For experiments on one's own network: nobody listens to frames of this type. */
const LOCAL_EXPERIMENT = 0x88b5;
const ENOBUFS_PAUSE = 1;

export interface Frames {
	/** Name of the interface that they leave by. */
	readonly interface: string;
	/** MAC address that they go to. */
	readonly to: string;
	/** Their sender; absent: each another one, made up. */
	readonly from?: string;
	readonly count: number;
}

export async function sendFrames(place: Place, frames: Frames): Promise<void> {
	await outputOf([...place, process.execPath, import.meta.filename, JSON.stringify(frames)]);
}

async function send({ interface: name, to, from, count }: Frames): Promise<void> {
	const socket = declare<(domain: number, type: number, protocol: number) => number>(
		'int socket(int domain, int type, int protocol)',
	);
	const toIndex = declare<(name: string) => number>('unsigned int if_nametoindex(const char *name)');
	const sendto = declare<
		(fd: number, data: Buffer, length: number, flags: number, address: Buffer, size: number) => number
	>('ssize_t sendto(int fd, const void *data, size_t length, int flags, const void *address, uint32_t size)');
	const fd = checked('socket', () => socket(AF_PACKET, SOCK_RAW_CLOEXEC, 0));
	// `struct sockaddr_ll`
	const link = Buffer.alloc(20);
	link.writeUInt16LE(AF_PACKET);
	link.writeInt32LE(toIndex(name), 4);
	const frame = Buffer.alloc(60);
	macBytes(to).copy(frame);
	frame.writeUInt16BE(LOCAL_EXPERIMENT, 12);
	for (let sent = 0; sent < count; sent += 1) {
		if (from === undefined) {
			frame[6] = 0x02;
			frame[7] = 0xee;
			frame.writeUInt32BE(sent, 8);
		} else macBytes(from).copy(frame, 6);
		while (sendto(fd, frame, frame.length, 0, link, link.length) < 0)
			await new Promise((resolve) => setTimeout(resolve, ENOBUFS_PAUSE));
	}
}

if (import.meta.main) await send(JSON.parse(process.argv[2] ?? '') as Frames);
