import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostTraits } from '#model/host/traits.ts';
import type { Network } from '#model/network.ts';
import { ENDPOINT, testnet } from '#test/engine/testnet.ts';
import { partsOfIpnetEndpoint } from './endpoint.ts';
import { partsOfNetwork } from './network.ts';

const BASE = { innerNames: 'unit', names: 'hosts-file', checksSources: false, jailParameters: 'native' } as const;
const SHARED_STACK: HostTraits = { ...BASE, ipnetHasEpair: false };
const OWN_STACK: HostTraits = { ...BASE, ipnetHasEpair: true };
const DUAL = { subnet6: 'fd00:4:6::/64', gateway6: '<auto>', icc: false };
const NETWORK = testnet(DUAL);

function gatewaysOn(traits: HostTraits, network: Network = NETWORK): readonly string[] | undefined {
	const filter = partsOfNetwork(network, { traits }).find((part) => part.kind === 'network-filter');
	return filter?.gateways;
}

test('where containers share the stack of the host, its rules are told the addresses that are not containers', () => {
	assert.deepEqual(gatewaysOn(SHARED_STACK), ['10.4.6.1', 'fd00:4:6::1']);
	assert.deepEqual(gatewaysOn(SHARED_STACK, testnet({ ...DUAL, gateway6: '' })), ['10.4.6.1']);
	assert.deepEqual(gatewaysOn(SHARED_STACK, testnet({ ...DUAL, type: 'custom', interface: 'em0' })), []);
	assert.equal(gatewaysOn(OWN_STACK), undefined);
});

test('and an address that is one says of which network', () => {
	const membership = (hasEpair: boolean, network: Network) => {
		const parts = partsOfIpnetEndpoint({ endpoint: ENDPOINT, network, unit: 3 }, new Set(), hasEpair);
		return parts.find((part) => part.kind === 'ipnet-address')?.member;
	};
	assert.deepEqual(membership(false, NETWORK), { network: '0123456789ab', shared: false, icc: false });
	const custom = testnet({ ...DUAL, type: 'custom', icc: true });
	assert.deepEqual(membership(false, custom), { network: '0123456789ab', shared: true, icc: true });
	assert.equal(membership(true, NETWORK), undefined);
});
