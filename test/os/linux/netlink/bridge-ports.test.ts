import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Place, place } from '../namespaces.ts';
import { answers, ping } from '../packets.ts';

const GATEWAY = ['10.9.0.1', 'fd00:9::1'] as const;

interface Container extends Place {
	/** Index of the port of the bridge. */
	readonly port: number;
	readonly addresses: readonly [string, string];
}

interface Host extends Place {
	readonly bridge: number;
}

function host(t: TestContext): Host {
	const there = place(t);
	// Without an address of its own a bridge has that of one of its ports: another whenever one is added.
	there.net.links.createBridge({ name: 'kleene0', up: true, mac: '02:00:00:00:00:01' });
	const bridge = there.net.links.get('kleene0').index;
	there.net.addresses.add(bridge, `${GATEWAY[0]}/24`);
	there.net.addresses.add(bridge, `${GATEWAY[1]}/64`);
	return { ...there, bridge };
}

async function container(t: TestContext, { net, bridge }: Host, unit: number): Promise<Container> {
	const there = place(t);
	net.links.createVeth({ name: `epair${unit}a` }, { name: 'epair0b', namespace: there.fd });
	const port = net.links.get(`epair${unit}a`).index;
	net.links.set(port, { master: bridge, up: true });
	there.net.links.set('epair0b', { up: true });
	const inside = there.net.links.get('epair0b').index;
	const addresses = [`10.9.0.${unit + 1}`, `fd00:9::${unit + 1}`] as const;
	there.net.addresses.add(inside, `${addresses[0]}/24`);
	there.net.addresses.add(inside, `${addresses[1]}/64`);
	for (const address of GATEWAY) await answers(there.fd, address);
	return { ...there, port, addresses };
}

function reaches(from: Place, to: readonly [string, string]): boolean[] {
	return to.map((address) => ping(from.fd, address) !== undefined);
}

const both = [true, true];
const neither = [false, false];

test('isolated ports reach the bridge and ordinary ports, and not each other', async (t) => {
	const there = host(t);
	const [one, two, free] = [await container(t, there, 1), await container(t, there, 2), await container(t, there, 3)];
	const { bridgePorts } = there.net;
	assert.deepEqual(reaches(one, two.addresses), both);
	for (const { port } of [one, two]) bridgePorts.set(port, { isolated: true, hairpin: false });
	assert.deepEqual(
		[one, two, free].map(({ port }) => bridgePorts.get(port)),
		[true, true, false].map((isolated) => ({ isolated, hairpin: false, learning: true })),
	);
	assert.deepEqual(reaches(one, two.addresses), neither);
	assert.deepEqual(reaches(two, one.addresses), neither);
	for (const isolated of [one, two]) {
		assert.deepEqual(reaches(isolated, GATEWAY), both);
		assert.deepEqual(reaches(isolated, free.addresses), both);
		assert.deepEqual(reaches(free, isolated.addresses), both);
		assert.deepEqual(reaches(there, isolated.addresses), both);
	}
	bridgePorts.set(one.port, { isolated: false });
	assert.deepEqual(reaches(one, two.addresses), both);
});

test('what is not named stays, and a port that leaves its bridge forgets', async (t) => {
	const there = host(t);
	const { port } = await container(t, there, 1);
	const { bridgePorts, links } = there.net;
	bridgePorts.set(port, { isolated: true, hairpin: true });
	bridgePorts.set(port, { hairpin: false });
	assert.deepEqual(bridgePorts.get(port), { isolated: true, hairpin: false, learning: true });
	links.set(port, { master: 0 });
	assert.equal(bridgePorts.get(port), undefined);
	assert.throws(() => bridgePorts.set(port, { isolated: true }), { code: /EOPNOTSUPP|EINVAL/ });
	links.set(port, { master: there.bridge });
	assert.deepEqual(bridgePorts.get(port), { isolated: false, hairpin: false, learning: true });
	assert.equal(bridgePorts.get(there.bridge), undefined);
	assert.throws(() => bridgePorts.get(12_345), { code: 'ENODEV' });
});

test('a bridge learns as many addresses as it may, ports that learn nothing are reached, and pins stay', async (t) => {
	const there = host(t);
	const { bridges, bridgePorts, pinnedAddresses } = there.net;
	assert.equal(bridges.mostLearned(there.bridge), 0, 'a kernel that has the limit, from 6.7 on');
	bridges.limitLearned(there.bridge, 7);
	assert.equal(bridges.mostLearned(there.bridge), 7);
	const [one, two] = [await container(t, there, 1), await container(t, there, 2)];
	assert.equal(bridges.mostLearned(one.port), undefined);
	const mac = '02:00:00:00:aa:01';
	for (const _ of [1, 2]) pinnedAddresses.add({ link: one.port, mac });
	assert.deepEqual(pinnedAddresses.list(), [{ link: one.port, mac }]);
	for (const { port } of [one, two]) bridgePorts.set(port, { learning: false });
	assert.equal(bridgePorts.get(one.port)?.learning, false);
	assert.deepEqual(reaches(one, two.addresses), both);
	there.net.links.set(one.port, { master: 0 });
	assert.deepEqual(pinnedAddresses.list(), []);
	assert.throws(() => pinnedAddresses.add({ link: one.port, mac }), { code: 'EOPNOTSUPP' });
});
