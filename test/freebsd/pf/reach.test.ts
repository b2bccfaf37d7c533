import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FreeBsdHost, Service } from './host.ts';
import { at, landscape, PORT, type Wanted } from './landscape.ts';

const WEB: Service = { protocol: 'tcp', port: 80 };
const PING: Service = { protocol: 'icmp', port: 0 };
const DNS: Service = { protocol: 'udp', port: 53 };
const TCP_8080: Service = { protocol: 'tcp', port: 8080 };
const FAMILIES = [4, 6] as const;
const COMBINATIONS = [
	{ internal: false, icc: true },
	{ internal: false, icc: false },
	{ internal: true, icc: true },
	{ internal: true, icc: false },
];
/** pf.conf of a host as it is, and of hosts whose own rules would stop everything, or let everything through. */
const OWN: Readonly<Record<string, string>> = {
	'no rules of its own': '',
	'a host that blocks what comes in': 'block in all\npass out all\n',
	'a host that blocks everything but its own loopback': 'block all\npass on lo0\n',
	'a host that passes everything': 'pass quick all\n',
};

function reached(host: FreeBsdHost, from: string, to: string, family: 4 | 6, service = WEB): void {
	const { outcome, to: who } = host.converse(from, at(to, family), service);
	assert.equal(`${outcome} by ${who}`, `answered by ${to}`, `${from} → ${to}, IPv${family}: ${host.last}`);
}

function unreached(host: FreeBsdHost, from: string, to: string, family: 4 | 6, service = WEB): void {
	const { outcome, to: who } = host.converse(from, at(to, family), service);
	assert.notEqual(outcome, 'answered', `${from} → ${to}, IPv${family}`);
	assert.equal(who, '', `${from} → ${to}, IPv${family}: it arrived, though there is no answer`);
}

/** The same in both families and under every ruleset of the host's own. */
function everywhere(wanted: Wanted, check: (host: FreeBsdHost, family: 4 | 6) => void): void {
	for (const own of Object.values(OWN))
		for (const family of FAMILIES) check(landscape({ ...wanted, own: `${wanted.own ?? ''}${own}` }), family);
}

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

const TARGETS = ['vb', 'ib', 'il1', 'ic1'];

function publishedTo(host: FreeBsdHost, target: string, family: 4 | 6): (from: string, to: string) => void {
	return (from, to) => {
		const { outcome, to: who } = host.converse(from, at(to, family), TCP_8080);
		assert.equal(`${outcome} ${who}`, `answered ${target}`, `${from} → ${to}:8080, IPv${family}: ${host.last}`);
	};
}

for (const target of TARGETS) {
	const ports = FAMILIES.map((family) => ({ target: at(target, family) }));

	test(`a port that ${target} publishes is reached from outside, the host and other networks, also its own`, () => {
		everywhere({ ports }, (host, family) => {
			const published = publishedTo(host, target, family);
			for (const from of ['far', 'neighbour']) published(from, 'host');
			for (const from of ['va1', 'ia1', 'vb', 'vb2', 'ib', 'il2', 'ic2', 'host'])
				for (const to of ['host', 'gatewayA', 'gatewayB']) published(from, to);
			if (family === 4 || !target.startsWith('v')) published('host', 'loopback');
		});
	});

	test(`a port that ${target} publishes is not reached from internal networks`, () => {
		for (const icc of [true, false])
			everywhere({ a: { internal: true, icc }, ports }, (host, family) => {
				for (const from of ['va1', 'ia1'])
					for (const to of ['host', 'gatewayA', 'gatewayB']) unreachedAt(host, from, to, family, TCP_8080);
			});
	});
}

function unreachedAt(host: FreeBsdHost, from: string, to: string, family: 4 | 6, service: Service): void {
	const { outcome, to: who } = host.converse(from, at(to, family), service);
	assert.equal(`${outcome} ${who}`, 'refused ', `${from} → ${to}, IPv${family}: ${host.last}`);
}

test('without icc members reach what other members publish, and themselves by it', () => {
	for (const target of ['va1', 'ia1'])
		everywhere(
			{ a: { icc: false }, ports: FAMILIES.map((family) => ({ target: at(target, family) })) },
			(host, family) => {
				for (const from of ['va1', 'va2', 'ia1', 'ia2', 'far', 'host']) {
					const { outcome, to } = host.converse(from, at('host', family), TCP_8080);
					assert.equal(`${outcome} ${to}`, `answered ${target}`, `${from}, IPv${family}: ${host.last}`);
				}
				for (const from of ['va2', 'ia2']) unreached(host, from, target, family);
			},
		);
});

test('a port on one address is not published on the others, and goes before one on every address', () => {
	for (const family of FAMILIES) {
		const ports = [{ target: at('vb', family) }, { target: at('ib', family), hostAddress: at('gatewayA', family) }];
		const host = landscape({ ports });
		assert.equal(host.converse('va1', at('gatewayA', family), TCP_8080).to, 'ib');
		assert.equal(host.converse('va1', at('host', family), TCP_8080).to, 'vb');
		assert.equal(host.converse('far', at('host', family), TCP_8080).to, 'vb');
		const alone = landscape({ ports: ports.slice(1) });
		assert.equal(alone.converse('far', at('host', family), TCP_8080).to, 'host');
	}
});

test('ranges keep their offset, and ports beside them stay with the host', () => {
	const host = landscape({ ports: [{ protocol: 'udp', first: 5000, last: 5010, targetFirst: 6000 }] });
	const ask = (protocol: 'tcp' | 'udp', port: number) => host.converse('far', at('host', 4), { protocol, port }).to;
	assert.equal(ask('udp', 5000), 'vb');
	assert.equal(ask('udp', 5010), 'vb');
	assert.equal(ask('udp', 5011), 'host');
	assert.equal(ask('udp', 4999), 'host');
	assert.equal(ask('tcp', 5000), 'host');
});

test('what was not published of a container stays shut though a port beside it is open', () => {
	for (const family of FAMILIES) {
		const host = landscape({ ports: [{ target: at('vb', family) }] });
		for (const from of ['far', 'neighbour', 'va1', 'ia1']) {
			unreached(host, from, 'vb', family, WEB);
			unreached(host, from, 'vb', family, TCP_8080);
		}
	}
});

test('a port of the host that is published does not catch what is meant for the same port of a container', () => {
	for (const family of FAMILIES) {
		const host = landscape({ ports: [{ target: at('vb', family) }] });
		const pairs = [
			['ia1', 'ia2'],
			['va1', 'ia2'],
			['ia1', 'va1'],
			['il1', 'il2'],
			['ic1', 'ic2'],
			['neighbour', 'ic1'],
		];
		for (const [from = '', to = ''] of pairs) reached(host, from, to, family, TCP_8080);
		for (const to of ['ia1', 'va1', 'il1', 'ic1']) reached(host, 'host', to, family, TCP_8080);
		reached(host, 'ia1', 'ia1', family, TCP_8080);
	}
});

test('a container on the network of its correspondent answers a published port by way of the host', () => {
	for (const family of FAMILIES) {
		const host = landscape({ twoNetworks: true, ports: [{ target: at('va2b', family) }] });
		for (const from of ['va1', 'ia1', 'vb', 'ib', 'far', 'host']) {
			const { outcome, to } = host.converse(from, at('host', family), TCP_8080);
			assert.equal(`${outcome} ${to}`, 'answered va2', `${from}, IPv${family}: ${host.last}`);
		}
	}
});

test('only the sources that were named may use a port, and the host', () => {
	for (const family of FAMILIES) {
		const from = [family === 4 ? '198.51.100.0/24' : '2001:db8::/32', `${at('va1', family)}`, `${at('ia1', family)}`];
		for (const target of ['vb', 'ib']) {
			const host = landscape({ ports: [{ target: at(target, family), from }] });
			const who = (one: string) => host.converse(one, at('host', family), TCP_8080);
			for (const one of ['far', 'va1', 'ia1', 'host']) assert.equal(who(one).to, target, `${one}: ${host.last}`);
			for (const one of ['neighbour', 'va2', 'ia2', 'il1']) assert.equal(who(one).outcome, 'silence', one);
		}
		const nobody = landscape({ ports: [{ target: at('vb', family), from: [] }] });
		assert.equal(nobody.converse('far', at('host', family), TCP_8080).outcome, 'silence');
		assert.equal(nobody.converse('host', at('host', family), TCP_8080).to, 'vb');
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

test('the rules of one port are enough for it, whatever others there are', () => {
	assert.equal(
		landscape({ ports: [PORT, { first: 8081, last: 8081, target: at('ib', 4) }] }).converse('far', at('host', 4), {
			protocol: 'tcp',
			port: 8081,
		}).to,
		'ib',
	);
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
