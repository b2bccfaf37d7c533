/**
 * Streams in one body (`application/vnd.docker.multiplexed-stream`): frames of one byte that names the stream, three zero
 * bytes, the number of bytes that follow (32 bits, big-endian), and the bytes. No imports: the client bundles it.
 */
export const MULTIPLEXED = 'application/vnd.docker.multiplexed-stream';

/** 3 is text of the daemon for the user: one line, without a newline. */
export const FRAME_STREAMS = { stdout: 1, stderr: 2, notice: 3 } as const;
export type FrameStream = keyof typeof FRAME_STREAMS;

const HEADER = 8;
/** A frame that claims to be longer is none. Bytes. */
const LONGEST = 16 * 1024 * 1024;

export function encodeFrame(stream: FrameStream, content: Uint8Array): Buffer {
	const header = Buffer.alloc(HEADER);
	header.writeUInt8(FRAME_STREAMS[stream], 0);
	header.writeUInt32BE(content.length, 4);
	return Buffer.concat([header, content]);
}

export interface Frame {
	readonly stream: FrameStream;
	readonly content: Buffer;
}

/** Puts frames together again, however they were cut into pieces. */
export class FrameDecoder {
	#rest: Buffer = Buffer.alloc(0);

	/** @throws Error for what is no frame */
	push(piece: Buffer): Frame[] {
		let rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, piece]) : piece;
		const frames: Frame[] = [];
		while (rest.length >= HEADER) {
			const length = rest.readUInt32BE(4);
			const stream = streamOf(rest.readUInt8(0));
			if (stream === undefined || length > LONGEST) throw new Error('the answer is not made of frames');
			if (rest.length < HEADER + length) break;
			frames.push({ stream, content: rest.subarray(HEADER, HEADER + length) });
			rest = rest.subarray(HEADER + length);
		}
		this.#rest = rest;
		return frames;
	}
}

function streamOf(id: number): FrameStream | undefined {
	const streams: readonly FrameStream[] = ['stdout', 'stderr', 'notice'];
	return streams.find((stream) => FRAME_STREAMS[stream] === id);
}
