import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressBytes, addressText, familyOf, splitPrefix } from './inet.ts';
import { macBytes } from './link/links.ts';
import { broadcastOf } from './route/addresses.ts';

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
	assert.deepEqual(splitPrefix('10.4.6.2/24'), { address: '10.4.6.2', prefix: 24 });
});

test('the broadcast address is the last of the block, for every prefix', () => {
	const address = addressBytes('10.4.6.2');
	assert.equal(addressText(broadcastOf(address, 24)), '10.4.6.255');
	assert.equal(addressText(broadcastOf(address, 9)), '10.127.255.255');
	assert.equal(addressText(broadcastOf(address, 0)), '255.255.255.255');
	assert.equal(addressText(broadcastOf(address, 32)), '10.4.6.2');
});

test('a MAC address is six bytes or an error', () => {
	assert.deepEqual(macBytes('02:00:0a:ff:00:01'), Buffer.of(2, 0, 10, 255, 0, 1));
	assert.throws(() => macBytes('02:00:0a'), /not a MAC address/);
});
