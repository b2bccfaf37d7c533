import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NetlinkError } from '#os/linux/netlink/socket.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { linkNames, place } from '../namespaces.ts';
import { ping } from '../packets.ts';

const refused = (code: string, text: RegExp) => (error: unknown) => {
	assert.ok(error instanceof NetlinkError);
	assert.equal(error.code, code);
	assert.match(error.message, text);
	return true;
};

test('a bridge is made as described, listed by kind, and deleted', (t) => {
	const { net } = place(t);
	net.links.createBridge({ name: 'kleene0', mac: '02:00:00:00:00:01', up: true });
	const bridge = net.links.get('kleene0');
	assert.equal(bridge.kind, 'bridge');
	assert.equal(bridge.mac, '02:00:00:00:00:01');
	assert.equal(bridge.up, true);
	assert.deepEqual(net.links.get(bridge.index), bridge);
	assert.deepEqual(net.links.list({ kind: 'bridge' }), [bridge]);
	net.links.delete('kleene0');
	assert.equal(net.links.find('kleene0'), undefined);
});

test('refusals name the interface, the number and what the kernel said', (t) => {
	const { net } = place(t);
	net.links.createBridge({ name: 'kleene0' });
	const { index } = net.links.get('kleene0');
	net.addresses.add(index, '10.4.6.1/24');
	assert.throws(
		() => net.links.createBridge({ name: 'kleene0' }),
		refused('EEXIST', /create bridge kleene0: File exists/),
	);
	assert.throws(() => net.links.get('nope'), refused('ENODEV', /interface nope/));
	assert.throws(() => net.links.delete('nope'), refused('ENODEV', /delete interface nope/));
	assert.throws(
		() => net.addresses.add(index, '10.4.6.1/24', 'kleene0'),
		refused('EEXIST', /add address 10\.4\.6\.1\/24 to kleene0: /),
	);
	assert.throws(() => net.addresses.remove(index, '10.4.6.9/24'), refused('EADDRNOTAVAIL', /10\.4\.6\.9/));
});

test('a veth pair is made with each end in its own namespace under its final name', (t) => {
	const [host, inner] = [place(t), place(t)];
	const mac = '02:00:00:00:00:02';
	host.net.links.createVeth({ name: 'epair0a', mtu: 1400 }, { name: 'epair0b', mac, mtu: 1400, namespace: inner.fd });
	assert.deepEqual(linkNames(host.net), ['lo', 'epair0a']);
	assert.deepEqual(linkNames(inner.net), ['lo', 'epair0b']);
	const [a, b] = [host.net.links.get('epair0a'), inner.net.links.get('epair0b')];
	assert.deepEqual([a.peer, a.peerElsewhere, a.mtu], [b.index, true, 1400]);
	assert.deepEqual([b.peer, b.mac, b.mtu], [a.index, mac, 1400]);
	host.net.links.delete(a.index);
	assert.deepEqual(linkNames(inner.net), ['lo']);
});

test('links that are deleted at the same time are deleted together, and one that is gone is told', async (t) => {
	const [host, inner] = [place(t), place(t)];
	for (let unit = 0; unit < 20; unit += 1)
		host.net.links.createVeth({ name: `epair${unit}a` }, { name: `epair${unit}b`, namespace: inner.fd });
	host.net.links.createBridge({ name: 'other' });
	const indices = host.net.links.list({ kind: 'veth' }).map(({ index }) => index);
	const changed = new Set<number>();
	const results = await Promise.allSettled(
		[...indices, 9999].map(async (index) => {
			await host.net.links.deleteInBackground(index);
			changed.add(host.net.links.list({ kind: 'veth' }).length);
		}),
	);
	const failed = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
	assert.equal(failed.length, 1);
	refused('ENODEV', /9999/)(failed[0]);
	assert.deepEqual(linkNames(host.net), ['lo', 'other']);
	assert.deepEqual(linkNames(inner.net), ['lo']);
	assert.deepEqual([...changed], [19, 0], 'the first one by itself, all others in one');
});

test('an interface is renamed, given another MAC and MTU, made a port and taken out again', (t) => {
	const { net } = place(t);
	net.links.createBridge({ name: 'kleene0' });
	const bridge = net.links.get('kleene0').index;
	net.links.createVeth({ name: 'one' }, { name: 'two' });
	const { index } = net.links.get('one');
	net.links.set(index, { name: 'three', mac: '02:00:00:00:00:03', mtu: 1300 });
	net.links.set('three', { up: true, master: bridge });
	const port = net.links.get('three');
	assert.deepEqual(
		[port.index, port.mac, port.mtu, port.up, port.master],
		[index, '02:00:00:00:00:03', 1300, true, bridge],
	);
	assert.deepEqual(
		net.links.list({ master: bridge }).map((link) => link.name),
		['three'],
	);
	net.links.set('three', { master: 0, up: false });
	assert.deepEqual([net.links.get('three').master, net.links.get('three').up], [0, false]);
});

test('addresses of both families are added, listed by interface and removed', (t) => {
	const { net } = place(t);
	net.links.createBridge({ name: 'kleene0' });
	net.links.createBridge({ name: 'kleene1' });
	const [one, two] = [net.links.get('kleene0').index, net.links.get('kleene1').index];
	net.addresses.add(one, '10.4.6.1/24');
	net.addresses.add(one, 'fd00::1/64');
	net.addresses.add(two, '10.4.7.1/24');
	const listed = () => net.addresses.list(one).map(({ address }) => address);
	assert.deepEqual(listed(), ['10.4.6.1/24', 'fd00::1/64']);
	net.addresses.remove(one, '10.4.6.1/24');
	net.addresses.remove(one, 'fd00::1/64');
	assert.deepEqual(listed(), []);
	assert.equal(net.addresses.list(two).length, 1);
});

test('routes: default over a gateway, over a device, to a host, replaced and removed, in both families', (t) => {
	const { net } = place(t);
	net.links.createBridge({ name: 'kleene0', up: true });
	const link = net.links.get('kleene0').index;
	net.addresses.add(link, '10.4.6.2/24');
	net.addresses.add(link, 'fd00::2/64');
	for (const [any, gateway, host] of [
		['0.0.0.0/0', '10.4.6.1', '10.9.0.1/32'],
		['::/0', 'fd00::1', 'fd09::1/128'],
	] as const) {
		const family = any === '::/0' ? 6 : 4;
		const routes = () => net.routes.list({ family, link });
		const route = (destination: string) => routes().find((entry) => entry.destination === destination);
		net.routes.add({ destination: any, gateway, link });
		assert.equal(route(any)?.gateway, gateway);
		assert.throws(() => net.routes.add({ destination: any, gateway, link }), refused('EEXIST', /File exists/));
		net.routes.add({ destination: host, link });
		assert.deepEqual(route(host), { family, destination: host, link, gateway: '', mtu: 0 });
		net.routes.remove({ destination: host, link });
		net.routes.remove({ destination: any, link });
		assert.throws(() => net.routes.remove({ destination: any, link }), refused('ESRCH', /route/));
		assert.equal(route(any), undefined);
	}
	net.routes.add({ destination: '0.0.0.0/0', gateway: '10.4.6.1', link });
	net.routes.replace({ destination: '0.0.0.0/0', link });
	assert.equal(net.routes.list({ family: 4 }).find((entry) => entry.destination === '0.0.0.0/0')?.gateway, '');
});

test('the way to an address, in both families', async (t) => {
	const { net } = place(t);
	assert.equal(net.routes.towards('10.4.6.9'), undefined);
	assert.equal(net.routes.towards('fd00::9'), undefined);
	net.links.createBridge({ name: 'kleene0', up: true });
	const link = net.links.get('kleene0').index;
	net.addresses.add(link, '10.4.6.2/24');
	net.addresses.add(link, 'fd00::2/64');
	net.routes.add({ destination: '0.0.0.0/0', gateway: '10.4.6.1', link });
	net.routes.add({ destination: '::/0', gateway: 'fd00::1', link });
	const way = (address: string) => {
		const found = net.routes.towards(address);
		return found && [found.link, found.gateway];
	};
	assert.deepEqual(way('10.4.6.9'), [link, '']);
	assert.deepEqual(way('fd00::9'), [link, '']);
	assert.deepEqual(way('192.0.2.9'), [link, '10.4.6.1']);
	assert.deepEqual(way('2001:db8::9'), [link, 'fd00::1']);
	assert.equal(way('10.4.6.2'), undefined, 'the host itself');
	// The kernel takes up IPv6 a moment after the address is there.
	await eventually('the host itself is known', () => way('fd00::2') === undefined);
});

test('a neighbour is forgotten while the host still looks for it', (t) => {
	const { fd, net } = place(t);
	net.links.createBridge({ name: 'kleene0', up: true });
	const link = net.links.get('kleene0').index;
	net.addresses.add(link, '10.4.6.1/24');
	net.addresses.add(link, 'fd00::1/64');
	for (const address of ['10.4.6.2', 'fd00::2']) {
		assert.throws(() => net.neighbours.remove({ link, address }), refused('ENOENT', /No such file/));
		assert.equal(ping(fd, address), undefined);
		net.neighbours.remove({ link, address });
		assert.throws(() => net.neighbours.remove({ link, address }), refused('ENOENT', /No such file/));
	}
});

test('proxy neighbours are added twice without harm, listed by interface and removed', (t) => {
	const { net } = place(t);
	net.links.createBridge({ name: 'kleene0' });
	net.links.createBridge({ name: 'kleene1' });
	const [link, other] = [net.links.get('kleene0').index, net.links.get('kleene1').index];
	for (const address of ['10.4.6.2', 'fd00::2']) {
		const family = address.includes(':') ? 6 : 4;
		net.neighbours.addProxy({ link, address });
		net.neighbours.addProxy({ link, address });
		net.neighbours.addProxy({ link: other, address });
		assert.deepEqual(net.neighbours.listProxies(family, link), [{ link, address }]);
		assert.equal(net.neighbours.listProxies(family).length, 2);
		net.neighbours.removeProxy({ link, address });
		assert.throws(() => net.neighbours.removeProxy({ link, address }), refused('ENOENT', /answering/));
	}
});

test('proxy neighbours stay when a bridge loses its last port, and with it its carrier', async (t) => {
	const { net } = place(t);
	net.links.createBridge({ name: 'kleene0' });
	net.links.set('kleene0', { up: true });
	net.links.createVeth({ name: 'epair0a' }, { name: 'epair0b' });
	const link = net.links.get('kleene0').index;
	net.links.set('epair0a', { up: true, master: link });
	net.links.set('epair0b', { up: true });
	const carrier = (there: boolean) => net.links.get('kleene0').carrier === there;
	await eventually('the bridge has carrier', () => carrier(true));
	for (const address of ['10.4.6.2', 'fd00::2']) net.neighbours.addProxy({ link, address });
	net.links.delete('epair0a');
	await eventually('the bridge has lost carrier', () => carrier(false));
	assert.deepEqual(net.neighbours.listProxies(4, link), [{ link, address: '10.4.6.2' }]);
	assert.deepEqual(net.neighbours.listProxies(6, link), [{ link, address: 'fd00::2' }]);
});

test('a listing of more than one datagram is whole', (t) => {
	const { net } = place(t);
	const names = Array.from({ length: 100 }, (_, unit) => `kleene${unit}`);
	for (const name of names) net.links.createBridge({ name });
	assert.deepEqual(linkNames(net), ['lo', ...names]);
});

test('a namespace without descriptors is gone, with the interfaces that led into it', async (t) => {
	const host = place(t);
	const { createNamespace, closeNamespace } = await import('#os/linux/netns.ts');
	const inner = createNamespace();
	host.net.links.createVeth({ name: 'epair0a' }, { name: 'epair0b', namespace: inner });
	closeNamespace(inner);
	await eventually('epair0a is gone', () => host.net.links.find('epair0a') === undefined);
});
