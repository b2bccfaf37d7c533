/** The network `testnet`, as it is asked for and as it is, and an endpoint on it: for tests to change. */
import { parseAddress, perFamily } from '#inet/address.ts';
import type { Endpoint } from '#model/endpoint.ts';
import { type Network, type NetworkConfig, type NetworkText, networkOf } from '#model/network.ts';

export const TESTNET_CONFIG: NetworkConfig = {
	name: 'testnet',
	type: 'bridge',
	interface: '',
	subnet: '10.4.6.0/24',
	subnet6: '',
	gateway: '<auto>',
	gateway6: '',
	nat: '',
	icc: true,
	internal: false,
	nat6: false,
	dns: true,
	mtu: 0,
};

/** The same with some of it changed. */
export function testnet(changes: Partial<NetworkText> = {}): Network {
	return networkOf({ ...TESTNET_CONFIG, id: '0123456789ab', interface: 'kleene0', created: '', ...changes });
}

export const TESTNET = testnet();

export const ENDPOINT: Endpoint = {
	id: 'abcdef012345',
	containerId: 'c1',
	networkId: TESTNET.id,
	addresses: perFamily(parseAddress('10.4.6.2')),
	position: 0,
	epair: 3,
	mac: '',
	defaultRoute: false,
	aliases: [],
};
