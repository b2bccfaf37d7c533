/** Reads packets as tcpdump writes them: pcap-savefile(5), in the byte order of all processors that Kleene runs on. */

export interface CapturedPacket {
	/** Microseconds since 1970. */
	readonly at: bigint;
	/** Bytes that it had; the data may be fewer. */
	readonly length: number;
	readonly data: Buffer;
}

const MAGIC = 0xa1b2c3d4;
const FILE_HEADER = 24;
const PACKET_HEADER = 16;
const MOST_BYTES = 262_144;

export class PcapReader {
	/** LINKTYPE of all packets; undefined until the beginning was read. */
	linkType: number | undefined;
	#pieces: Buffer[] = [];
	#length = 0;

	/** @returns packets that are complete now. @throws Error for anything that tcpdump does not write */
	push(piece: Buffer): CapturedPacket[] {
		this.#pieces.push(piece);
		this.#length += piece.length;
		if (this.#length < (this.linkType === undefined ? FILE_HEADER : PACKET_HEADER)) return [];
		const bytes = Buffer.concat(this.#pieces);
		const { packets, read } = this.#read(bytes);
		const rest = bytes.subarray(read);
		this.#pieces = rest.length > 0 ? [rest] : [];
		this.#length = rest.length;
		return packets;
	}

	#read(bytes: Buffer): { readonly packets: CapturedPacket[]; readonly read: number } {
		let read = 0;
		if (this.linkType === undefined) {
			if (bytes.readUInt32LE(0) !== MAGIC) throw new Error('tcpdump wrote something else than packets');
			this.linkType = bytes.readUInt32LE(20) & 0xffff;
			read = FILE_HEADER;
		}
		const packets: CapturedPacket[] = [];
		while (bytes.length - read >= PACKET_HEADER) {
			const kept = bytes.readUInt32LE(read + 8);
			if (kept > MOST_BYTES) throw new Error(`tcpdump wrote a packet of ${kept} bytes`);
			const end = read + PACKET_HEADER + kept;
			if (bytes.length < end) break;
			packets.push({
				at: BigInt(bytes.readUInt32LE(read)) * 1_000_000n + BigInt(bytes.readUInt32LE(read + 4)),
				length: bytes.readUInt32LE(read + 12),
				data: bytes.subarray(read + PACKET_HEADER, end),
			});
			read = end;
		}
		return { packets, read };
	}
}
