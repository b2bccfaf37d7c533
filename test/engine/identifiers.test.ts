/** Names that read like ids: whoever means one object never gets another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunRequest } from '#host/driver.ts';
import { connect, createContainer, EXECUTE, onHost, start, startEngine } from './fixture.ts';
import { TESTNET_CONFIG, testnet } from './testnet.ts';

const SOURCE = { kind: 'distribution' } as const;
const UNTAGGED = { source: SOURCE, tag: '', autotag: false, dns: false, localtime: false, update: false };
const SECOND = { ...TESTNET_CONFIG, subnet: '10.4.7.0/24' };

/** A container, a network and an image, each with another one that has its id for a name, from when that was allowed. */
async function startWithDoubles() {
	const fixture = await startEngine();
	const { engine, store } = fixture;
	const image = engine.images.inspect('Base');
	const { id: network } = await engine.networks.create(TESTNET_CONFIG, EXECUTE);
	const id = await createContainer(fixture, 'web');
	const double = await createContainer(fixture, 'double');
	store.containers.update({ ...engine.containers.inspect('double').container, name: id });
	store.images.insert({ ...image, id: 'abcdefabcdef', name: image.id, config: { ...image.config, env: ['DOUBLE=1'] } });
	const other = { id: 'abcdefabcdef', name: network, interface: 'kleene9', subnet: '10.4.9.0/24' };
	store.networks.insert(testnet(other));
	return { ...fixture, id, double, network };
}

test('what is done to an object under a lock is not done to the one that has its id for a name', async () => {
	const fixture = await startWithDoubles();
	const { engine, store, id, double, network } = fixture;
	await engine.containers.update('web', { user: 'nobody' });
	assert.deepEqual([store.containers.get(id)?.user, store.containers.get(double)?.user], ['nobody', 'root']);
	await connect(fixture, 'web', 'testnet');
	const [endpoint] = store.endpoints.ofContainer(id);
	assert.deepEqual([endpoint?.networkId, store.endpoints.ofContainer(double)], [network, []]);
	await start(fixture, 'web');
	assert.deepEqual([engine.containers.inspect('web').running, store.containers.parts(double)], [true, []]);
	await engine.containers.stop('web', 0);
	await engine.networks.remove('testnet', EXECUTE);
	assert.deepEqual(
		engine.networks.list().map(({ name }) => name),
		[network],
	);
	await engine.containers.remove('web');
	assert.deepEqual(engine.containers.inspect(id).container.id, double);
});

test('a container starts with what the image says that it was made from', async () => {
	const fixture = await startWithDoubles();
	await start(fixture, 'web');
	const sandbox = fixture.store.containers.parts(fixture.id).find((part) => part.kind === 'sandbox');
	assert.deepEqual(sandbox?.spec.process.env, []);
	const requests: RunRequest[] = [];
	const run = fixture.host.run.bind(fixture.host);
	fixture.host.run = (request) => run(requests[requests.push(request) - 1]!);
	await start(fixture, 'web');
	assert.deepEqual(
		requests.map((request) => request.kind === 'additional' && request.process.env),
		[[]],
	);
});

test('an on-startup container is started, not the one that has its id for a name', async () => {
	const { engine, host, store, id, double } = await startWithDoubles();
	await engine.containers.update('web', { restartPolicy: 'on-startup' });
	await startEngine(host, store);
	assert.deepEqual([store.containers.parts(id).length > 0, store.containers.parts(double)], [true, []]);
});

test('the id of another object is refused as a name, at creation and later; its own is not', async () => {
	const fixture = await startEngine();
	const { engine } = fixture;
	const image = engine.images.inspect('Base').id;
	const { id: network } = await engine.networks.create(TESTNET_CONFIG, EXECUTE);
	const [id] = [await createContainer(fixture, 'web'), await createContainer(fixture, 'other')];
	const before = onHost(fixture);
	const refusal = (holder: string) => ({ code: 'NAME_TAKEN', why: `it is the id of ${holder}` });
	await assert.rejects(createContainer(fixture, id), refusal('container web'));
	await assert.rejects(engine.containers.update('other', { name: id }), refusal('container web'));
	await assert.rejects(engine.networks.create({ ...SECOND, name: network }, EXECUTE), refusal('network testnet'));
	const named = engine.images.create({ ...UNTAGGED, tag: image }, () => {});
	await assert.rejects(named, refusal('image Base:latest'));
	assert.deepEqual(onHost(fixture), before);
	const second = await engine.images.create(UNTAGGED, () => {});
	assert.throws(() => engine.images.tag(second, `${image}:v1`), refusal('image Base:latest'));
	await engine.containers.update('web', { name: id });
	assert.equal(engine.containers.inspect(id).container.name, id);
});
