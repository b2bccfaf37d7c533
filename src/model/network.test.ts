import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KleeneError } from '#errors/kleene-error.ts';
import { formatAddress } from '#inet/address.ts';
import { familyEntries } from '#inet/family.ts';
import { TESTNET_CONFIG } from '#test/engine/testnet.ts';
import { parseNetworkConfig } from './configuration/network-config.ts';
import { HOST_GATEWAY, type NetworkConfig, networkOf, networkText } from './network.ts';

function refusal(change: Partial<NetworkConfig>): KleeneError {
	try {
		parseNetworkConfig({ ...TESTNET_CONFIG, ...change });
	} catch (error) {
		return error as KleeneError;
	}
	assert.fail(`accepted: ${JSON.stringify(change)}`);
}

test('malformed values are refused with the words of the contract and a way out', () => {
	const cases: [Partial<NetworkConfig>, string, RegExp][] = [
		[{ subnet: '10.4.6.0/33' }, 'invalid subnet: could not parse cidr block: "10.4.6.0/33"', /10\.4\.6\.0\/24/],
		[{ subnet: '10.4.6.7/24' }, 'invalid subnet: could not parse cidr block: "10.4.6.7/24"', /10\.4\.6\.0\/24/],
		[{ subnet: 'fd00::/64' }, 'invalid subnet: wrong IP protocol', /subnet6/],
		[{ subnet6: '10.0.0.0/8' }, 'invalid subnet6: wrong IP protocol', /subnet/],
		[{ gateway: 'fd00::1' }, 'invalid gateway: wrong IP protocol', /gateway6/],
		[{ gateway6: '10.4.6.1', subnet6: 'beef:beef::1' }, 'invalid gateway6: wrong IP protocol', /gateway/],
		[{ gateway: 'nonsense' }, 'invalid gateway: could not parse cidr block: "nonsense"', /auto/],
	];
	for (const [change, message, hint] of cases) {
		const error = refusal(change);
		assert.equal(error.message, message);
		assert.match(error.hint, hint);
	}
});

test('a gateway that containers could not reach is refused', () => {
	assert.match(refusal({ gateway: '10.4.7.1' }).why, /10\.4\.7\.1 is not a host address of 10\.4\.6\.0\/24/);
	assert.match(refusal({ gateway: '10.4.6.255' }).why, /not a host address/);
	assert.match(refusal({ gateway: '10.4.6.1', subnet: '' }).why, /no subnet/);
});

test('a subnet without room for a gateway and a container is refused', () => {
	assert.match(refusal({ subnet: '10.4.6.4', gateway: '' }).why, /no room/);
	const { families } = parseNetworkConfig({ ...TESTNET_CONFIG, subnet: '10.4.6.4/31', gateway: '' });
	assert.equal(families[4]?.subnet.prefix, 31);
});

test('a subnet of addresses that no host can have is refused, with a range that works', () => {
	const blocks = ['224.0.0.0/4', '239.1.2.0/24', '240.0.0.0/4', '255.255.255.0/24', '0.0.0.0/8', '0.1.0.0/16'];
	for (const subnet of [...blocks, '128.0.0.0/1', '0.0.0.0/0']) {
		const error = refusal({ subnet });
		assert.deepEqual([error.code, error.message], ['INVALID_SUBNET', error.why], subnet);
		assert.match(error.message, /^invalid subnet: .* (lies in|holds) .*, which is reserved for /);
		assert.match(error.hint, /192\.168\.0\.0\/16/);
	}
	for (const subnet6 of ['fe80::/10', 'fe80:1::/64', 'ff00::/8', 'ff02::/64', '::/8', '::ffff:0:0/96', '::/0']) {
		const error = refusal({ subnet6 });
		assert.deepEqual([error.code, /fd00::\/8/.test(error.hint)], ['INVALID_SUBNET', true], subnet6);
	}
	for (const subnet of ['1.0.0.0/24', '100.64.0.0/10', '169.254.7.0/24', '223.255.255.0/24', '64.0.0.0/3'])
		assert.equal(parseNetworkConfig({ ...TESTNET_CONFIG, subnet }).asked.subnet, subnet);
	for (const subnet6 of ['2001:db8::/64', 'fd00:4:6::/64', 'fec0::/64'])
		assert.equal(parseNetworkConfig({ ...TESTNET_CONFIG, subnet6 }).asked.subnet6, subnet6);
});

test('names that could mean something to a tool are refused', () => {
	for (const name of ['', '-t', 'a b', 'a;b', '../x', 'ä', 'x'.repeat(129)])
		assert.equal(refusal({ name }).code, 'INVALID_ARGUMENT');
	for (const name of ['a b', '-x', 'a/b', 'x'.repeat(16), 'a;b', 'all', 'default'])
		assert.equal(refusal({ interface: name }).code, 'INVALID_ARGUMENT');
	assert.match(refusal({ type: 'custom' }).hint, /--interface/);
});

test('only a bridge has a gateway, and only an automatic one is an address of the host', () => {
	const gateways = (changes: Partial<NetworkConfig>) => {
		const { families } = parseNetworkConfig({ ...TESTNET_CONFIG, ...changes });
		return familyEntries(families).map(([family, { gateway }]) => [
			family,
			gateway && `${formatAddress(gateway.address)} ${gateway.onHost ? 'of the host' : 'of others'}`,
		]);
	};
	assert.deepEqual(gateways({ gateway6: '<auto>' }), [[4, '10.4.6.1 of the host']]);
	assert.deepEqual(gateways({ gateway: '10.4.6.254' }), [[4, '10.4.6.254 of others']]);
	assert.deepEqual(gateways({ gateway: '', subnet6: 'fd00::/64', gateway6: '<auto>' }), [
		[4, undefined],
		[6, 'fd00::1 of the host'],
	]);
	assert.deepEqual(gateways({ type: 'loopback' }), [[4, undefined]]);
});

test('a network is shown and stored as it was asked for', () => {
	const asked = [
		{},
		{ subnet: '', subnet6: 'fd00:0::/64', gateway6: 'fd00::0:7', nat: '<host-gateway>' },
		{ type: 'loopback', gateway: '10.9.9.9', gateway6: '<auto>', nat: 'em0', nat6: true },
	] as const;
	for (const changes of asked) {
		const config = { ...TESTNET_CONFIG, ...changes };
		const network = { ...parseNetworkConfig(config), id: '0123456789ab', created: '' };
		const text = networkText(network);
		const canonical = { ...config, ...('subnet6' in changes && { subnet6: 'fd00::/64', gateway6: 'fd00::7' }) };
		const lan = { parent: '', vlan: 0, ipRange: '', ipRange6: '', hostIp: '', hostIp6: '' };
		assert.deepEqual(text, { ...lan, ...canonical, id: '0123456789ab', created: '' });
		assert.deepEqual(networkOf(text), network);
	}
});

test('traffic of a family is translated where that was asked for', () => {
	const natOf = (changes: Partial<NetworkConfig>) => {
		const { families, uplink } = parseNetworkConfig({ ...TESTNET_CONFIG, subnet6: 'fd00::/64', ...changes });
		return [uplink, families[4]?.nat, families[6]?.nat];
	};
	assert.deepEqual(natOf({}), [HOST_GATEWAY, false, false]);
	assert.deepEqual(natOf({ nat: HOST_GATEWAY }), [HOST_GATEWAY, true, false]);
	assert.deepEqual(natOf({ nat: 'em1', nat6: true }), ['em1', true, true]);
	assert.deepEqual(natOf({ nat6: true }), [HOST_GATEWAY, false, true]);
});
