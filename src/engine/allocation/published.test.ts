import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { PublishedPorts, ReservedPorts } from './published.ts';

function part(container: string, from: Partial<PublishedPortsPart>): PublishedPortsPart {
	const first = from.first ?? 80;
	const rest = { last: first, protocol: 'tcp', hostAddress: '', arrivesOn: '', target: '10.4.6.2' } as const;
	return { kind: 'published-ports', container, first, targetFirst: 80, interface: 'kleene0', ...rest, ...from };
}

const claim = (ports: PublishedPorts, ...parts: PublishedPortsPart[]) => ports.claim(parts, (id) => `name of ${id}`);

test('one port is held once: on every address or on one, by family and protocol', () => {
	const ports = new PublishedPorts();
	claim(ports, part('a', { first: 8000, last: 8100 }), part('a', { hostAddress: '192.0.2.1' }));
	for (const taken of [{ first: 8100 }, { first: 7990, last: 8000 }, {}, { hostAddress: '192.0.2.1' }])
		assert.throws(() => claim(ports, part('b', taken)), /name of b.*\n?.*name of a already holds it|name of b/);
	claim(
		ports,
		part('b', { protocol: 'udp' }),
		part('b', { target: 'fd00::2' }),
		part('b', { hostAddress: '192.0.2.2' }),
	);
});

test('a claim is granted as a whole or not at all, and a port may not be claimed twice in it', () => {
	const ports = new PublishedPorts();
	assert.throws(() => claim(ports, part('a', { first: 90 }), part('a', { first: 90 })), /cannot publish port 90\/tcp/);
	assert.ok(ports.isFree('tcp', 90));
	claim(ports, part('b', { first: 90 }));
	ports.release([part('b', { first: 90 })]);
	assert.ok(ports.isFree('tcp', 90));
});

test('a port is released by its holder alone', () => {
	const ports = new PublishedPorts();
	claim(ports, part('a', {}));
	ports.release([part('b', {})]);
	assert.throws(() => claim(ports, part('b', {})), /cannot publish port 80/);
	ports.release([part('a', {})]);
	claim(ports, part('b', {}));
});

test('a port stays reserved until the last container that names it is removed', () => {
	const reserved = new ReservedPorts();
	const range = { interfaces: [], hostPort: '5000:5002', containerPort: '1000:*', protocol: 'udp' } as const;
	const one = { interfaces: ['192.0.2.1'], hostPort: '5002', containerPort: '80', protocol: 'udp' } as const;
	reserved.add([range]);
	reserved.add([one]);
	const held = () => [4999, 5000, 5001, 5002, 5003].filter((port) => reserved.has('udp', port));
	assert.deepEqual(held(), [5000, 5001, 5002]);
	assert.ok(!reserved.has('tcp', 5000));
	reserved.remove([range]);
	assert.deepEqual(held(), [5002]);
	reserved.remove([one]);
	assert.deepEqual(held(), []);
});
