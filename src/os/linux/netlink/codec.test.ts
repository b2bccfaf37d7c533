import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Attribute, decodeAttributes, encodeAttributes, nested, readText, text, u32 } from './attributes.ts';
import { CONTROL, decodeMessages, decodeOutcome, encodeMessage, FLAG } from './messages.ts';

const value = fc.uint8Array({ maxLength: 70 }).map((bytes) => Buffer.from(bytes));
const plain = { noNullPrototype: true };
const attribute: fc.Arbitrary<Attribute> = fc.record(
	{ type: fc.integer({ min: 0, max: 0x3fff }), value, nested: fc.boolean() },
	plain,
);
const u16 = fc.integer({ min: 0, max: 0xffff });
const message = fc.record({ type: u16, flags: u16, sequence: fc.nat(0xffff_ffff), payload: value }, plain);

test('attributes come out as they went in, each on a boundary of four bytes', () => {
	fc.assert(
		fc.property(fc.array(attribute, { maxLength: 8 }), (attributes) => {
			const buffer = encodeAttributes(attributes);
			assert.equal(buffer.length % 4, 0);
			assert.deepEqual(decodeAttributes(buffer), attributes);
		}),
	);
});

test('messages come out as they went in, several to a datagram', () => {
	fc.assert(
		fc.property(fc.array(message, { maxLength: 5 }), (messages) => {
			assert.deepEqual(decodeMessages(Buffer.concat(messages.map(encodeMessage))), messages);
		}),
	);
});

test('garbage is never read past its end and always comes to an end', () => {
	fc.assert(
		fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
			const buffer = Buffer.from(bytes);
			for (const { value } of decodeAttributes(buffer)) assert.ok(value.length <= buffer.length);
			for (const { payload } of decodeMessages(buffer)) assert.ok(payload.length <= buffer.length);
		}),
	);
});

test('nested attributes carry the flag and hold what was put in', () => {
	const outer = encodeAttributes([nested(18, [text(1, 'bridge'), u32(2, 7)])]);
	assert.equal(outer.readUInt16LE(2), 18 | 0x8000);
	const [link] = decodeAttributes(outer);
	const [kind] = decodeAttributes(link?.value ?? Buffer.alloc(0));
	assert.equal(readText(kind?.value), 'bridge');
});

test('an attribute too long for its length field is an error, not a wrong message', () => {
	assert.throws(() => encodeAttributes([{ type: 1, value: Buffer.alloc(0x10000) }]), /limit is 65535/);
});

test('a refusal holds the number and what the kernel said, with and without the request repeated', () => {
	const said = encodeAttributes([text(1, 'ipv4: Address already assigned')]);
	const errno = Buffer.alloc(4);
	errno.writeInt32LE(-17);
	const request = encodeMessage({ type: 20, flags: 1, sequence: 9, payload: Buffer.from('abcd') });
	const expected = { errno: 17, text: 'ipv4: Address already assigned' };
	const base = { type: CONTROL.ERROR, sequence: 9 };
	const capped = Buffer.concat([errno, request.subarray(0, 16), said]);
	assert.deepEqual(decodeOutcome({ ...base, flags: FLAG.CAPPED | FLAG.ACK_TLVS, payload: capped }), expected);
	const whole = Buffer.concat([errno, request, said]);
	assert.deepEqual(decodeOutcome({ ...base, flags: FLAG.ACK_TLVS, payload: whole }), expected);
	const bare = { ...base, type: CONTROL.DONE, flags: 0, payload: Buffer.alloc(4) };
	assert.deepEqual(decodeOutcome(bare), { errno: 0, text: '' });
});
