import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributeMap, bytes, encodeAttributes, nested, text } from '../attributes.ts';
import { burstOf, decodeQdisc, encodeLimit, queueOf } from './qdiscs.ts';

const PARMS = 1;
const RATE64 = 4;
const BURST = 6;

test('a slow link has room for whole packets, a fast one for 4 ms', () => {
	assert.equal(burstOf({ rate: 1e6 }), 16_384);
	assert.equal(burstOf({ rate: 1e6, mtu: 65_535 }), 65_557);
	assert.equal(burstOf({ rate: 1e9 }), 500_000);
	assert.equal(burstOf({ rate: 1e9, burst: 3000 }), 3000);
});

test('the queue holds what leaves within the latency, and never more than the kernel can count', () => {
	assert.equal(queueOf({ rate: 8e6, burst: 20_000, latency: 0.1 }), 120_000);
	assert.equal(queueOf({ rate: 400e9, latency: 1 }), 0xffff_ffff);
});

test('a rate that 32 bits hold goes where old kernels look for it, a higher one into an attribute of its own', () => {
	const slow = attributeMap(encodeLimit({ rate: 8e6 }).value);
	assert.equal(slow.get(PARMS)?.readUInt32LE(8), 1e6);
	assert.equal(slow.get(BURST)?.readUInt32LE(), 16_384);
	assert.equal(slow.has(RATE64), false);
	const fast = attributeMap(encodeLimit({ rate: 40e9 }).value);
	assert.equal(fast.get(PARMS)?.readUInt32LE(8), 0xffff_ffff);
	assert.equal(fast.get(RATE64)?.readBigUInt64LE(), 5_000_000_000n);
});

for (const rate of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
	test(`${rate} bit/s is refused before the kernel sees it`, () => {
		assert.throws(() => encodeLimit({ rate }), RangeError);
	});

test('what is not at the root of an interface is left out; what is no token bucket has no rate', () => {
	const head = Buffer.alloc(20);
	const kind = encodeAttributes([text(1, 'noqueue')]);
	assert.equal(decodeQdisc(Buffer.concat([head, kind])), undefined);
	head.writeInt32LE(7, 4);
	head.writeUInt32LE(0xffff_ffff, 12);
	const options = encodeAttributes([text(1, 'htb'), nested(2, [bytes(PARMS, Buffer.alloc(36, 1))])]);
	for (const rest of [kind, options]) {
		const { link, rate, burst, limit } = decodeQdisc(Buffer.concat([head, rest])) ?? {};
		assert.deepEqual({ link, rate, burst, limit }, { link: 7, rate: 0, burst: 0, limit: 0 });
	}
});
