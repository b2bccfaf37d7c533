/** The doctor on a host on which ipnet containers share the stack, and that knows its own by marks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Part } from '#model/part.ts';
import { BRIDGE, FREEBSD, find, iface, type Scene, steps, words } from '#test/engine/doctor-scene.ts';

const ipnetAddress: Part = {
	...{ kind: 'ipnet-address', container: 'c1', interface: 'kleene0', unit: 3, inside: 'kleene0' },
	...{ address: '10.4.6.2', subnet: '10.4.6.0/24', hostAddress: '10.4.6.1' },
};
const bridge = { ...BRIDGE, ours: true, addresses: ['10.4.6.1/24', '10.4.6.2/32'] };
const held = { proxies: [{ interface: 'kleene0', address: '10.4.6.2' }] };
const shared: Scene = { traits: FREEBSD, run: [ipnetAddress], interfaces: [bridge], comparison: held };

test('an address is all there is of a container, and nobody else holds it', () => {
	assert.deepEqual(words(shared), []);
});

test('one that is gone is made again', () => {
	const lost = { ...shared, comparison: {} };
	assert.deepEqual(words(lost), ['kleene0 has lost the address 10.4.6.2']);
	assert.deepEqual(steps(lost), [['make ipnet-address']]);
});

test('one that no container has is taken away', () => {
	const proxies = [...held.proxies, { interface: 'kleene0', address: '10.4.6.9' }];
	const stray = { ...shared, comparison: { proxies } };
	assert.deepEqual(words(stray), ['the host answers for 10.4.6.9 on kleene0, which no container has']);
	assert.deepEqual(steps(stray), [['unmake ipnet-address']]);
});

test('an address of a container that the host has on another interface is a duplicate', () => {
	const card = iface('vtnet0', { type: '', ours: false, addresses: ['10.4.6.2/24'] });
	const [first] = words({ ...shared, interfaces: [bridge, card] });
	assert.equal(first, '10.4.6.2 is held by container web and interface vtnet0 of the host');
});

test('cables and bridges of others are theirs, whatever they are called; what bears the mark is ours', () => {
	const theirs = [iface('epair7a', { ours: false }), iface('kleene8', { type: 'bridge', ours: false })];
	assert.deepEqual(words({ ...shared, interfaces: [bridge, ...theirs] }), []);
	const left = [
		iface('epair7a', { type: 'epair', ours: true }),
		iface('lan', { type: 'lo', mac: '02:00:00:00:00:09', ours: true }),
	];
	const scene = { ...shared, interfaces: [bridge, ...left] };
	assert.deepEqual(words(scene), [
		'interface epair7a belongs to no network and no running container',
		'interface lan belongs to no network and no running container',
	]);
	const [, part] = find(scene).map((finding) => finding.steps[0]?.part);
	assert.deepEqual(part, { kind: 'network-interface', interface: 'lan', type: 'loopback', mac: '02:00:00:00:00:09' });
});

test('what another kleened made is named, and nobody takes it away or makes anything on it', () => {
	const others = [
		iface('kleene8', { type: 'bridge', ours: false, madeBy: 'deadbeef' }),
		iface('epair7a', { type: 'epair', ours: false, madeBy: '' }),
	];
	const scene = { ...shared, interfaces: [bridge, ...others] };
	assert.deepEqual(words(scene), [
		'interface kleene8 was made by another kleened (store deadbeef)',
		'interface epair7a was made by a kleened that it does not name',
	]);
	assert.deepEqual(steps(scene), [[], []]);
	assert.match(find(scene)[0]?.hint ?? '', /gone for good: ifconfig kleene8 destroy/);
	const inPlace = iface('kleene0', { type: 'bridge', mac: '02:00:00:00:00:99', ours: false, madeBy: 'deadbeef' });
	assert.deepEqual(steps({ ...shared, interfaces: [inPlace], comparison: {} }), [[]]);
});

test('what is done by hand is said in the words of the host', () => {
	const renamed = { ...bridge, mac: '02:00:00:00:00:99' };
	const [finding] = find({ ...shared, interfaces: [renamed] });
	assert.equal(finding?.hint, 'ifconfig kleene0 ether 02:23:45:67:89:ab');
});

test('a bridge has room for any number', () => {
	const many = Array.from({ length: 1100 }, (_, index) => iface(`tap${index}`, { bridge: 'kleene0', ours: false }));
	assert.deepEqual(words({ ...shared, interfaces: [bridge, ...many] }), []);
});
