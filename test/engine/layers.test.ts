/** Layers are shared, counted and go with their last user. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_CONFIG } from '#model/image.ts';
import { requireConsistent } from '#test/torture/kills/consistency.ts';
import { createContainer, onHost, start, startEngine } from './fixture.ts';

type Fixture = Awaited<ReturnType<typeof startEngine>>;

/** A build of three steps in container `builder`. @returns the ids of its layers, and of the image `web` */
async function build(fixture: Fixture) {
	const { engine } = fixture;
	const id = await createContainer(fixture, 'builder');
	const layers: string[] = [];
	for (const step of ['one', 'two', 'three']) layers.push((await engine.layers.commit(id, { cacheKey: step })).id);
	const top = layers.at(-1) ?? '';
	const history = layers.map((layer, n) => ({ instruction: `RUN ${n}`, layer, created: '' }));
	const image = engine.images.draft({ nametag: 'web', layer: top, config: EMPTY_CONFIG, history });
	engine.images.record(image);
	await engine.containers.remove('builder');
	return { layers, image: image.id };
}

const layersOf = (fixture: Fixture) => onHost(fixture).filter((part) => part.startsWith('layer '));
const layerIds = ({ store }: Fixture) => store.layers.list().map(({ id }) => id);

test('changes become layers, each found by its parent and its key, and a container sees all of them', async () => {
	const fixture = await startEngine();
	const { engine, store } = fixture;
	const base = engine.images.inspect('Base').layer;
	const { layers } = await build(fixture);
	const [one = '', two = '', three = ''] = layers;
	assert.deepEqual(store.layers.chainIds(three), [three, two, one, base]);
	assert.equal(store.layers.byCacheKey(one, 'two')?.id, two);
	assert.equal(store.layers.byCacheKey(base, 'two'), undefined);
	await engine.images.tag('web', 'Base');
	const id = await createContainer(fixture, 'one');
	await start(fixture, 'one');
	const mount = store.containers.parts(id).find(({ kind }) => kind === 'root-mount');
	assert.deepEqual(mount, { kind: 'root-mount', container: id, layers: [three, two, one, base] });
	requireConsistent(fixture, 'afterwards');
});

test('a container is made from a snapshot of an image, and one that there is not is refused', async () => {
	const fixture = await startEngine();
	const { engine, store } = fixture;
	const { layers, image } = await build(fixture);
	const request = (reference: string) => ({
		...{ name: undefined, image: reference, cmd: [], user: '', env: [], mounts: [], jailParam: [] },
		...{ networkDriver: 'vnet', publicPorts: [], publishFrom: [], restartPolicy: 'no', persist: false, bandwidth: 0 },
	});
	for (const name of ['web', 'web:latest', image.slice(0, 6)]) {
		const id = await engine.newContainers.create(request(`${name}@${layers[1]}`) as never);
		const { imageId, layer } = store.containers.get(id) ?? {};
		assert.deepEqual([imageId, layer], [image, layers[1]]);
	}
	for (const reference of ['web@aaaaaaaaaaaa', `Base@${layers[1]}`, 'web@'])
		await assert.rejects(engine.newContainers.create(request(reference) as never), { code: 'NO_SUCH_IMAGE' });
});

test('a layer goes with the last image, container or layer that uses it', async () => {
	const fixture = await startEngine();
	const { engine } = fixture;
	const base = engine.images.inspect('Base').layer;
	const { layers } = await build(fixture);
	const [one = '', two = ''] = layers;
	const other = engine.images.draft({ nametag: 'other', layer: two, config: EMPTY_CONFIG });
	engine.images.record(other);
	await engine.images.remove('web');
	assert.deepEqual(layerIds(fixture), [base, one, two]);
	await engine.images.remove('Base');
	assert.deepEqual(layerIds(fixture), [base, one, two], 'images stand on it');
	await engine.images.remove('other');
	assert.deepEqual([layerIds(fixture), layersOf(fixture)], [[], []]);
	requireConsistent(fixture, 'afterwards');
});

test('a container takes along the layers that no image has', async () => {
	const fixture = await startEngine();
	const { engine } = fixture;
	const base = engine.images.inspect('Base').layer;
	const id = await createContainer(fixture, 'builder');
	for (const _ of [1, 2]) await engine.layers.commit(id);
	assert.equal(layersOf(fixture).length, 3);
	await engine.containers.remove('builder');
	assert.deepEqual([layerIds(fixture), layersOf(fixture)], [[base], [`layer ${base}`]]);
});

test('layers stay while somebody needs them, though their image goes', async () => {
	const fixture = await startEngine();
	const { engine } = fixture;
	const { layers } = await build(fixture);
	await engine.images.remove('Base');
	await engine.layers.keeping(layers[1] ?? '', async () => {
		await engine.images.remove('web');
		assert.equal(layerIds(fixture).length, 3);
	});
	assert.deepEqual([layerIds(fixture), layersOf(fixture)], [[], []]);
});

test('what nothing uses any more is removed at the next start', async () => {
	const fixture = await startEngine();
	const { engine, host, store } = fixture;
	const base = engine.images.inspect('Base').layer;
	const { layers, image } = await build(fixture);
	store.images.delete(image);
	const restarted = await startEngine(host, store);
	assert.deepEqual(layersOf(restarted), [`layer ${base}`]);
	assert.ok(layers.every((id) => !store.layers.get(id)));
	requireConsistent(restarted, 'afterwards');
});

test('a commit that fails leaves the container as it was', async () => {
	const fixture = await startEngine();
	const { engine, host, store } = fixture;
	const id = await createContainer(fixture, 'builder');
	const before = [store.containers.get(id), onHost(fixture)];
	host.failAt = 0;
	await assert.rejects(engine.layers.commit(id));
	assert.deepEqual([store.containers.get(id), onHost(fixture)], before);
	assert.deepEqual(store.journal.unfinished(), []);
});
