import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatAddress, fromSortableKey, parseAddress, sortableKey } from './address.ts';
import { type Family, widthOf } from './family.ts';
import { assignable, contains, formatSubnet, overlap, parseSubnet, parseSubnetAround, subnetAround } from './subnet.ts';

const family = fc.constantFrom<Family>(4, 6);
const address = family.chain((kind) =>
	fc.bigInt(0n, (1n << BigInt(widthOf(kind))) - 1n).map((value) => ({ family: kind, value })),
);
const subnet = address.chain((one) =>
	fc.integer({ min: 0, max: widthOf(one.family) }).map((bits) => subnetAround(one, bits)),
);

test('an address survives being written and read', () => {
	fc.assert(fc.property(address, (one) => assert.deepEqual(parseAddress(formatAddress(one)), one)));
});

test('a subnet survives being written and read', () => {
	fc.assert(fc.property(subnet, (one) => assert.deepEqual(parseSubnet(formatSubnet(one)), one)));
});

test('the order of keys is the order of addresses', () => {
	fc.assert(
		fc.property(family, fc.bigInt(0n, 0xffffffffn), fc.bigInt(0n, 0xffffffffn), (kind, a, b) => {
			const [one, other] = [sortableKey({ family: kind, value: a }), sortableKey({ family: kind, value: b })];
			assert.equal(one < other, a < b);
			assert.deepEqual(fromSortableKey(one), { family: kind, value: a });
		}),
	);
});

test('two blocks overlap exactly when one holds the first address of the other', () => {
	fc.assert(
		fc.property(subnet, subnet, (one, other) => {
			const nested =
				contains(one, { family: other.family, value: other.first }) ||
				contains(other, { family: one.family, value: one.first });
			assert.equal(overlap(one, other), nested);
		}),
	);
});

test('short, octal, zoned and padded forms are not addresses', () => {
	for (const text of ['10.1', '010.0.0.1', '10.0.0.256', '10.0.0.1 ', 'fe80::1%em0', '', '::g', '1.2.3.4/24', '0x7f.1'])
		assert.equal(parseAddress(text), undefined, text);
});

test('blocks with host bits set, bad prefixes or more than one slash are refused', () => {
	for (const text of ['10.4.6.1/24', '10.4.6.0/33', '10.4.6.0/', '10.4.6.0/024', '10.4.6.0/24/8', 'fd00::1/64', 'x/8'])
		assert.equal(parseSubnet(text), undefined, text);
});

test('an address with a prefix tells the block that holds it', () => {
	const blocks = ['10.4.6.1/24', '10.4.6.1', 'fd00::1/64'].map((text) => formatSubnet(parseSubnetAround(text)!));
	assert.deepEqual(blocks, ['10.4.6.0/24', '10.4.6.1/32', 'fd00::/64']);
	for (const text of ['10.4.6.1/33', '10.4.6.1/', '10.4.6/24']) assert.equal(parseSubnetAround(text), undefined, text);
});

test('neither the network address nor the IPv4 broadcast address can be assigned', () => {
	const { first, last } = assignable(parseSubnet('172.19.0.0/30')!);
	assert.equal(formatAddress({ family: 4, value: first }), '172.19.0.1');
	assert.equal(formatAddress({ family: 4, value: last }), '172.19.0.2');
	const six = assignable(parseSubnet('fd00:ffff:ffff:ffff::/64')!);
	assert.equal(formatAddress({ family: 6, value: six.first }), 'fd00:ffff:ffff:ffff::1');
	assert.equal(formatAddress({ family: 6, value: six.last }), 'fd00:ffff:ffff:ffff:ffff:ffff:ffff:ffff');
});
