/** What somebody else did to our table is found by holding it against the one that the same parts make elsewhere. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { compareFilter } from '#host/linux/comparison/filter.ts';
import { Firewall } from '#host/linux/firewall/firewall.ts';
import type { Part } from '#model/part.ts';
import type { FilterMemberPart, NetworkFilterPart } from '#model/parts/network-filter.ts';
import { closeNamespace, createNamespace, within } from '#os/linux/netns.ts';
import { Nftables } from '#os/linux/nftables.ts';
import { IDLE, NETWORK, PORTS } from './filter-parts.ts';

const OTHER: NetworkFilterPart = {
	...NETWORK,
	network: 'aaaaaaaaaaa2',
	interface: 'kleene1',
	subnet: '10.4.7.0/24',
	subnet6: '',
	resolvers: ['10.4.7.1'],
	internal: true,
};
const MEMBER: FilterMemberPart = {
	kind: 'filter-member',
	network: NETWORK.network,
	interface: 'epair3a',
	internal: false,
};
const PARTS: readonly Part[] = [NETWORK, OTHER, MEMBER, PORTS];

let host: number;
let firewall: Firewall;
let nft: Nftables;

before(() => {
	host = createNamespace();
	firewall = new Firewall(host, IDLE);
	nft = within(host, () => new Nftables());
});
after(() => {
	firewall.close();
	nft.close();
	closeNamespace(host);
});

beforeEach(async () => {
	nft.run('flush ruleset');
	for (const network of [NETWORK, OTHER]) await firewall.networks.make(network, {});
	await firewall.members.make(MEMBER, {});
	await firewall.ports.make(PORTS, {});
});

/** Kinds of the parts that differ, and what is said of them. */
function differing(expected = PARTS) {
	return compareFilter(host, expected).differing.map(({ part, what }) => [part, what] as const);
}

test('what was made is found as it was made', () => {
	assert.deepEqual(compareFilter(host, PARTS), { differing: [], excess: [] });
});

test('an element that is gone belongs to the part that it was made for', () => {
	nft.run('delete element inet kleene published_ports4 { tcp . 8003 }');
	assert.deepEqual(differing(), [[PORTS, 'element tcp . 8003 : 10.4.6.2 . 83 of published_ports4 is missing']]);
	nft.run('delete element inet kleene container_interfaces { "epair3a" }');
	assert.deepEqual(
		differing().find(([part]) => part === MEMBER)?.[1],
		'element epair3a of container_interfaces is missing',
	);
	nft.run('delete element inet kleene internal_interfaces { "kleene1" }');
	assert.deepEqual(
		differing().find(([part]) => part === OTHER)?.[1],
		'element kleene1 of internal_interfaces is missing',
	);
});

test('rules that are gone, added or in another order are told apart', () => {
	nft.run(`insert rule inet kleene net_${NETWORK.network} accept`);
	assert.match(differing()[0]?.[1] ?? '', /^chain net_aaaaaaaaaaa1 has/);
	nft.run(`flush chain inet kleene net_${OTHER.network}`);
	const other = differing().find(([part]) => part === OTHER);
	assert.match(other?.[1] ?? '', /^chain net_aaaaaaaaaaa2 has \d+ of \d+ rules missing$/);
	nft.run('flush chain inet kleene from_outside');
	assert.ok(differing().some(([, what]) => /chain from_outside has 2 of 2 rules missing/.test(what)));
});

test('an element that leads elsewhere is to be unmade before it is made', () => {
	nft.run('delete element inet kleene published_ports4 { tcp . 8003 }');
	nft.run('add element inet kleene published_ports4 { tcp . 8003 : 10.4.6.9 . 1 }');
	const [found] = compareFilter(host, PARTS).differing;
	assert.equal(found?.what, 'element tcp . 8003 of published_ports4 leads to 10.4.6.9 . 1');
	assert.deepEqual(found?.instead, [
		{ ...PORTS, container: '', interface: '', first: 8003, last: 8003, target: '10.4.6.9', targetFirst: 1 },
	]);
});

test('without a table everything is missing, once for each part', () => {
	nft.run('delete table inet kleene');
	const parts = differing().map(([part]) => part);
	assert.equal(parts.length, PARTS.length);
	for (const part of PARTS) assert.ok(parts.includes(part), part.kind);
});

test('what no expected part explains comes with the part whose unmaking takes it away', async () => {
	const { differing: none, excess } = compareFilter(host, [NETWORK, PORTS]);
	assert.deepEqual(none, []);
	assert.equal(excess.length, 2, JSON.stringify(excess));
	assert.match(excess[0]?.what ?? '', /rules of a network aaaaaaaaaaa2/);
	for (const part of excess.flatMap(({ parts }) => parts)) {
		if (part.kind === 'network-filter') await firewall.networks.unmake(part, {});
		if (part.kind === 'filter-member') await firewall.members.unmake(part, {});
	}
	assert.deepEqual(compareFilter(host, [NETWORK, PORTS]), { differing: [], excess: [] });
});

test('counters that count are no difference', () => {
	nft.run('add rule inet kleene from_outside counter packets 5 bytes 500 drop');
	const [[, what] = [undefined, '']] = differing();
	assert.match(what, /chain from_outside has 1 added/);
	nft.run(
		`flush chain inet kleene from_outside; add rule inet kleene from_outside ct status dnat accept; add rule inet kleene from_outside counter packets 1 bytes 9 goto drop_outside_apart`,
	);
	assert.deepEqual(differing(), []);
});
