import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EngineEvent, EventsMissed, Subscription } from '#engine/events.ts';
import { connect, createContainer, EXECUTE, start, startEngine } from './fixture.ts';
import { TESTNET_CONFIG } from './testnet.ts';

type Told = EngineEvent | EventsMissed;

/** What a subscriber was told until now. */
async function toldTo(subscription: Subscription): Promise<Told[]> {
	subscription.close();
	return Array.fromAsync(subscription);
}

/** Kinds, with the name of what it happened to where it has one. */
function brief(events: readonly Told[]): string[] {
	return events.map((event) => ('name' in event ? `${event.kind} ${event.name}` : event.kind));
}

test('a subscriber is told of the life of a container, its network and its volume, in order', async () => {
	const fixture = await startEngine();
	const { engine, host } = fixture;
	const subscription = engine.events.subscribe();
	const network = await engine.networks.create(TESTNET_CONFIG, EXECUTE);
	const mount = { type: 'volume', source: 'data', destination: '/data', readOnly: false } as const;
	const id = await createContainer(fixture, 'web', 'vnet', [mount]);
	await connect(fixture, 'web', 'testnet', '10.4.6.7');
	const session = await start(fixture, 'web');
	host.endContainer(id, 0);
	await session.ended;
	await engine.networks.remove('testnet', EXECUTE);
	await engine.containers.remove('web');
	await engine.volumes.remove('data');
	await engine.images.remove('Base');
	const events = await toldTo(subscription);
	assert.deepEqual(brief(events), [
		'network-created testnet',
		'volume-created',
		'container-created web',
		'endpoint-connected',
		'container-started web',
		'container-stopped web',
		'endpoint-disconnected',
		'network-removed testnet',
		'container-removed web',
		'volume-removed',
		'image-removed Base',
	]);
	const connected = events.find(({ kind }) => kind === 'endpoint-connected');
	assert.ok(connected?.kind === 'endpoint-connected');
	assert.deepEqual([connected.container, connected.network, connected.addresses], [id, network.id, ['10.4.6.7']]);
	const moments = events.map((event) => ('at' in event ? event.at : ''));
	assert.deepEqual(moments, [...new Set(moments)].sort(), 'each has a moment of its own, later than the one before');
});

test('what failed is not told, neither what was undone', async () => {
	const fixture = await startEngine();
	const { engine, host } = fixture;
	await engine.networks.create(TESTNET_CONFIG, EXECUTE);
	await createContainer(fixture, 'web');
	await start(fixture, 'web');
	const subscription = engine.events.subscribe();
	host.failAt = 2;
	await assert.rejects(connect(fixture, 'web', 'testnet'));
	host.failAt = 0;
	await assert.rejects(createContainer(fixture, 'other'));
	assert.deepEqual(await toldTo(subscription), []);
});

test('what is finished after the host was out of reach is told then, as what it is', async () => {
	const fixture = await startEngine();
	const { engine, host } = fixture;
	await engine.networks.create(TESTNET_CONFIG, EXECUTE);
	const subscription = engine.events.subscribe();
	host.loseAt = 1;
	await assert.rejects(engine.networks.remove('testnet', EXECUTE));
	host.reconnect();
	const kinds: string[] = [];
	for await (const { kind } of subscription) {
		kinds.push(kind);
		if (kind === 'plan-recovered') break;
	}
	assert.deepEqual(kinds, ['network-removed', 'plan-recovered']);
	assert.deepEqual(engine.networks.list(), []);
});

test('whoever does not keep up is told that it missed something, and nothing grows', async () => {
	const fixture = await startEngine();
	const subscription = fixture.engine.events.subscribe({ most: 3 });
	for (const name of ['a', 'b', 'c', 'd', 'e']) await fixture.engine.volumes.create(name);
	const events = await toldTo(subscription);
	assert.deepEqual(events[0], { kind: 'events-missed', count: 3 });
	assert.deepEqual(
		events.slice(1).map((event) => ('volume' in event ? event.volume : '')),
		['d', 'e'],
	);
});

test('a reader waits for what happens next, and stops by leaving the loop', async () => {
	const { engine } = await startEngine();
	const subscription = engine.events.subscribe();
	const names: string[] = [];
	const reading = (async () => {
		for await (const event of subscription) {
			if (event.kind === 'volume-created') names.push(event.volume);
			if (names.length === 2) break;
		}
	})();
	await engine.volumes.create('a');
	await engine.volumes.create('b');
	await reading;
	await engine.volumes.create('c');
	assert.deepEqual(names, ['a', 'b']);
	assert.deepEqual(await Array.fromAsync(subscription), [], 'it is closed');
});

test('what happened before is told as far as it is remembered, which is not without end', async () => {
	const { events } = (await startEngine()).engine;
	const first = (since: string) => toldTo(events.subscribe({ since }));
	for (let n = 0; n < 10_000; n += 1) events.tell({ kind: 'volume-created', volume: `${n}` });
	const [missed, ...kept] = await first('1970');
	assert.deepEqual(missed, { kind: 'events-missed' });
	assert.ok(kept.length > 4000 && kept.length < 5000);
	const last = kept.slice(-3) as EngineEvent[];
	assert.deepEqual(await first(last[0]?.at ?? ''), last);
	assert.deepEqual(await first('9999'), []);
});
