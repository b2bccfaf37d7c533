import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Address, parseAddress, perFamily } from '#inet/address.ts';
import { parseSubnet } from '#inet/subnet.ts';
import { testnet } from '#test/engine/testnet.ts';
import type { NetworkDriver } from './container.ts';
import type { Network, NetworkText } from './network.ts';
import { type ReachContainer, type ReachEndpoint, reach, type Sender, type Target } from './reach.ts';

function network(unit: number, changes: Partial<NetworkText> = {}): Network {
	const names = { id: `00000000000${unit}`, name: `net${unit}`, interface: `kleene${unit}` };
	return testnet({ ...names, subnet: `10.4.${unit}.0/24`, nat: '<host-gateway>', ...changes });
}

const address = (text: string): Address => parseAddress(text) ?? assert.fail(text);

function on(one: Network, unit: number, host: number, routes = true): ReachEndpoint {
	return { network: one, addresses: perFamily(address(`10.4.${unit}.${host}`)), defaultRoutes: routes ? [4] : [] };
}

function container(
	driver: NetworkDriver,
	...endpoints: readonly ReachEndpoint[]
): Sender & { container: ReachContainer } {
	return { kind: 'container', container: { driver, endpoints } };
}

const OPEN = network(1);
const OTHER = network(2);
const APART = network(3, { icc: false });
const INTERNAL = network(4, { internal: true });
const LAN = network(5, { type: 'custom', interface: 'eth1' });
const A = container('vnet', on(OPEN, 1, 2));
const APART_MEMBER = container('ipnet', on(APART, 3, 2));
const INTERNAL_MEMBER = container('vnet', on(INTERNAL, 4, 2));
const HOST: Sender = { kind: 'host' };
const FAR: Sender = { kind: 'outside', address: address('198.51.100.7') };

const member = (one: Network, text: string): Target => ({ kind: 'container', network: one, address: address(text) });
const port = (one: Network, sources?: readonly string[]): Target => ({
	kind: 'port',
	address: address('192.0.2.1'),
	container: { driver: 'vnet', endpoints: [] },
	network: one,
	...(sources && { sources: sources.flatMap((block) => parseSubnet(block) ?? []) }),
});
const service = (name: 'ping' | 'names' | 'other'): Target => {
	return { kind: 'host', address: address('192.0.2.1'), service: name };
};
const OUT: Target = { kind: 'outside', address: address('198.51.100.7') };

function words(from: Sender, to: Target): string {
	const { verdict, rule, seenAs } = reach(from, to);
	return `${verdict} ${rule}${seenAs === 'host' ? ' as host' : ''}`;
}

describe('who reaches whom', () => {
	for (const [name, from, to, expected] of [
		['members', A, member(OPEN, '10.4.1.3'), 'accept icc-on'],
		['itself', A, member(OPEN, '10.4.1.2'), 'accept own-address'],
		['members without icc', APART_MEMBER, member(APART, '10.4.3.3'), 'reject icc-off'],
		['another network', A, member(OTHER, '10.4.2.2'), 'reject networks-apart'],
		['into an internal network', A, member(INTERNAL, '10.4.4.2'), 'reject enters-internal'],
		['out of one', INTERNAL_MEMBER, member(OPEN, '10.4.1.2'), 'reject leaves-internal'],
		['out of one, by a port', INTERNAL_MEMBER, port(OPEN), 'reject leaves-internal'],
		['by a port of another network', A, port(OTHER), 'accept networks-published as host'],
		['by a port of a member without icc', APART_MEMBER, port(APART), 'accept icc-off-published as host'],
		['from outside', FAR, member(OPEN, '10.4.1.2'), 'drop outside-apart'],
		['from outside, by a port', FAR, port(OPEN), 'accept outside-published'],
		['outward', A, OUT, 'accept outward as host'],
		['services of the host', A, service('other'), 'accept host-open'],
		['services of the host, from an internal network', INTERNAL_MEMBER, service('other'), 'reject host-closed'],
		['names, from an internal network', INTERNAL_MEMBER, service('names'), 'accept host-names'],
		['pings, from an internal network', INTERNAL_MEMBER, service('ping'), 'accept host-pings'],
		['from the host', HOST, member(INTERNAL, '10.4.4.2'), 'accept from-host'],
		['with the stack of the host', container('host'), port(OPEN), 'accept from-host'],
		['without addresses', container('disabled'), OUT, 'lost no-network'],
		['without a default route', container('vnet', on(OPEN, 1, 2, false)), OUT, 'lost no-route'],
		['by a port for some', A, port(OTHER, ['10.4.1.2/32']), 'accept networks-published as host'],
		['by a port for others', A, port(OTHER, ['10.4.9.0/24']), 'drop source-refused'],
		['by a port for nobody, from the host', HOST, port(OTHER, []), 'accept from-host'],
	] as const)
		test(`${name}: ${expected}`, () => assert.equal(words(from, to), expected));
});

test('neighbours on the interface of a custom network are as its members, to them alone', () => {
	const neighbour: Sender = { kind: 'neighbour', network: LAN, address: address('10.4.5.77') };
	const there: Target = { kind: 'neighbour', network: LAN, address: address('10.4.5.77') };
	assert.equal(words(neighbour, member(LAN, '10.4.5.2')), 'accept icc-on');
	assert.equal(words(neighbour, member(OPEN, '10.4.1.2')), 'drop outside-apart');
	assert.equal(words(container('ipnet', on(LAN, 5, 2)), there), 'accept icc-on');
	assert.equal(words(A, there), 'accept outward as host');
});

test('a container of several networks speaks to each by the endpoint on it, and to others by its default route', () => {
	const both = container('vnet', on(INTERNAL, 4, 9, false), on(OPEN, 1, 9));
	assert.equal(words(both, member(INTERNAL, '10.4.4.2')), 'accept icc-on');
	assert.equal(words(both, member(OPEN, '10.4.1.2')), 'accept icc-on');
	assert.equal(words(both, OUT), 'accept outward as host');
});

test("the host's own ::1 leads to no container on a bridge", () => {
	const at = (driver: NetworkDriver): Target => {
		const target = { kind: 'port', container: { driver, endpoints: [] }, network: OPEN } as const;
		return { ...target, address: address('::1') };
	};
	assert.equal(words(HOST, at('vnet')), 'accept loopback-unpublished');
	assert.equal(words(HOST, at('ipnet')), 'accept from-host');
});
