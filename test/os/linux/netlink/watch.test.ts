import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause, setImmediate as turnOfLoop } from 'node:timers/promises';
import { withoutElements, withoutLinks } from '#os/linux/netlink/filter/packet-filter.ts';
import { NamespaceWatch, type WatchEvent, type WatchOptions } from '#os/linux/netlink/link/watch.ts';
import { MulticastFeed } from '#os/linux/netlink/multicast.ts';
import { within } from '#os/linux/netns.ts';
import { Nftables } from '#os/linux/nftables.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { openDescriptors, type Place, place } from '../namespaces.ts';
import { inside } from '../streams.ts';

const NETLINK_ROUTE = 0;
const NETLINK_NETFILTER = 12;

interface Watched extends Place {
	readonly nftables: Nftables;
	readonly watch: NamespaceWatch;
	/** What was reported since it was asked for last, a moment from now. */
	told(): Promise<WatchEvent[]>;
}

function own(t: TestContext, { fd }: Place): Nftables {
	const nftables = within(fd, () => new Nftables());
	t.after(() => nftables.close());
	return nftables;
}

function watched(t: TestContext, options: Omit<WatchOptions, 'report' | 'namespace'> = {}): Watched {
	const there = place(t);
	const events: WatchEvent[] = [];
	const watch = NamespaceWatch.open({ ...options, namespace: there.fd, report: (event) => events.push(event) });
	t.after(() => watch.close());
	const told = async () => {
		await pause(20);
		// Each turn of the event loop takes one datagram, also where the machine was busy for all of that time.
		for (let turn = 0; turn < 100; turn += 1) await turnOfLoop();
		return events.splice(0);
	};
	return { ...there, nftables: own(t, there), watch, told };
}

function words(events: readonly WatchEvent[]): string[] {
	return events.map((event) => {
		if ('by' in event) return `${event.kind} ${event.family} ${event.name} by ${event.by.command}`;
		if ('address' in event) return `${event.kind} ${event.name} ${event.address} ${event.present}`;
		if ('name' in event) return `${event.kind} ${event.name}`;
		return 'of' in event ? `${event.kind} ${event.of}` : event.kind;
	});
}

const KLEENE = `add table inet kleene
add set inet kleene ports { type inet_service; }
add chain inet kleene c`;

function elements(count: number): string {
	return Array.from({ length: count }, (_, index) => index + 1).join(', ');
}

test('somebody flushes the ruleset, deletes the table, or touches it; our own transactions are not told', async (t) => {
	const { fd, nftables, told } = watched(t);
	const restore = () => void nftables.run(KLEENE);
	restore();
	assert.deepEqual(await told(), []);
	inside(fd, 'nft', 'flush ruleset');
	assert.deepEqual(words(await told()), ['table-deleted inet kleene by nft']);
	restore();
	inside(fd, 'nft', 'add table ip other; add chain ip other c; add rule ip other c accept; add rule ip other c drop');
	assert.deepEqual(words(await told()), ['table-changed ip other by nft']);
	inside(fd, 'nft', 'add rule inet kleene c accept');
	assert.deepEqual(words(await told()), ['table-changed inet kleene by nft']);
	inside(fd, 'nft', 'delete table inet kleene');
	assert.deepEqual(words(await told()), ['table-deleted inet kleene by nft']);
	restore();
	nftables.run('delete table inet kleene');
	assert.deepEqual(await told(), []);
});

test('a table that goes after thousands of elements in one transaction is not missed', async (t) => {
	const { fd, nftables, told } = watched(t);
	nftables.run(KLEENE);
	inside(
		fd,
		'nft',
		`add element inet kleene ports { ${elements(3000)} }; add table ip other; delete table inet kleene`,
	);
	assert.deepEqual(words(await told()), ['table-changed ip other by nft', 'table-deleted inet kleene by nft']);
});

test('elements wake nobody, and ten thousand of them do not overrun a small buffer', async (t) => {
	const there = place(t);
	const nftables = own(t, there);
	nftables.run(KLEENE);
	const datagrams: number[] = [];
	const feed = new MulticastFeed({
		protocol: NETLINK_NETFILTER,
		groups: [7],
		namespace: there.fd,
		receiveBuffer: 16 * 1024,
		filter: withoutElements(process.pid),
		take: (datagram) => datagrams.push(datagram.length),
		overrun: () => assert.fail('overrun'),
		lost: (error) => assert.fail(error),
	});
	t.after(() => feed.close());
	nftables.run(`add element inet kleene ports { ${elements(10_000)} }`);
	nftables.run('flush set inet kleene ports');
	await pause(50);
	assert.deepEqual(datagrams, []);
	nftables.run('add chain inet kleene d');
	await eventually('a chain is announced', () => datagrams.length > 0);
});

test('interfaces come, go up and down, get other names and vanish', async (t) => {
	const { net, told } = watched(t);
	net.links.createBridge({ name: 'up0' });
	assert.deepEqual(words(await told()), ['link-new up0']);
	const { index } = net.links.get('up0');
	net.links.set(index, { up: true });
	assert.deepEqual(words(await told()), ['link-up up0']);
	net.links.set(index, { mtu: 1400 });
	net.links.set(index, { up: false, name: 'up1' });
	const links = async () => words((await told()).filter(({ kind }) => kind !== 'address-changed'));
	assert.deepEqual(await links(), ['link-gone up0', 'link-new up1', 'link-up up1', 'link-down up1']);
	net.links.delete(index);
	assert.deepEqual(await links(), ['link-gone up1']);
});

test('a port that leaves its bridge is still there; addresses are told in both families', async (t) => {
	const { net, told } = watched(t);
	net.links.createBridge({ name: 'kleene0' });
	net.links.createVeth({ name: 'port0' }, { name: 'port1' });
	const { index } = net.links.get('kleene0');
	await told();
	net.links.set('port0', { master: index });
	net.links.set('port0', { master: 0 });
	net.addresses.add(index, '10.9.0.1/24');
	net.addresses.add(index, 'fd00:9::1/64');
	const added = words(await told());
	net.addresses.remove(index, '10.9.0.1/24');
	assert.deepEqual(added, ['address-changed kleene0 10.9.0.1/24 true', 'address-changed kleene0 fd00:9::1/64 true']);
	assert.deepEqual(words(await told()), ['address-changed kleene0 10.9.0.1/24 false']);
});

test('interfaces with the ignored prefix wake nobody, others do', async (t) => {
	const there = place(t);
	const datagrams: number[] = [];
	const feed = new MulticastFeed({
		protocol: NETLINK_ROUTE,
		groups: [1],
		namespace: there.fd,
		filter: withoutLinks('epair'),
		take: (datagram) => datagrams.push(datagram.length),
		overrun: () => assert.fail('overrun'),
		lost: (error) => assert.fail(error),
	});
	t.after(() => feed.close());
	there.net.links.createVeth({ name: 'epair0a', up: true }, { name: 'epair0b' });
	there.net.links.set('epair0b', { up: true });
	there.net.links.delete('epair0a');
	await pause(50);
	assert.deepEqual(datagrams, []);
	there.net.links.createBridge({ name: 'epai' });
	await eventually('another one is announced', () => datagrams.length > 0);
});

test('after too much at once it says so, and goes on', async (t) => {
	const { net, fd, nftables, told } = watched(t, { receiveBuffer: 4096 });
	nftables.run(KLEENE);
	await told();
	for (let round = 0; round < 50; round += 1) {
		net.links.createBridge({ name: 'b0', up: true });
		net.links.delete('b0');
	}
	net.links.createBridge({ name: 'b1', up: true });
	const rules = Array.from({ length: 2000 }, () => 'add rule ip other c accept').join('; ');
	inside(fd, 'nft', `add table ip other; add chain ip other c; ${rules}`);
	const overrun = words(await told());
	assert.ok(overrun.includes('overrun links') && overrun.includes('overrun tables'), overrun.join());
	net.links.delete('b1');
	inside(fd, 'nft', 'delete table inet kleene');
	const after = words(await told());
	assert.ok(after.includes('link-gone b1'), after.join());
	assert.ok(after.includes('table-deleted inet kleene by nft'), after.join());
});

test('a closed watch is silent and leaves no descriptor', async (t) => {
	const there = place(t);
	const before = openDescriptors();
	const events: WatchEvent[] = [];
	const watch = NamespaceWatch.open({ namespace: there.fd, report: (event) => events.push(event) });
	assert.equal(openDescriptors(), before + 2);
	there.net.links.createBridge({ name: 'b0' });
	watch.close();
	await pause(30);
	assert.deepEqual(events, []);
	assert.equal(openDescriptors(), before);
	watch.close();
});

test('of routes those are told that stand for the default, in both families', async (t) => {
	const { fd, told } = watched(t);
	inside(fd, 'ip', 'link', 'add', 'x0', 'up', 'type', 'veth', 'peer', 'name', 'x1');
	await told();
	inside(fd, 'ip', 'route', 'add', '10.9.0.0/16', 'dev', 'x0');
	inside(fd, 'ip', '-6', 'route', 'add', 'fd00:9::/32', 'dev', 'x0');
	assert.deepEqual(words(await told()), []);
	for (const way of ['default', '128.0.0.0/1']) {
		inside(fd, 'ip', 'route', 'add', way, 'dev', 'x0');
		assert.deepEqual(words(await told()), ['default-route-changed'], way);
		inside(fd, 'ip', 'route', 'delete', way);
		assert.deepEqual(words(await told()), ['default-route-changed'], way);
	}
	inside(fd, 'ip', '-6', 'route', 'add', '2000::/3', 'dev', 'x0');
	assert.deepEqual(words(await told()), ['default-route-changed']);
});

test('forwarding that is turned off is told, in both families; that which is turned on only where all have it', async (t) => {
	const { fd, told } = watched(t);
	inside(fd, 'ip', 'link', 'add', 'x0', 'up', 'type', 'veth', 'peer', 'name', 'x1');
	await told();
	const set = async (setting: string) => {
		inside(fd, 'sysctl', '-qw', setting);
		return words((await told()).filter((event) => !('address' in event)));
	};
	assert.deepEqual(await set('net.ipv4.conf.x0.forwarding=1'), []);
	assert.deepEqual(await set('net.ipv6.conf.x0.forwarding=1'), []);
	assert.deepEqual(await set('net.ipv4.conf.x0.forwarding=0'), ['forwarding-changed']);
	assert.deepEqual(await set('net.ipv6.conf.x0.forwarding=0'), ['forwarding-changed']);
	assert.deepEqual(await set('net.ipv4.ip_forward=1'), ['forwarding-changed']);
	assert.ok((await set('net.ipv4.ip_forward=0')).length >= 4, 'all, the default, and each');
	assert.deepEqual(await set('net.ipv4.conf.x0.rp_filter=1'), []);
});
