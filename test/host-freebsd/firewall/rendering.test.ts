import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePortAnchor, portAnchor } from '#host/freebsd/firewall/port-rules.ts';
import { networkAnchors, selfAnchor, VERDICT } from '#host/freebsd/firewall/rules.ts';
import { EVERY_UPLINK } from '#model/network.ts';
import type { NetworkFilterPart } from '#model/parts/network-filter.ts';
import { PORT } from './landscape.ts';
import { parseRuleset } from './rules.ts';

const BRIDGE: NetworkFilterPart = {
	kind: 'network-filter',
	network: '0123456789ab',
	interface: 'kleene0',
	gateways: ['10.4.6.1', 'fd00:4:6::1'],
	shared: false,
	subnet: '10.4.6.0/24',
	subnet6: 'fd00:4:6::/64',
	icc: true,
	internal: false,
	nat: 'em0',
	uplink: 'em0',
};

/** Without the labels, which are fingerprints of the rest. */
function plain(text: string): string[] {
	return text
		.trimEnd()
		.split('\n')
		.map((line) => line.replace(/ label "kleene:[0-9a-f]{16}"$/, ''));
}

function rulesOf(part: Partial<NetworkFilterPart>, what: 'from' | 'to'): string[] {
	const anchor = networkAnchors({ ...BRIDGE, ...part }).find(({ name }) => name === `kleene/${what}.0123456789ab`);
	assert.ok(anchor);
	return plain(anchor.text);
}

test('what comes out of a bridge', () => {
	assert.deepEqual(rulesOf({}, 'from'), [
		'table <containers> { 10.4.6.0/24, fd00:4:6::/64, ! 10.4.6.1, ! fd00:4:6::1 }',
		'nat on "kleene0" inet from any to <containers> tagged kleene_hop -> 10.4.6.1',
		'nat on "kleene0" inet from 127.0.0.0/8 to <containers> tagged kleene_port -> 10.4.6.1',
		'nat on "kleene0" inet6 from any to <containers> tagged kleene_hop -> fd00:4:6::1',
		'nat on "em0" inet from <containers> to any tag kleene -> ("em0:0")',
		'no rdr from any to <containers>',
		'pass quick on "kleene0" inet6 proto icmp6 icmp6-type neighbrsol no state',
		'pass quick on "epair" inet6 proto icmp6 icmp6-type neighbrsol no state',
		'pass quick on "kleene0" inet6 proto icmp6 icmp6-type neighbradv no state',
		'pass quick on "epair" inet6 proto icmp6 icmp6-type neighbradv no state',
		'pass quick on "epair" from <containers> to <containers> no state',
		'pass quick on "kleene0" from <containers> to <containers> ! tagged kleene_port flags any keep state (sloppy)',
		'pass quick on "lo" from <containers> to <containers> ! tagged kleene_port flags any keep state (sloppy)',
		'pass in on "kleene0" from ! (self) to any tagged kleene_port flags any keep state tag kleene_hop',
		'pass in on "kleene0" from ! (self) to any ! tagged kleene_hop flags any keep state tag kleene',
		'pass out from <containers> to any ! tagged kleene_port flags any keep state tag kleene',
	]);
});

test('what goes into it', () => {
	assert.deepEqual(rulesOf({}, 'to'), [
		'table <containers> { 10.4.6.0/24, fd00:4:6::/64, ! 10.4.6.1, ! fd00:4:6::1 }',
		'block return-icmp(filter-prohib, admin-unr) quick from any to <containers> tagged kleene',
		'pass in quick on "lo" from any to <containers> flags any keep state (sloppy)',
		'block drop in quick from any to <containers>',
		'pass out quick from (self) to <containers> flags any keep state (sloppy)',
		'block drop out quick from any to <containers>',
	]);
});

test('what an internal network without icc says', () => {
	const only4 = { subnet6: '', gateways: ['10.4.6.1'], internal: true, icc: false };
	assert.deepEqual(rulesOf(only4, 'from').slice(4), [
		'anchor "self/*" on "lo" from <containers> to <containers>',
		'block return-icmp(filter-prohib, admin-unr) quick from <containers> to <containers> ! tagged kleene_port',
		'pass in quick on "kleene0" inet proto icmp from <containers> to 10.4.6.1',
		'pass quick on "lo" inet proto icmp from <containers> to 10.4.6.1',
		'pass in quick on "kleene0" inet proto tcp from <containers> to 10.4.6.1 port 53',
		'pass quick on "lo" inet proto tcp from <containers> to 10.4.6.1 port 53',
		'pass in quick on "kleene0" inet proto udp from <containers> to 10.4.6.1 port 53',
		'pass quick on "lo" inet proto udp from <containers> to 10.4.6.1 port 53',
		'block return-icmp(filter-prohib, admin-unr) in quick on "kleene0" from any to ! <containers>',
		'block return-icmp(filter-prohib, admin-unr) out quick from <containers> to ! <containers>',
	]);
});

test('IPv6 is translated on the way out only where that was asked for, IPv4 only where it is to be', () => {
	const outward = (part: Partial<NetworkFilterPart>) =>
		rulesOf(part, 'from')
			.filter((rule) => rule.startsWith('nat on "em0"'))
			.map((rule) => rule.split(' ')[3]);
	assert.deepEqual(outward({}), ['inet']);
	assert.deepEqual(outward({ nat6: 'em0' }), ['inet', 'inet6']);
	assert.deepEqual(outward({ nat: '' }), []);
	assert.deepEqual(outward({ internal: true, nat6: 'em0' }), []);
	const everywhere = { nat: EVERY_UPLINK, uplinks: ['em0', 'tun0'] };
	assert.deepEqual(outward({ ...everywhere, nat6: EVERY_UPLINK }), ['inet', 'inet6']);
	const rules = rulesOf(everywhere, 'from').filter((rule) => rule.startsWith('nat on "tun0"'));
	assert.deepEqual(rules, ['nat on "tun0" inet from <containers> to any tag kleene -> ("tun0:0")']);
	assert.deepEqual(outward({ ...everywhere, uplinks: [] }), []);
});

test('on a shared interface rules speak of containers only, never of the whole subnet', () => {
	for (const internal of [false, true])
		for (const icc of [false, true]) {
			const shared = { interface: 'em0', shared: true, internal, icc, gateways: [] };
			const all = [...rulesOf(shared, 'from'), ...rulesOf(shared, 'to')];
			for (const rule of all.filter((one) => !one.startsWith('table'))) assert.match(rule, /<containers>/);
			assert.ok(all.includes('table <containers> persist'));
		}
});

test('a published port, a range of them, and who may use them', () => {
	const passes = [
		'pass in quick inet proto tcp from any to 10.0.2.11 port 80 tagged kleene_port',
		'pass in quick inet proto tcp from any to 10.0.2.11 port 80 tagged kleene_hop',
		'pass out quick on ! "lo" reply-to (lo0 127.0.0.1) inet proto tcp from (self) to 10.0.2.11 port 80 tagged kleene_port',
		'pass out quick inet proto tcp from any to 10.0.2.11 port 80 tagged kleene_port',
	];
	const one = portAnchor(PORT);
	assert.equal(one.name, 'kleene/port.every.inet.tcp.8080');
	const rdr = 'rdr inet proto tcp from any to (self) port 8080 tag kleene_port -> 10.0.2.11 port 80';
	assert.deepEqual(plain(one.text), [rdr, ...passes]);
	const from = portAnchor({ ...PORT, from: ['198.51.100.0/24'] });
	assert.deepEqual(plain(from.text), [
		'table <sources> { 198.51.100.0/24 }',
		rdr,
		'block drop in quick on ! "lo" inet proto tcp from ! <sources> to 10.0.2.11 port 80 tagged kleene_port',
		'block drop in quick on ! "lo" inet proto tcp from ! <sources> to 10.0.2.11 port 80 tagged kleene_hop',
		'block drop out quick on "lo" inet proto tcp from ! <sources> to (self) port 8080 tagged kleene',
		...passes,
	]);
	const range = { protocol: 'udp', first: 5000, last: 5100, targetFirst: 6000, target: 'fd00:b::11' } as const;
	const six = portAnchor({ ...PORT, ...range, hostAddress: 'fd00:1::10' });
	assert.equal(six.name, 'kleene/port.at.fd00:1::10.udp.5000');
	assert.deepEqual(plain(six.text).slice(0, 2), [
		'rdr inet6 proto udp from any to fd00:1::10 port 5000:5100 tag kleene_port -> fd00:b::11 port 6000:*',
		'pass in quick inet6 proto udp from any to fd00:b::11 port 6000:6100 tagged kleene_port',
	]);
});

test('a port of SCTP, should a host have pf redirect it', () => {
	const { name, text } = portAnchor({ ...PORT, protocol: 'sctp' });
	assert.equal(name, 'kleene/port.every.inet.sctp.8080');
	assert.equal(parsePortAnchor(name)?.protocol, 'sctp');
	assert.match(text, /^rdr inet proto sctp from any to \(self\) port 8080 tag kleene_port -> 10\.0\.2\.11 port 80$/m);
});

test('pf is told nothing longer than it takes', () => {
	const long = { interface: 'abcdefghijklmno', hostAddress: 'fd00:1111:2222:3333:4444:5555:6666:7777' };
	const part = {
		...PORT,
		...long,
		target: 'fd00:aaaa:bbbb:cccc:dddd:eeee:ffff:1234',
		protocol: 'udp',
		first: 65530,
		last: 65535,
		targetFirst: 65530,
	} as const;
	const anchors = [
		portAnchor(part),
		...networkAnchors(BRIDGE),
		VERDICT,
		selfAnchor('0123456789ab', { address: long.hostAddress }),
	];
	for (const { name, text } of anchors) {
		// PF_ANCHOR_NAME_SIZE, PF_RULE_LABEL_SIZE and PF_TAG_NAME_SIZE, each with its end.
		for (const component of name.split('/')) assert.ok(component.length < 64, name);
		for (const [, label = ''] of text.matchAll(/label "([^"]*)"/g)) assert.ok(label.length < 64, label);
	}
});

test('a label is that of the whole text, and one for the whole text', () => {
	const labels = (part: NetworkFilterPart) =>
		networkAnchors(part).map(({ text }) => [
			...new Set([...text.matchAll(/label "([^"]*)"/g)].map(([, label]) => label)),
		]);
	for (const one of labels(BRIDGE)) assert.equal(one.length, 1);
	assert.deepEqual(labels(BRIDGE), labels({ ...BRIDGE }));
	assert.notDeepEqual(labels(BRIDGE)[1], labels({ ...BRIDGE, nat: '' })[1]);
});

test('tables come first, then translation, then filter rules', () => {
	for (const shared of [false, true])
		for (const { text } of networkAnchors({ ...BRIDGE, shared })) {
			assert.doesNotThrow(() => parseRuleset(text));
			assert.match(text, /^(table .*\n)+((nat|no|rdr) .*\n)*((pass|block|anchor) .*\n)+$/);
		}
});
