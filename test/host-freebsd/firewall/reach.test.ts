import assert from 'node:assert/strict';
import { test } from 'node:test';
import { COMBINATIONS, DNS, everywhere, FAMILIES, PING, reached, unreached, WEB } from './expectations.ts';
import type { Service } from './host.ts';
import { at, landscape } from './landscape.ts';

for (const settings of COMBINATIONS) {
	const { internal, icc } = settings;
	const title = `${internal ? 'internal' : 'not internal'}, icc ${icc ? 'on' : 'off'}`;
	const joins = icc ? reached : unreached;

	test(`${title}: members of a network`, () => {
		everywhere({ a: settings, l: settings, c: settings }, (host, family) => {
			for (const from of ['va1', 'va2', 'ia1', 'ia2'])
				for (const to of ['va1', 'va2', 'ia1', 'ia2']) (from === to ? reached : joins)(host, from, to, family);
			joins(host, 'il1', 'il2', family);
			joins(host, 'ic2', 'ic1', family);
			for (const own of ['il1', 'ic1']) reached(host, own, own, family);
		});
	});

	test(`${title}: other networks, in both directions`, () => {
		everywhere({ a: settings, l: settings, c: settings }, (host, family) => {
			const sides = [['va1', 'ia1'], ['vb', 'ib'], ['il1'], ['ic1']];
			for (const from of sides.flat())
				for (const to of sides.filter((side) => !side.includes(from)).flat())
					for (const service of [WEB, PING, DNS]) unreached(host, from, to, family, service);
		});
	});

	test(`${title}: outside`, () => {
		everywhere({ a: settings, l: settings, c: settings }, (host, family) => {
			const out = internal ? unreached : reached;
			for (const from of ['va1', 'ia1', 'il1', 'ic1']) {
				out(host, from, 'far', family);
				unreached(host, 'far', from, family);
				unreached(host, 'far', from, family, PING);
			}
			for (const from of ['va1', 'ia1', 'il1']) {
				out(host, from, 'neighbour', family);
				unreached(host, 'neighbour', from, family);
			}
			joins(host, 'ic1', 'neighbour', family);
			joins(host, 'neighbour', 'ic1', family);
		});
	});

	test(`${title}: from the host every container is reached`, () => {
		everywhere({ a: settings, l: settings, c: settings }, (host, family) => {
			for (const to of ['va1', 'ia1', 'il1', 'ic1', 'vb', 'ib']) {
				reached(host, 'host', to, family);
			}
			// What the kernel answers itself, on an address that the question also comes from, cannot be told apart here.
			for (const to of ['va1', 'vb']) reached(host, 'host', to, family, PING);
		});
	});

	test(`${title}: services of the host`, () => {
		for (const family of FAMILIES) {
			const host = landscape({ a: settings, l: settings, c: settings });
			const serves = (from: string, to: string, service: Service, wanted: boolean) => {
				const { outcome, to: who } = host.converse(from, at(to, family), service);
				const said = `${from} → ${to} ${service.protocol} ${service.port}, IPv${family}: ${host.last}`;
				assert.equal(outcome, wanted ? 'answered' : 'refused', said);
				assert.equal(who, wanted ? 'host' : '', said);
			};
			for (const from of ['va1', 'ia1']) {
				serves(from, 'gatewayA', PING, true);
				serves(from, 'gatewayA', DNS, true);
				serves(from, 'gatewayA', { protocol: 'tcp', port: 53 }, true);
				serves(from, 'gatewayA', WEB, !internal);
			}
			for (const from of ['va1', 'ia1', 'il1', 'ic1'])
				for (const to of ['host', 'gatewayB']) serves(from, to, WEB, !internal);
		}
	});
}

test('a container speaks to the outside by the address of the host in IPv4, by its own in IPv6, unless asked', () => {
	for (const from of ['va1', 'ia1', 'il1']) {
		assert.equal(landscape().converse(from, at('far', 4), WEB).seen, at('host', 4), from);
		assert.equal(landscape().converse(from, at('far', 6), WEB).seen, at(from, 6), from);
		assert.equal(landscape({ nat6: true }).converse(from, at('far', 6), WEB).seen, at('host', 6), from);
	}
	// Neighbours of a custom network know its containers.
	assert.equal(landscape().converse('ic1', at('neighbour', 4), WEB).seen, at('ic1', 4));
	assert.equal(landscape().converse('ic1', at('far', 4), WEB).seen, at('host', 4));
});

test("the host's own traffic is its own affair, also on the interface of a custom network", () => {
	for (const c of COMBINATIONS)
		for (const family of FAMILIES) {
			const open = landscape({ c });
			for (const [from, to] of [
				['host', 'far'],
				['host', 'neighbour'],
				['far', 'host'],
				['neighbour', 'host'],
			] as const)
				reached(open, from, to, family);
			assert.equal(open.converse('host', at('far', family), WEB).seen, at('host', family));
			const shut = landscape({ c, own: 'block in all\npass out all\n' });
			for (const from of ['far', 'neighbour', 'va1', 'ic1']) unreached(shut, from, 'host', family);
			for (const to of ['far', 'neighbour']) reached(shut, 'host', to, family);
		}
});

test('a forged source opens nothing', () => {
	for (const a of COMBINATIONS)
		for (const family of FAMILIES) {
			const host = landscape({ a });
			const tries: [from: string, source: string, to: string][] = [
				['far', 'va2', 'va1'],
				['far', 'ia1', 'ia2'],
				['far', 'il1', 'il2'],
				['va1', 'vb', 'vb2'],
				['va1', 'vb', 'ib'],
				['va1', 'il1', 'il2'],
				['va1', 'host', 'vb'],
				['va1', 'gatewayB', 'vb'],
				['va1', 'ib', 'vb'],
				['va1', 'neighbour', 'ic1'],
			];
			if (a.internal) tries.push(['va1', 'host', 'far'], ['va1', 'gatewayA', 'far'], ['va1', 'vb', 'far']);
			for (const [from, source, to] of tries) {
				const fate = host.forge(from, at(source, family), at(to, family), WEB);
				assert.equal(fate.kind, 'stopped', `${from} as ${source} → ${to}, IPv${family}`);
			}
		}
});

test('what is refused on its way out is told so, what comes from outside is not', () => {
	const host = landscape({ a: { internal: true } });
	assert.equal(host.converse('va1', at('far', 4), WEB).outcome, 'refused');
	assert.equal(host.converse('vb', at('ib', 4), WEB).outcome, 'answered');
	assert.equal(host.converse('vb', at('va1', 4), WEB).outcome, 'refused');
	assert.equal(host.converse('ib', at('ia1', 4), WEB).outcome, 'refused');
	assert.equal(host.converse('far', at('va1', 4), WEB).outcome, 'silence');
});

test('the host reaches an ipnet container from any of its addresses, nobody else by what only looks routed', () => {
	for (const icc of [true, false])
		for (const family of FAMILIES) {
			const host = landscape({ a: { icc }, own: 'block in all\n' });
			const fate = host.forge('host', at('host', family), at('ia1', family), WEB);
			assert.equal(fate.kind === 'delivered' && fate.to, 'ia1');
			// As if what came in on em0 had not been looked at.
			const [source, destination] = [at('far', family), at('va1', family)];
			const packet = {
				family,
				protocol: 'tcp',
				source,
				destination,
				sourcePort: 1,
				port: 80,
				first: true,
				tag: '',
			} as const;
			assert.equal(host.filter.test('out', 'kleene0', packet).verdict, 'drop');
		}
});

test('neighbour discovery on a bridge passes whatever the host blocks, on internal networks, too', () => {
	for (const a of COMBINATIONS) {
		const { filter } = landscape({ a, own: 'block all\n' });
		for (const [on, direction] of [
			['epair1a', 'in'],
			['kleene0', 'in'],
			['kleene0', 'out'],
			['epair2a', 'out'],
		] as const)
			for (const icmpType of ['neighbrsol', 'neighbradv']) {
				const ends = { source: 'fe80::1', destination: 'ff02::1:ff00:12', sourcePort: 0, port: 0, tag: '' };
				const packet = { family: 6, protocol: 'icmp6', icmpType, first: true, ...ends } as const;
				assert.equal(filter.test(direction, on, packet).verdict, 'pass', `${direction} on ${on}`);
			}
	}
});
