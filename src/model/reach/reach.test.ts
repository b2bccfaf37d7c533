import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Address, parseAddress, perFamily } from '#inet/address.ts';
import { parseSubnet } from '#inet/subnet.ts';
import { testnet } from '#test/engine/testnet.ts';
import type { NetworkDriver } from '../container.ts';
import type { Network, NetworkText } from '../network.ts';
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

/** A container with an address of one network alone. */
function single(one: Network): ReachContainer {
	const endpoint = on(one, Number(one.name.slice(3)), 7);
	return { driver: one.type === 'bridge' ? 'vnet' : 'ipnet', endpoints: [{ ...endpoint, defaultRoutes: [4, 6] }] };
}
const member = (one: Network, text: string): Target => {
	return { kind: 'container', container: single(one), network: one, address: address(text) };
};
const port = (one: Network, sources?: readonly string[]): Target => ({
	kind: 'port',
	address: address('192.0.2.1'),
	container: single(one),
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
		const target = { kind: 'port', container: { ...single(OPEN), driver }, network: OPEN } as const;
		return { ...target, address: address('::1') };
	};
	assert.equal(words(HOST, at('vnet')), 'accept loopback-unpublished');
	assert.equal(words(HOST, at('ipnet')), 'accept from-host');
});

test('a bridge keeps its ports apart in silence, what goes by the host is refused', () => {
	const vnet = container('vnet', on(APART, 3, 2));
	assert.equal(words(vnet, member(APART, '10.4.3.3')), 'drop icc-off');
	assert.equal(words(APART_MEMBER, member(APART, '10.4.3.3')), 'reject icc-off');
});

test('the host has no way to a container on a bridge without an address of its own', () => {
	const routed = network(6, { gateway: '10.4.6.254' });
	assert.equal(words(HOST, member(routed, '10.4.6.7')), 'lost no-way-in');
	assert.equal(words(A, member(routed, '10.4.6.7')), 'lost no-way-in');
	assert.equal(words(INTERNAL_MEMBER, member(routed, '10.4.6.7')), 'reject leaves-internal');
	assert.equal(words(container('vnet', on(routed, 6, 8)), member(routed, '10.4.6.7')), 'accept icc-on');
});

test('an answer by another network is lost where one of the two is internal', () => {
	const answering = (first: Network, unit: number): Target => {
		const both = { driver: 'vnet', endpoints: [on(first, unit, 9), on(OTHER, 2, 9, false)] } as const;
		return { kind: 'port', container: both, network: OTHER, address: address('192.0.2.1') };
	};
	assert.equal(words(FAR, answering(INTERNAL, 4)), 'lost no-way-back');
	assert.equal(words(FAR, answering(OPEN, 1)), 'accept outside-published');
	assert.equal(words(A, answering(INTERNAL, 4)), 'accept networks-published as host');
});
