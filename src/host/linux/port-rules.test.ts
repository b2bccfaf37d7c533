import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishedPortsPart } from '#model/part.ts';
import { describePorts, portRemoval, portRemovalSingly, renderPorts } from './port-rules.ts';

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

const elementsIn = (text: string, set: string) =>
	text.split('\n').filter((line) => line.startsWith(`add element inet kleene ${set} `));

test('each port is an element; who may use them is one element for each block, however many ports', () => {
	const text = renderPorts({ ...PORTS, from: ['10.0.0.0/8', '192.0.2.2/32'] });
	assert.equal(elementsIn(text, 'port4')[0]?.split(', ').length, 200);
	assert.deepEqual(elementsIn(text, 'guarded4'), ['add element inet kleene guarded4 { 0.0.0.0/0 . tcp . 8000-8199 }']);
	assert.deepEqual(elementsIn(text, 'allowed4'), [
		'add element inet kleene allowed4 { 0.0.0.0/0 . 10.0.0.0/8 . tcp . 8000-8199 }',
		'add element inet kleene allowed4 { 0.0.0.0/0 . 192.0.2.2/32 . tcp . 8000-8199 }',
	]);
	assert.doesNotMatch(text, /rule|chain/);
	assert.doesNotMatch(renderPorts(PORTS), /guarded|allowed/);
});

test('a port on one address of the host is guarded there alone, and one that nobody may use has no sources', () => {
	const one = { ...PORTS, hostAddress: '2001:db8::1', last: 8000, target: 'fd00::2', from: [] };
	const text = renderPorts(one);
	assert.deepEqual(elementsIn(text, 'guarded6'), ['add element inet kleene guarded6 { 2001:db8::1 . tcp . 8000 }']);
	assert.doesNotMatch(text, /allowed/);
	assert.match(describePorts('make', one)[0] ?? '', /^nft add element inet kleene guarded6 /);
});

test('::1 leads to routed cables and not to bridges', () => {
	const set = (more: Partial<PublishedPortsPart>) =>
		elementsIn(renderPorts({ ...PORTS, target: 'fd00::2', ...more }), 'bridged6');
	assert.deepEqual(set({}), ['add element inet kleene bridged6 { tcp . 8000-8199 }']);
	assert.deepEqual(set({ hostAddress: '::1', last: 8000 }), ['add element inet kleene bridged6 { tcp . 8000 }']);
	assert.deepEqual(set({ interface: 'epair7a' }), []);
	assert.deepEqual(set({ hostAddress: '2001:db8::1' }), []);
	assert.deepEqual(set({ target: '10.4.6.2' }), []);
});

test('everything that is added is taken away again, also one by one', () => {
	const part = { ...PORTS, last: 8002, from: ['10.0.0.0/8'] };
	const keys = (text: string) => [...text.matchAll(/(?:[\d./]+ \. )*tcp \. [\d-]+/g)].map(([key]) => key).sort();
	assert.deepEqual(keys(portRemoval(part).join('\n')), keys(renderPorts(part)));
	assert.deepEqual(keys(portRemovalSingly(part).join('\n')), keys(renderPorts(part)));
	assert.equal(portRemovalSingly(part).length, 5);
});
