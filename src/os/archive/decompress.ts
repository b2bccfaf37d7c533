/** Compression is recognised by the first bytes; names and content types lie. */
import { Readable, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { launch } from '../exec.ts';
import { ArchiveError } from './archive-error.ts';

type Format = 'plain' | 'gzip' | 'xz' | 'zstd' | 'bzip2';

const MAGIC: readonly (readonly [Format, Buffer])[] = [
	['gzip', Buffer.from([0x1f, 0x8b])],
	['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
	['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
	['bzip2', Buffer.from('BZh')],
];
const LONGEST_MAGIC = 6;

/** Bytes from the start of a file by which `looksLikeArchive` tells. */
export const ARCHIVE_HEAD = 512;

/** Whether a file begins as a tar archive does, or as a compression of which its content may be one. Source: pax(1), ustar. */
export function looksLikeArchive(start: Buffer): boolean {
	return formatOf(start) !== 'plain' || start.subarray(257, 262).toString('latin1') === 'ustar' || isHeader(start);
}

/** Whether the sum of a header is right: the format of Unix version 7 has no other mark. */
function isHeader(start: Buffer): boolean {
	if (start.length < ARCHIVE_HEAD || start[0] === 0) return false;
	const sum = start.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0);
	return Number.parseInt(start.toString('latin1', 148, 156), 8) === sum;
}

function formatOf(start: Buffer): Format {
	return MAGIC.find(([, magic]) => start.subarray(0, magic.length).equals(magic))?.[0] ?? 'plain';
}

/**
 * @returns plain tar
 * @throws ArchiveError for a compression that is not read here
 */
export async function decompress(bytes: Readable): Promise<Readable> {
	const { start, whole } = await peek(bytes);
	const format = formatOf(start);
	switch (format) {
		case 'plain':
			return whole;
		case 'gzip':
			return through(whole, createGunzip());
		case 'zstd':
			return through(whole, createZstdDecompress());
		case 'xz':
		case 'bzip2':
			return throughProgram(whole, format);
	}
}

/** An error on the way is emitted by the last stage, which somebody reads. */
function through(bytes: Readable, stage: Transform): Readable {
	pipeline(bytes, stage).catch(() => {});
	return stage;
}

/** Its input and output are the two directions of one pipe; it ends when we let go of that. */
const DECOMPRESS = 'exec "$0" --decompress --stdout <&3 >&3';

async function throughProgram(bytes: Readable, program: 'xz' | 'bzip2'): Promise<Readable> {
	const child = await launch(['/bin/sh', '-c', DECOMPRESS, program], { pipes: 1 });
	const [pipe] = child.pipes;
	if (!pipe) throw new TypeError('a program without the pipe that was asked for');
	// An error of the source is kept for the reader below: seen from the program it is only an end of input.
	let failure: unknown;
	pipeline(bytes, pipe).catch((error: unknown) => {
		failure = error;
	});
	const read = async function* () {
		try {
			yield* pipe;
			const code = await child.exited;
			if (failure instanceof ArchiveError) throw failure;
			if (code === 127)
				throw new ArchiveError('unsupported', `the archive is compressed with ${program}, which is not installed`);
			if (code !== 0) throw new ArchiveError('corrupt', `the archive is damaged: ${child.stderr()}`);
		} finally {
			pipe.destroy();
			bytes.destroy();
			await child.exited;
		}
	};
	return Readable.from(read(), { objectMode: false });
}

async function peek(bytes: Readable): Promise<{ start: Buffer; whole: Readable }> {
	const chunks: AsyncIterator<Buffer> = bytes[Symbol.asyncIterator]();
	let start = Buffer.alloc(0);
	while (start.length < LONGEST_MAGIC) {
		const next = await chunks.next();
		if (next.done) break;
		start = Buffer.concat([start, next.value]);
	}
	const whole = async function* () {
		try {
			yield start;
			for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
		} finally {
			bytes.destroy();
		}
	};
	return { start, whole: Readable.from(whole(), { objectMode: false }) };
}
