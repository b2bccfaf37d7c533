import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import type { PartHandler } from '#host/freebsd/handler.ts';
import { FreebsdNetwork } from '#host/freebsd/network/network.ts';
import { unplannedHandlers } from '#host/freebsd/unplanned.ts';
import type { Part, PartKind } from '#model/part.ts';

/** What every script is, to the letter. `KLEENE_REWRITE=1` writes it anew, to be read before it is committed. */
const RENDERED = new URL('./rendered-network.txt', import.meta.url);

const STORE = '1a2b3c4d';
const container = 'aaaabbbbcccc';
const inside = { container, interface: 'epair3b' };
const cable = { container, unit: 3, inside: 'epair3b', routed: false };
const shared = { container, interface: 'kleene1', unit: -1, inside: 'kleene1', hostAddress: '' };

const PARTS: readonly Part[] = [
	{ kind: 'network-interface', interface: 'kleene0', type: 'bridge', mac: '02:1d:c2:9b:8f:36' },
	{ kind: 'network-interface', interface: 'kleene1', type: 'loopback', mac: '02:1d:c2:9b:8f:37', mtu: 9000 },
	{ kind: 'interface-address', interface: 'kleene0', address: '10.4.6.1/24' },
	{ kind: 'interface-address', interface: 'kleene0', address: 'fd00:4:6::1/64' },
	{ kind: 'parent-port', bridge: 'kleene0', parent: 'em1' },
	{ kind: 'parent-port', bridge: 'kleene0', parent: 'em0', vlan: 30 },
	{ kind: 'epair', ...cable, mac: '02:00:00:00:00:07', mtu: 1400 },
	{ kind: 'epair', ...cable, container: '', mac: '02:00:00:00:00:08' },
	{ kind: 'bridge-port', bridge: 'kleene0', interface: 'epair3a', isolated: true, hairpin: false },
	{ kind: 'bridge-port', bridge: 'kleene0', interface: 'epair3a', isolated: false, hairpin: true },
	{ kind: 'inside-address', ...inside, address: '10.4.6.2/24' },
	{ kind: 'inside-address', ...inside, address: 'fd00:4:6::2/64' },
	{ kind: 'inside-route', ...inside, family: 4, gateway: '10.4.6.1' },
	{ kind: 'inside-route', ...inside, family: 6, gateway: 'fd00:4:6::1' },
	{ kind: 'ipnet-address', ...shared, address: '10.2.3.7', subnet: '10.2.3.0/24' },
	{ kind: 'ipnet-address', ...shared, address: 'fd00:2:3::7', subnet: 'fd00:2:3::/64' },
];

function render(release: number, parts: readonly Part[]): string {
	const all = new FreebsdNetwork({ ifconfig: release >= 14, route: release >= 14 }, STORE)
		.handlers as unknown as Record<string, PartHandler<PartKind>>;
	const steps = parts.flatMap((part) => (['make', 'unmake'] as const).map((verb) => ({ verb, part })));
	return steps
		.flatMap(({ verb, part }) => {
			const handler = all[part.kind]!;
			const words = handler.describe(verb, part).map((line) => `# ${line}`);
			return [`#### FreeBSD ${release}: ${verb} ${part.kind}`, ...words, handler[verb](part, {}).text, ''];
		})
		.join('\n');
}

test('every script of the network is what was read and found right', () => {
	const newer = PARTS.filter(({ kind }) => kind === 'epair' || kind.startsWith('inside-'));
	const text = render(13, PARTS) + render(14, newer);
	if (process.env.KLEENE_REWRITE === '1') writeFileSync(RENDERED, text);
	assert.equal(text, readFileSync(RENDERED, 'utf8'));
});

test('what a user could have typed stays one word, wherever it is', () => {
	const hostile = `x'; touch /tmp/no; echo '`;
	const part: Part = { kind: 'bridge-port', bridge: hostile, interface: hostile, isolated: true, hairpin: false };
	const quoted = `'x'\\''; touch /tmp/no; echo '\\'''`;
	const { text } = new FreebsdNetwork({ ifconfig: false, route: false }, STORE).handlers['bridge-port'].unmake(
		part,
		{},
	);
	assert.ok(text.includes(`ifconfig ${quoted} deletem ${quoted}`), text);
});

test('a step that no plan for this host has is refused before the host is asked', () => {
	const member: Part = { kind: 'filter-member', network: 'aaaabbbbcccc', interface: 'epair0a', internal: false };
	const handler = new FreebsdNetwork({ ifconfig: false, route: false }, STORE).handlers['filter-member'];
	for (const refused of [() => handler.make(member, {}), () => handler.unmake(member, {})])
		assert.throws(refused, { code: 'UNSUPPORTED_HERE', what: 'cannot make a filter-member' });
	for (const [kind, { make }] of Object.entries(unplannedHandlers))
		assert.throws(() => (make as () => never)(), { code: 'UNSUPPORTED_HERE', what: `cannot make a ${kind}` });
});
