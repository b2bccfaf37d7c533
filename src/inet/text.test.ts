import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressBytes, addressText, inBrackets, isLinkLocal, isLoopback, withPort } from './address.ts';
import { familyOf } from './family.ts';
import { macBytes, macText, parseMac } from './mac.ts';
import { blockOfOne, splitPrefix, withoutPrefix } from './prefix.ts';

test('addresses of both families survive the way to bytes and back', () => {
	fc.assert(
		fc.property(fc.constantFrom(4, 16), fc.infiniteStream(fc.nat(255)), (size, stream) => {
			const bytes = Buffer.from([...stream.take(size)]);
			const text = addressText(bytes);
			assert.deepEqual(addressBytes(text), bytes);
			assert.equal(familyOf(text), size === 4 ? 4 : 6);
		}),
	);
});

test('IPv6 text is in the canonical form', () => {
	assert.equal(addressText(addressBytes('fd00:0:0:0:0:0:0:0002')), 'fd00::2');
});

test('an address without a prefix stands for itself alone', () => {
	assert.deepEqual(splitPrefix('10.4.6.2'), { address: '10.4.6.2', prefix: 32 });
	assert.deepEqual(splitPrefix('fd00::2'), { address: 'fd00::2', prefix: 128 });
	assert.equal(blockOfOne('10.4.6.2'), '10.4.6.2/32');
	assert.equal(blockOfOne('fd00::2'), 'fd00::2/128');
	assert.equal(withoutPrefix('fd00::2/64'), 'fd00::2');
	assert.deepEqual(splitPrefix('10.4.6.2/24'), { address: '10.4.6.2', prefix: 24 });
});

test('a MAC address is six bytes or an error', () => {
	assert.deepEqual(macBytes('02:00:0a:ff:00:01'), Buffer.of(2, 0, 10, 255, 0, 1));
	assert.throws(() => macBytes('02:00:0a'), /not a MAC address/);
});

test('a MAC address of one interface is unicast, in lower case', () => {
	assert.equal(parseMac('02:00:0A:04:06:02'), '02:00:0a:04:06:02');
	for (const text of ['01:00:5e:00:00:01', '00:00:00:00:00:00', '02:00:0a:04:06', '02-00-0a-04-06-02', '2:0:0:0:0:1'])
		assert.equal(parseMac(text), undefined, text);
	assert.equal(macText(macBytes('02:00:0a:ff:00:01')), '02:00:0a:ff:00:01');
	assert.equal(macText(Buffer.of()), '');
});

test('link-local are those of fe80::/10 alone', () => {
	for (const text of ['fe80::1', 'febf::', 'FE80::/64', 'fe9a:1::2/64']) assert.ok(isLinkLocal(text), text);
	for (const text of ['fec0::1', 'fe8::1', 'fd00::fe80', '169.254.0.1', '::']) assert.ok(!isLinkLocal(text), text);
});

test('loopback addresses', () => {
	for (const text of ['127.0.0.1', '127.9.9.9', '::1']) assert.ok(isLoopback(text), text);
	for (const text of ['10.0.0.1', '::', '::127.0.0.1']) assert.ok(!isLoopback(text), text);
});

test('IPv6 stands in brackets before a port', () => {
	assert.equal(withPort('10.4.6.2', 80), '10.4.6.2:80');
	assert.equal(withPort('fd00::2', 80), '[fd00::2]:80');
	assert.equal(inBrackets('bsd1'), 'bsd1');
});
