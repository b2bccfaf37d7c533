import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { within } from '#os/linux/netns.ts';
import { place } from '#test/os/linux/namespaces.ts';
import { answers, ping, talk } from '#test/os/linux/packets.ts';
import { bridge, gateways, type Host, host, ipnet, make, unmake, vnet } from './containers.ts';

/** Much below the 0.8 s that the kernel would wait before it answers for somebody else, or the 1 s of address checks. */
const SOON = 300;

function stack({ network }: Host, container: string): number {
	const found = network.stackOf(container);
	assert.ok(found);
	return found.fd;
}

function assertReaches(from: number, to: number, address: string): void {
	const time = ping(from, address);
	assert.ok(time !== undefined, `${address} does not answer`);
	assert.ok(time < SOON, `${address} answered after ${time} ms`);
	assert.equal(talk(from, to, address), 'question answer');
}

const v = { container: 'vvv', unit: 1, addresses: ['10.4.6.2', 'fd00:4:6::2'] };
const w = { container: 'www', unit: 2, addresses: ['10.4.6.3', 'fd00:4:6::3'] };
const i = { container: 'iii', unit: 3, addresses: ['10.4.6.4', 'fd00:4:6::4'] };
const j = { container: 'jjj', unit: 4, addresses: ['10.4.6.5', 'fd00:4:6::5'] };

for (const family of [0, 1]) {
	const of = (wanted: typeof v) => ({ ...wanted, addresses: wanted.addresses.slice(family, family + 1) });
	const address = (wanted: typeof v) => wanted.addresses[family] ?? '';

	test(`vnet and ipnet containers on one bridge reach each other and the host, IPv${family ? 6 : 4}`, async (t) => {
		const there = host(t);
		make(
			there,
			bridge,
			...gateways.slice(family, family + 1),
			...vnet(of(v)),
			...vnet(of(w)),
			...ipnet(of(i)),
			...ipnet(of(j)),
		);
		const gateway = family ? 'fd00:4:6::1' : '10.4.6.1';
		for (const { container } of [v, w, i, j]) await answers(stack(there, container), gateway);
		for (const from of [v, w, i, j]) {
			assertReaches(stack(there, from.container), there.fd, gateway);
			assertReaches(there.fd, stack(there, from.container), address(from));
			for (const to of [v, w, i, j])
				if (to !== from) assertReaches(stack(there, from.container), stack(there, to.container), address(to));
		}
	});
}

test('the host forwards on the interfaces concerned and nowhere else', (t) => {
	const there = host(t);
	make(there, bridge, ...gateways, ...vnet(v), ...ipnet(i));
	const setting = (name: string) => within(there.fd, () => readFileSync(`/proc/sys/net/${name}`, 'utf8').trim());
	assert.equal(setting('ipv4/ip_forward'), '0');
	assert.equal(setting('ipv4/conf/lo/forwarding'), '0');
	assert.equal(setting('ipv4/conf/epair1a/forwarding'), '0');
	assert.equal(setting('ipv4/conf/kleene0/forwarding'), '1');
	assert.equal(setting('ipv4/conf/epair3a/forwarding'), '1');
	assert.equal(setting('ipv6/conf/epair1a/disable_ipv6'), '1');
});

test('an ipnet container on an interface of the user is reached from its neighbours, and leaves it as it was', async (t) => {
	const there = host(t);
	const neighbour = place(t);
	there.net.links.createVeth({ name: 'eth1' }, { name: 'eth0', namespace: neighbour.fd });
	there.net.links.set('eth1', { up: true });
	neighbour.net.links.set('eth0', { up: true });
	const [out, far] = [there.net.links.get('eth1').index, neighbour.net.links.get('eth0').index];
	there.net.addresses.add(out, '10.4.6.1/24');
	there.net.addresses.add(out, 'fd00:4:6::1/64');
	neighbour.net.addresses.add(far, '10.4.6.9/24');
	neighbour.net.addresses.add(far, 'fd00:4:6::9/64');
	const settings = () =>
		within(there.fd, () =>
			['ipv4/conf/eth1/forwarding', 'ipv4/conf/eth1/tag', 'ipv6/conf/eth1/forwarding', 'ipv6/conf/eth1/proxy_ndp'].map(
				(name) => readFileSync(`/proc/sys/net/${name}`, 'utf8').trim(),
			),
		);
	const before = settings();
	const parts = [...ipnet({ ...i, interface: 'eth1' }), ...ipnet({ ...j, interface: 'eth1' })];
	make(there, ...parts);
	for (const from of [neighbour.fd, stack(there, 'iii')])
		for (const address of ['10.4.6.1', 'fd00:4:6::1']) await answers(from, address);
	for (const address of i.addresses) assertReaches(neighbour.fd, stack(there, 'iii'), address);
	for (const address of ['10.4.6.9', 'fd00:4:6::9']) assertReaches(stack(there, 'iii'), neighbour.fd, address);
	await unmake(there, ...ipnet({ ...j, interface: 'eth1' }));
	assert.ok(ping(neighbour.fd, '10.4.6.4') !== undefined, 'the other container is not touched');
	await unmake(there, ...ipnet({ ...i, interface: 'eth1' }));
	assert.deepEqual(settings(), before);
});
