import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
	type ConnectionMatch,
	encodeFilter,
	encodePayload,
	familiesOf,
	isForKernel,
	matcher,
	PROTOCOL,
} from './conntrack-codec.ts';

const { TCP, UDP } = PROTOCOL;
const SCTP = 132;

test('a filter names each field that counts, and no other', () => {
	const payload = encodePayload(
		4,
		encodeFilter(4, { protocol: UDP, original: { source: '10.0.0.1', destinationPort: 53 } }),
	);
	assert.equal(
		payload.toString('hex'),
		[
			'02000000',
			// CTA_TUPLE_ORIG: CTA_TUPLE_IP { CTA_IP_V4_SRC }, CTA_TUPLE_PROTO { NUM, DST_PORT most significant byte first }
			'24000180',
			...['0c000180', '080001000a000001'],
			...['14000280', '0500010011000000', '0600030000350000'],
			// CTA_FILTER { ORIG_FLAGS: source 1, protocol 8, destination port 32 }
			'0c001980',
			'0800010029000000',
		].join(''),
	);
});

test('a protocol alone is a filter on the original direction', () => {
	const [tuple, filter, ...others] = encodeFilter(6, { protocol: TCP });
	assert.equal(tuple?.type, 1);
	assert.equal(filter?.value.toString('hex'), '0800010008000000');
	assert.deepEqual(others, []);
});

test('the kernel is not trusted with IPv6 addresses, nor with ports outside TCP and UDP', () => {
	const cases: [ConnectionMatch, boolean][] = [
		[{ original: { source: '10.0.0.1' }, reply: { destination: '10.0.0.2' } }, true],
		[{ protocol: TCP, original: { destinationPort: 80 } }, true],
		[{ family: 6, protocol: UDP, reply: { sourcePort: 80 } }, true],
		[{ protocol: SCTP }, true],
		[{ protocol: SCTP, original: { destinationPort: 80 } }, false],
		[{ original: { source: 'fd00::1' } }, false],
		[{ protocol: TCP, original: { destinationPort: 80 }, reply: { destination: 'fd00::1' } }, false],
	];
	for (const [match, expected] of cases) assert.equal(isForKernel(match), expected, JSON.stringify(match));
});

test('the family follows from the addresses; without any it is both', () => {
	assert.deepEqual(familiesOf({ reply: { source: '10.0.0.1' } }), [4]);
	assert.deepEqual(familiesOf({ original: { destination: '::1' } }), [6]);
	assert.deepEqual(familiesOf({ family: 6 }), [6]);
	assert.deepEqual(familiesOf({ protocol: TCP }), [4, 6]);
});

test('an address fits however it is written', () => {
	const connection = encodePayload(6, encodeFilter(6, { protocol: UDP, original: { source: 'fd00::1' } }));
	assert.equal(matcher([{ original: { source: 'FD00:0:0::1' } }])(connection), true);
	assert.equal(matcher([{ original: { source: 'fd00::2' } }])(connection), false);
	assert.equal(matcher([{ protocol: TCP }])(connection), false);
	assert.equal(matcher([{ reply: { source: 'fd00::1' } }])(connection), false);
	assert.equal(matcher([{ family: 4, protocol: UDP }])(connection), false);
	assert.equal(matcher([{ protocol: TCP }, { protocol: UDP }])(connection), true);
	assert.equal(matcher([])(connection), false);
});
