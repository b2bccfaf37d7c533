/** Interfaces of the host as ports of bridges: which can be, by what the host does with their addresses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '#host/fake/driver.ts';
import { addressesOf } from '#model/endpoint.ts';
import { connect, createContainer, EXECUTE, startEngine } from './fixture.ts';
import { TESTNET_CONFIG } from './testnet.ts';

const LAN = {
	...TESTNET_CONFIG,
	name: 'lan',
	subnet: '192.0.2.0/24',
	gateway: '192.0.2.254',
	parent: 'em0',
	ipRange: '192.0.2.8/30',
};

async function hostWith(addresses: readonly string[], keep: boolean) {
	const host = new FakeHost(keep ? { portsKeepAddresses: true } : {});
	const em0 = { name: 'em0', type: '', up: true, mac: '', mtu: 1500, bridge: '', addresses };
	host.foreign.push(em0);
	return startEngine(host);
}

test('where its addresses stop working, an interface with one is refused; link-local ones are no obstacle', async () => {
	const used = await hostWith(['192.0.2.9/24', 'fe80::1/64'], false);
	await assert.rejects(used.engine.networks.create(LAN, EXECUTE), {
		code: 'INTERFACE_TAKEN',
		why: 'the host has the address 192.0.2.9/24 on em0, which would stop working',
		hint: /-t custom -i.*ipnet/,
	});
	const idle = await hostWith(['fe80::1/64'], false);
	await idle.engine.networks.create(LAN, EXECUTE);
});

test('where those of IPv4 go on working it is a port, no container gets them, and one of IPv6 is refused', async () => {
	const fixture = await hostWith(['192.0.2.9/24', 'fe80::1/64'], true);
	const { engine, host, store } = fixture;
	const dry = await engine.networks.create(LAN, { dryRun: true });
	assert.ok(
		dry.plan?.some((line) => line.includes('em0')),
		`${dry.plan}`,
	);
	const { id } = await engine.networks.create(LAN, EXECUTE);
	assert.ok([...host.parts.values()].some((part) => part.kind === 'parent-port' && part.parent === 'em0'));
	for (const name of ['one', 'two', 'three']) {
		await createContainer(fixture, name);
		await connect(fixture, name, 'lan');
	}
	const given = store.endpoints.ofNetwork(id).flatMap(addressesOf);
	assert.deepEqual(given.toSorted(), ['192.0.2.10', '192.0.2.11', '192.0.2.8']);
	await assert.rejects(connect(fixture, 'one', 'lan', '192.0.2.9'));
	const six = await hostWith(['192.0.2.9/24', '2001:db8::9/64'], true);
	await assert.rejects(six.engine.networks.create(LAN, EXECUTE), { code: 'INTERFACE_TAKEN', why: /2001:db8::9/ });
});
