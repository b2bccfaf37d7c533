/** A network and ports published by one of its containers, for tests of the firewall to change. */
import type { NetworkFilterPart } from '#model/parts/network-filter.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';

export const NETWORK: NetworkFilterPart = {
	kind: 'network-filter',
	network: 'aaaaaaaaaaa1',
	interface: 'kleene0',
	shared: false,
	subnet: '10.4.6.0/24',
	subnet6: 'fd00:4:6::/64',
	icc: false,
	internal: false,
	nat: 'eth0',
	uplink: '',
};

export const PORTS: PublishedPortsPart = {
	kind: 'published-ports',
	container: 'bbbbbbbbbbb1',
	protocol: 'tcp',
	hostAddress: '',
	arrivesOn: '',
	first: 8000,
	last: 8009,
	target: '10.4.6.2',
	targetFirst: 80,
	interface: 'kleene0',
};

/** The firewall routes nothing in a namespace that only holds rules. */
export const IDLE = { allow() {}, release() {}, letLoopbackOut() {}, isRouter: () => true, uplinks: () => [] };
