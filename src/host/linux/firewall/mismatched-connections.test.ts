import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVERY_UPLINK } from '#model/network.ts';
import type { NetworkFilterPart } from '#model/parts/network-filter.ts';
import type { TrackedConnection } from '#os/linux/netlink/filter/conntrack.ts';
import { mismatched } from './mismatched-connections.ts';

const NET: NetworkFilterPart = {
	kind: 'network-filter',
	network: 'aaaaaaaaaaaa',
	interface: 'kleene0',
	shared: false,
	subnet: '10.4.6.0/24',
	subnet6: 'fd00:4:6::/64',
	icc: true,
	internal: false,
	nat: EVERY_UPLINK,
	uplink: EVERY_UPLINK,
};
const OTHER = { ...NET, network: 'b', interface: 'kleene1', subnet: '10.4.7.0/24', subnet6: '', icc: false };
const CLOSED = { ...NET, network: 'c', interface: 'kleene2', subnet: '10.4.8.0/24', subnet6: '', internal: true };
const OWN = new Set(['10.4.6.1', '192.0.2.1']);

function connection(source: string, destination: string, seen = source, real = destination): TrackedConnection {
	const ports = { sourcePort: 1000, destinationPort: 90 };
	return {
		family: source.includes(':') ? 6 : 4,
		protocol: 17,
		original: { source, destination, ...ports },
		reply: { source: real, destination: seen, sourcePort: 90, destinationPort: 1000 },
	};
}

function isForgotten(one: TrackedConnection): boolean {
	return mismatched([one], [NET, OTHER, CLOSED], OWN).length === 1;
}

test('what rules would have translated or refused is forgotten', () => {
	for (const [source, destination] of [
		['10.4.6.2', '192.0.2.2'],
		['10.4.6.2', '10.4.7.2'],
		['10.4.7.2', '10.4.7.3'],
		['10.4.8.2', '192.0.2.2'],
		['192.0.2.2', '10.4.6.2'],
	] as const)
		assert.ok(isForgotten(connection(source, destination)), `${source} to ${destination}`);
});

test('what they would have let begin as it is goes on', () => {
	for (const one of [
		connection('10.4.6.2', '192.0.2.2', '192.0.2.1'),
		connection('192.0.2.2', '192.0.2.1', '192.0.2.2', '10.4.6.2'),
		connection('10.4.6.2', '10.4.6.3'),
		connection('10.4.6.2', '10.4.6.1'),
		connection('192.0.2.1', '10.4.7.2'),
		connection('fd00:4:6::2', '2001:db8::1'),
		connection('192.0.2.2', '192.0.2.1'),
		connection('10.4.6.2', '224.0.0.251'),
	])
		assert.ok(!isForgotten(one), `${one.original.source} to ${one.original.destination}`);
});
