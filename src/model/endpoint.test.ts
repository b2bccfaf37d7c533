import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAddress, perFamily } from '#inet/address.ts';
import { ENDPOINT } from '#test/engine/testnet.ts';
import { type Endpoint, macOfEndpoint } from './endpoint.ts';

function at(...addresses: readonly string[]): Endpoint {
	return { ...ENDPOINT, addresses: perFamily(...addresses.map(parseAddress)) };
}

test('whoever has an address on a network has its MAC address, unless the user wants another', () => {
	const mac = macOfEndpoint(ENDPOINT);
	assert.match(mac, /^02(:[0-9a-f]{2}){5}$/);
	assert.equal(macOfEndpoint({ ...ENDPOINT, id: 'fedcba543210', containerId: 'c2' }), mac);
	assert.equal(macOfEndpoint(at('10.4.6.2', 'fd00::2')), mac);
	assert.notEqual(macOfEndpoint({ ...ENDPOINT, networkId: '0123456789ac' }), mac);
	assert.equal(macOfEndpoint({ ...ENDPOINT, mac: '02:00:00:00:00:07' }), '02:00:00:00:00:07');
	assert.equal(macOfEndpoint(at()), '02:cd:ef:01:23:45');
});

test('no two addresses of a network have the same MAC address', () => {
	const addresses = Array.from({ length: 65_536 }, (_, index) => `10.4.${index >> 8}.${index & 255}`);
	const macs = new Set(addresses.map((address) => macOfEndpoint(at(address))));
	assert.equal(macs.size, addresses.length);
	fc.assert(
		fc.property(fc.ipV6(), fc.ipV6(), (one, other) => {
			fc.pre(one !== other);
			const of = (address: string) => macOfEndpoint(at(address));
			assert.notEqual(of(one), of(other));
		}),
	);
});
