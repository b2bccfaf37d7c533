/**
 * As much of `node:crypto` as `ws` takes to open a WebSocket and to send on it. In the bundle it has this instead: to load the
 * real one costs 8 ms of every `klee run`. Nothing here keeps a secret: a nonce and masks guard proxies against pages in
 * browsers (RFC 6455, 10.3), and the hash of the answer tells that the server speaks the protocol.
 */

export function randomBytes(size: number): Buffer {
	return randomFillSync(Buffer.alloc(size), 0, size);
}

export function randomFillSync(buffer: Buffer, offset: number, size: number): Buffer {
	for (let at = offset; at < offset + size; at += 1) buffer[at] = Math.random() * 256;
	return buffer;
}

interface Hash {
	update(text: string): Hash;
	digest(encoding: 'base64'): string;
}

/** SHA-1, of text. @param algorithm as for `node:crypto` */
export function createHash(algorithm: 'sha1'): Hash {
	let all = '';
	const hash: Hash = {
		update: (text) => {
			all += text;
			return hash;
		},
		digest: (encoding) => sha1(Buffer.from(all)).toString(encoding),
	};
	if (algorithm !== 'sha1') throw new Error(`there is no hash ${algorithm} here`);
	return hash;
}

const BLOCK = 64;
const ROUNDS = 80;

/** FIPS 180-4, 6.1. */
function sha1(message: Buffer): Buffer {
	// A one, zeros, and the length in bits, up to whole blocks.
	const padded = Buffer.alloc(Math.ceil((message.length + 9) / BLOCK) * BLOCK);
	message.copy(padded);
	padded[message.length] = 0x80;
	padded.writeUInt32BE(message.length * 8, padded.length - 4);
	let state: Words = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
	for (let at = 0; at < padded.length; at += BLOCK) state = addBlock(state, padded.subarray(at, at + BLOCK));
	const digest = Buffer.alloc(20);
	for (const [index, word] of state.entries()) digest.writeUInt32BE(word >>> 0, index * 4);
	return digest;
}

type Words = readonly [number, number, number, number, number];

function addBlock(state: Words, block: Buffer): Words {
	const schedule: number[] = [];
	let [a, b, c, d, e] = state;
	for (let round = 0; round < ROUNDS; round += 1) {
		const back = (words: number) => schedule[round - words] ?? 0;
		const word = round < 16 ? block.readUInt32BE(round * 4) : rotate(back(3) ^ back(8) ^ back(14) ^ back(16), 1);
		schedule.push(word);
		const next = rotate(a, 5) + mixed(round, b, c, d) + e + word;
		[a, b, c, d, e] = [next | 0, a, rotate(b, 30), c, d];
	}
	return [state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e];
}

/** The function and the constant of a round. */
function mixed(round: number, b: number, c: number, d: number): number {
	if (round < 20) return ((b & c) | (~b & d)) + 0x5a827999;
	if (round < 40) return (b ^ c ^ d) + 0x6ed9eba1;
	if (round < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
	return (b ^ c ^ d) + 0xca62c1d6;
}

function rotate(word: number, bits: number): number {
	return (word << bits) | (word >>> (32 - bits));
}
