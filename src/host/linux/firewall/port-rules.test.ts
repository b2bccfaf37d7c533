import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { describePorts, publishedElements } from './port-rules.ts';

const PORTS: PublishedPortsPart = {
	kind: 'published-ports',
	container: '0123456789ab',
	protocol: 'tcp',
	hostAddress: '',
	arrivesOn: 'em0',
	first: 8000,
	last: 8199,
	target: '10.4.6.2',
	targetFirst: 80,
	interface: 'kleene0',
};

const elementsIn = (part: PublishedPortsPart, name: string) =>
	publishedElements(part)
		.filter(({ set }) => set === name)
		.map(({ element }) => element);

test('each port is an element; who may use them is one element for each block, however many ports', () => {
	const part = { ...PORTS, from: ['10.0.0.0/8', '192.0.2.2/32'] };
	assert.equal(elementsIn(part, 'published_ports4').length, 200);
	assert.equal(elementsIn(part, 'published_ports4')[199], 'tcp . 8199 : 10.4.6.2 . 279');
	assert.deepEqual(elementsIn(part, 'restricted_ports4'), ['0.0.0.0/0 . tcp . 8000-8199']);
	assert.deepEqual(elementsIn(part, 'allowed_sources4'), [
		'0.0.0.0/0 . 10.0.0.0/8 . tcp . 8000-8199',
		'0.0.0.0/0 . 192.0.2.2/32 . tcp . 8000-8199',
	]);
	assert.deepEqual(new Set(publishedElements(PORTS).map(({ set }) => set)), new Set(['published_ports4']));
});

test('a port on one address of the host is guarded there alone, and one that nobody may use has no sources', () => {
	const one = { ...PORTS, hostAddress: '2001:db8::1', last: 8000, target: 'fd00::2', from: [] };
	assert.deepEqual(publishedElements(one), [
		{ set: 'restricted_ports6', element: '2001:db8::1 . tcp . 8000' },
		{ set: 'published_addresses6', element: '2001:db8::1 . tcp . 8000 : fd00::2 . 80' },
	]);
	assert.match(describePorts('make', one)[0] ?? '', /^nft add element inet kleene restricted_ports6 /);
});

test('::1 leads to routed cables and not to bridges', () => {
	const set = (more: Partial<PublishedPortsPart>) =>
		elementsIn({ ...PORTS, target: 'fd00::2', ...more }, 'bridged_ports6');
	assert.deepEqual(set({}), ['tcp . 8000-8199']);
	assert.deepEqual(set({ hostAddress: '::1', last: 8000 }), ['tcp . 8000']);
	assert.deepEqual(set({ interface: 'epair7a' }), []);
	assert.deepEqual(set({ hostAddress: '2001:db8::1' }), []);
	assert.deepEqual(set({ target: '10.4.6.2' }), []);
});

test('a port of SCTP is an element as any other', () => {
	const part: PublishedPortsPart = { ...PORTS, protocol: 'sctp', first: 8000, last: 8000 };
	assert.deepEqual(elementsIn(part, 'published_ports4'), ['sctp . 8000 : 10.4.6.2 . 80']);
	assert.ok(describePorts('make', part).some((line) => line.includes('sctp . 8000')));
});
