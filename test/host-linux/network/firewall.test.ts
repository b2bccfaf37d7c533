/** What the firewall does when only a part of something can be made or taken away. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Firewall } from '#host/linux/firewall/firewall.ts';
import type { NetworkFilterPart } from '#model/parts/network-filter.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { within } from '#os/linux/netns.ts';
import { Nftables } from '#os/linux/nftables.ts';
import { openDescriptors, place } from '#test/os/linux/namespaces.ts';
import { IDLE, NETWORK, PORTS } from './filter-parts.ts';

const ONE: NetworkFilterPart = { ...NETWORK, icc: true };
const OTHER: NetworkFilterPart = { ...ONE, network: 'aaaaaaaaaaa2', interface: 'kleene1', subnet6: 'fd00:4:7::/64' };
const GUARDED: PublishedPortsPart = { ...PORTS, from: ['10.0.0.0/8'] };

function world(t: TestContext) {
	const { fd } = place(t);
	const firewall = new Firewall(fd, IDLE);
	const nft = within(fd, () => new Nftables());
	t.after(() => {
		firewall.close();
		nft.close();
	});
	const listed = () => nft.run('list ruleset').replaceAll(/packets \d+ bytes \d+/g, '');
	return { firewall, nft, listed };
}

test('a network of which something else has the interface or a subnet leaves nothing behind', (t) => {
	const { firewall, nft, listed } = world(t);
	firewall.networks.make(ONE, {});
	const before = listed();
	assert.throws(() => firewall.networks.make(OTHER, {}), /EEXIST/);
	assert.equal(listed(), before, 'its subnet is that of the first');
	nft.run('add element inet kleene network_policy { "kleene1" : goto internal_to_host }');
	const taken = listed();
	assert.throws(() => firewall.networks.make({ ...OTHER, subnet: '10.4.7.0/24' }, {}), /EEXIST/);
	assert.equal(listed(), taken);
});

test('a network that is there and cannot be made once more stays as it is', (t) => {
	const { firewall, nft, listed } = world(t);
	firewall.networks.make(ONE, {});
	nft.run(
		'delete element inet kleene network_policy { "kleene0" }; add element inet kleene network_policy { "kleene0" : goto internal_to_host }',
	);
	const before = listed();
	assert.throws(() => firewall.networks.make(ONE, {}), /EEXIST/);
	assert.equal(listed(), before);
});

test('of what is gone in part the rest goes, once and again', async (t) => {
	const { firewall, nft, listed } = world(t);
	firewall.networks.make({ ...OTHER, subnet: '10.4.7.0/24' }, {});
	const before = listed();
	firewall.networks.make(ONE, {});
	await firewall.ports.make(GUARDED, {});
	nft.run(
		'delete element inet kleene published_ports4 { tcp . 8003, tcp . 8004 }; delete element inet kleene container_interfaces { "kleene0" }',
	);
	nft.run('delete element inet kleene nat_sources6 { fd00:4:6::/64 }');
	for (const _ of [1, 2]) {
		await firewall.ports.unmake(GUARDED, {});
		firewall.networks.unmake(ONE, {});
		assert.equal(listed(), before);
	}
});

test('a table of version 0.1, whose sets had other names, gives way to the first network', (t) => {
	const { firewall, nft, listed } = world(t);
	nft.run(
		'add table inet kleene; add set inet kleene ours { type ifname; }; add chain inet kleene to_host; ' +
			'add chain inet kleene net_0; add rule inet kleene net_0 iifname @ours accept; add element inet kleene ours { "kleene0" }',
	);
	firewall.networks.make(ONE, {});
	assert.doesNotMatch(listed(), /\bours\b|to_host \{\s*\}|net_0/);
	assert.match(listed(), /container_interfaces/);
});

test('a table comes with the first network and goes with the last, and a closed firewall holds nothing', (t) => {
	const { fd } = place(t);
	const descriptors = openDescriptors();
	const firewall = new Firewall(fd, IDLE);
	assert.equal(firewall.isPresent(), false);
	for (const _ of [1, 2]) {
		firewall.networks.make(ONE, {});
		assert.equal(firewall.isPresent(), true);
		firewall.networks.unmake(ONE, {});
		assert.equal(firewall.isPresent(), false);
	}
	firewall.close();
	assert.equal(openDescriptors(), descriptors);
});
