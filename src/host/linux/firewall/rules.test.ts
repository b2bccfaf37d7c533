import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NetworkFilterPart } from '#model/parts/network-filter.ts';
import { elementRemoval, networkElements, networkRemoval, renderNetwork } from './rules.ts';

const BRIDGE: NetworkFilterPart = {
	kind: 'network-filter',
	network: '0123456789ab',
	interface: 'kleene0',
	shared: false,
	subnet: '10.4.6.0/24',
	subnet6: 'fd00:4:6::/64',
	icc: true,
	internal: false,
	nat: 'em0',
	uplink: 'em0',
};
const rulesOf = (part: Partial<NetworkFilterPart>, chain: string) =>
	renderNetwork({ ...BRIDGE, ...part })
		.split('\n')
		.filter((line) => line.startsWith(`add rule inet kleene ${chain}_0123456789ab `))
		.map((line) => line.split(' ').slice(5).join(' '));

test('on the way out each family is translated only where it is to be', () => {
	const translated = (part: Partial<NetworkFilterPart>) =>
		rulesOf(part, 'nat').filter((rule) => rule.includes('oifname "'));
	assert.deepEqual(translated({}), ['meta nfproto ipv4 oifname "em0" masquerade']);
	assert.deepEqual(translated({ nat: '' }), []);
	assert.deepEqual(translated({ internal: true, nat6: 'em0' }), []);
	const six = 'meta nfproto ipv6 oifname "em1" masquerade';
	assert.deepEqual(translated({ nat6: 'em1' }), ['meta nfproto ipv4 oifname "em0" masquerade', six]);
	assert.deepEqual(translated({ nat: '', nat6: 'em1' }), [six]);
});

test('a shared interface never becomes the own or the internal interface of a network', () => {
	const elements = networkElements({ ...BRIDGE, interface: 'em0', shared: true, internal: true });
	assert.deepEqual(
		elements.filter(({ element }) => element.includes('em0')),
		[{ set: 'network_policy', element: '"em0" : jump lan_0123456789ab' }],
	);
	assert.deepEqual(elementRemoval(elements.slice(0, 1)), ['delete element inet kleene network_policy { "em0" }']);
});

test('on a shared interface only its subnet is inside, and only without icc off', () => {
	const shared = { interface: 'em0', shared: true } as const;
	assert.ok(rulesOf(shared, 'net').includes('oifname "em0" ip daddr 10.4.6.0/24 accept'));
	assert.deepEqual(rulesOf(shared, 'lan'), [
		'oifname @if_0123456789ab ip saddr 10.4.6.0/24 accept',
		'oifname @if_0123456789ab ip6 saddr fd00:4:6::/64 accept',
	]);
	assert.deepEqual(rulesOf({ ...shared, icc: false }, 'lan'), []);
	assert.ok(!rulesOf({ ...shared, icc: false }, 'net').some((rule) => /em0.* (daddr \S+) accept/.test(rule)));
});

test('everything that a network adds is taken away again', () => {
	for (const shared of [false, true]) {
		const part = { ...BRIDGE, shared };
		const added = [...renderNetwork(part).matchAll(/add (chain|set) inet kleene (\S+)/g)].map(
			([, what, name]) => `${what} ${name}`,
		);
		const removed = networkRemoval(part).join('\n');
		for (const one of added) assert.ok(removed.includes(`delete ${one.replace(' ', ' inet kleene ')}`), one);
	}
});
