import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everywhere, FAMILIES, reached, TCP_8080, unreached, WEB } from './expectations.ts';
import type { FreeBsdHost, Service } from './host.ts';
import { at, landscape, PORT } from './landscape.ts';

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

test('the rules of one port are enough for it, whatever others there are', () => {
	assert.equal(
		landscape({ ports: [PORT, { first: 8081, last: 8081, target: at('ib', 4) }] }).converse('far', at('host', 4), {
			protocol: 'tcp',
			port: 8081,
		}).to,
		'ib',
	);
});
