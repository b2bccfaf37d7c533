/** Elements that are sent straight to the kernel against the same elements as nft makes them of the same words. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { renderBase, typeOf } from '#host/linux/firewall/base.ts';
import { keyOf, renderElements } from '#host/linux/firewall/rules.ts';
import { NftTable } from '#os/linux/netlink/filter/nft-table.ts';
import { within } from '#os/linux/netns.ts';
import { Nftables } from '#os/linux/nftables.ts';
import { openDescriptors, place } from '../namespaces.ts';

/** A namespace with our table in it. */
function table(t: TestContext) {
	const { fd } = place(t);
	const nft = within(fd, () => new Nftables());
	const elements = NftTable.open('kleene', fd);
	t.after(() => {
		nft.close();
		elements.close();
	});
	nft.run(renderBase());
	nft.run('add chain inet kleene net_a');
	nft.run('add set inet kleene if_a { type ifname; }');
	const listed = () => nft.run('list table inet kleene');
	return { nft, elements, listed };
}

const typed = (set: string, ...list: readonly string[]) => list.map((element) => ({ set, element, type: typeOf(set) }));

const EVERY_KIND = [
	...typed('network_policy', '"epair0a" : goto net_a', '"kleene0" : jump net_a', '"a-very-long-nam" : goto net_a'),
	...typed('container_interfaces', '"epair0a"', '"wg0.7"'),
	...typed('if_a', '"epair0a"'),
	...typed('published_ports4', 'tcp . 8080 : 10.4.6.2 . 80', 'udp . 65535 : 10.4.6.3 . 1'),
	...typed('published_ports6', 'tcp . 8080 : fd00:4:6::2 . 80'),
	...typed('published_addresses4', '192.0.2.1 . udp . 53 : 10.4.6.2 . 5353'),
	...typed('published_addresses6', '2001:db8::1 . tcp . 443 : fd00:4:6::2 . 8443'),
	...typed('restricted_ports4', '0.0.0.0/0 . tcp . 8000-8199', '192.0.2.1 . udp . 53'),
	...typed('restricted_ports6', '::/0 . tcp . 443'),
	...typed('allowed_sources4', '0.0.0.0/0 . 10.0.0.0/9 . tcp . 8000-8199', '192.0.2.1 . 198.51.100.7/32 . udp . 53'),
	...typed('allowed_sources6', '2001:db8::1 . 2001:db8:7::/49 . tcp . 443-444'),
	...typed('nat_sources4', '10.4.6.0/24 : goto net_a', '10.4.7.0/32 : goto net_a', '224.0.0.0/3 : goto net_a'),
	...typed('nat_sources6', 'fd00:4:6::/64 : goto net_a', 'ff00::/8 : goto net_a'),
	...typed('network_sources4', '"kleene0" . 10.4.6.0/24', '"kleene1" . 10.4.8.0/21'),
	...typed('network_sources6', '"kleene0" . fd00:4:6::/64'),
	...typed('asymmetric_sources4', '"kleene0" . 10.4.7.2', '"epair0a" . 10.4.8.3'),
	...typed('asymmetric_sources6', '"kleene0" . fd00:4:7::2'),
	...typed('endpoints4', '"kleene0" . 10.4.6.2'),
	...typed('connections4', '"kleene0" . 10.4.6.2 ct count over 7', '"epair0a" . 10.4.6.3 ct count over 1024'),
	...typed('sampled_connections6', '"kleene0" . fd00:4:6::2 ct count over 2147483647'),
	...typed('connections', '"kleene0" ct count over 100'),
	...typed('dns_rates4', '"kleene0" . 10.4.6.2 limit rate over 100/second burst 200 packets'),
	...typed('dns_rates6', '"kleene0" . fd00:4:6::2 limit rate over 2147483647/second burst 4294967294 packets'),
	...typed('dns_rates', '"kleene0" limit rate over 1000/second burst 2000 packets'),
	...typed('resolvers4', '10.4.6.1'),
	...typed('resolvers6', 'fd00:4:6::1'),
	...typed('ingress_interfaces4', '"eth0"'),
	...typed('ingress_interfaces6', '"eth0"'),
	...typed('bridged_ports6', 'tcp . 8000-8199', 'udp . 53'),
];

test('elements of every kind are what nft makes of the same words, and are taken out again', (t) => {
	const [ours, theirs] = [table(t), table(t)];
	const empty = ours.listed();
	ours.elements.add(EVERY_KIND);
	theirs.nft.run(renderElements(EVERY_KIND));
	assert.equal(ours.listed(), theirs.listed());
	assert.notEqual(ours.listed(), empty);
	ours.elements.remove(EVERY_KIND);
	assert.equal(ours.listed(), empty);
});

test('what nft has made we take out, and the other way round', (t) => {
	const { nft, elements, listed } = table(t);
	const empty = listed();
	nft.run(renderElements(EVERY_KIND));
	elements.remove(EVERY_KIND);
	assert.equal(listed(), empty);
	elements.add(EVERY_KIND);
	for (const { set, element } of EVERY_KIND) nft.run(`delete element inet kleene ${set} { ${keyOf(element)} }`);
	assert.equal(listed(), empty);
});

test('a transaction happens as a whole or not at all', (t) => {
	const { elements, listed } = table(t);
	elements.add(typed('published_ports4', 'tcp . 80 : 10.4.6.2 . 80'));
	elements.add(typed('published_ports4', 'tcp . 80 : 10.4.6.2 . 80'));
	const before = listed();
	const refused = (code: string) => (error: unknown) =>
		error instanceof Error && 'code' in error && error.code === code;
	const clash = typed(
		'published_ports4',
		'tcp . 81 : 10.4.6.2 . 81',
		'tcp . 80 : 10.4.6.3 . 80',
		'tcp . 82 : 10.4.6.2 . 82',
	);
	assert.throws(() => elements.add([...typed('container_interfaces', '"x"'), ...clash]), refused('EEXIST'));
	assert.throws(() => elements.remove(typed('published_ports4', 'tcp . 80', 'tcp . 83')), refused('ENOENT'));
	assert.throws(() => elements.add(typed('if_b', '"x"')), refused('ENOENT'));
	assert.throws(() => elements.add(typed('network_policy', '"x" : goto nowhere')), refused('ENOENT'));
	assert.throws(() => elements.add(typed('published_ports4', 'icmp . 80 : 10.4.6.2 . 80')), TypeError);
	assert.equal(listed(), before);
	elements.add(typed('published_ports4', 'tcp . 83 : 10.4.6.2 . 83'));
	assert.notEqual(listed(), before, 'the next one is not confused by those that were refused');
});

test('all ports of a machine at once', (t) => {
	const { elements, nft } = table(t);
	const before = openDescriptors();
	const all = typed(
		'published_ports4',
		...Array.from({ length: 65_535 }, (_, port) => `tcp . ${port + 1} : 10.4.6.2 . ${port + 1}`),
	);
	elements.add(all);
	assert.match(nft.run('get element inet kleene published_ports4 { tcp . 65535 }'), /65535 : 10\.4\.6\.2 \. 65535/);
	elements.remove(all);
	assert.doesNotMatch(nft.run('list map inet kleene published_ports4'), /elements/);
	assert.equal(openDescriptors(), before);
});

test('a namespace without our table has nothing to add to', (t) => {
	const elements = NftTable.open('kleene', place(t).fd);
	t.after(() => elements.close());
	assert.throws(() => elements.add(typed('container_interfaces', '"x"')), /No such file or directory \(ENOENT\)/);
});
