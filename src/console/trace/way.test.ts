import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Trace } from '#api/diagnosis.ts';
import type { View } from '../state/topology.ts';
import { wayOf } from './way.ts';

const named = (objects: readonly { readonly id: string }[]) => new Map(objects.map((one) => [one.id, one]));
const VIEW = {
	host: { uplinks: [{ interface: 'eth0' }] },
	networks: named([{ id: 'n0', interface: 'kleene0' } as never, { id: 'n1', interface: 'kleene1' } as never]),
	containers: named([{ id: 'c0', name: 'web' } as never, { id: 'c1', name: 'db' } as never]),
	endpoints: named([{ id: 'e0', epair: 'epair0' } as never, { id: 'e1', epair: 'epair1' } as never]),
} as unknown as View;

const traceOf = (reachable: boolean, ...hops: (readonly [kind: string, what: string])[]) =>
	({
		source: 'web',
		destination: 'db',
		reachable,
		hops: hops.map(([kind, what]) => ({ kind, what })),
	}) as unknown as Trace;

test('the way leads over cables, bridges and routes to the destination', () => {
	const way = wayOf(
		traceOf(
			true,
			['cable', 'epair0b → epair0a'],
			['bridge', 'kleene0'],
			['route', '10.5.0.2 by kleene1'],
			['cable', 'kleene1 → epair1a'],
		),
		VIEW,
	);
	assert.deepEqual([...way].sort(), [
		'container c0',
		'container c1',
		'endpoint e0',
		'endpoint e1',
		'host',
		'network n0',
		'network n1',
	]);
});

test('a packet that is refused does not light its destination', () => {
	const way = wayOf(traceOf(false, ['cable', 'epair0b → epair0a'], ['rule', 'db is on kleene1']), VIEW);
	assert.deepEqual([...way].sort(), ['container c0', 'endpoint e0']);
});
