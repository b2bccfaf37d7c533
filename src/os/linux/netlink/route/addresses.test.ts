import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressBytes, addressText } from '#inet/address.ts';
import { broadcastOf } from './addresses.ts';

test('the broadcast address is the last of the block, for every prefix', () => {
	const address = addressBytes('10.4.6.2');
	assert.equal(addressText(broadcastOf(address, 24)), '10.4.6.255');
	assert.equal(addressText(broadcastOf(address, 9)), '10.127.255.255');
	assert.equal(addressText(broadcastOf(address, 0)), '255.255.255.255');
	assert.equal(addressText(broadcastOf(address, 32)), '10.4.6.2');
});
