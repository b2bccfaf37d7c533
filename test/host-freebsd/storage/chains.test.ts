/** Layers as a line of clones, and changes of containers that become layers. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { prepare } from '#host/freebsd/paths.ts';
import { FreebsdLayers } from '#host/freebsd/storage/layers.ts';
import { FreebsdStorage } from '#host/freebsd/storage/storage.ts';
import type { LayerPart } from '#model/parts/files.ts';
import { JailHost } from '../jail-host/jail-host.ts';

const CONTAINER = 'c0ffee012345';
const [BASE, ONE, TWO] = ['aaaaaaaaaaa0', 'aaaaaaaaaaa1', 'aaaaaaaaaaa2'];
const OK = { code: 0, stdout: '', stderr: '' };

function commitOf(layer: string, ...below: string[]): LayerPart {
	return { kind: 'layer', layer, below, source: { kind: 'commit', container: CONTAINER } };
}

/** With container `c0ffee012345` on an empty layer. */
async function setUp(t: TestContext) {
	const host = new JailHost(t);
	const [layers, storage] = [new FreebsdLayers(host.paths), new FreebsdStorage(host.paths)];
	const empty = { kind: 'layer', layer: BASE, below: [], source: { kind: 'empty' } } as const;
	const files = { kind: 'root-files', container: CONTAINER, layers: [BASE] } as const;
	for (const _ of [1, 2]) assert.deepEqual(await host.run(layers.make(empty)), OK);
	assert.deepEqual(await host.run(storage.rootFiles.make(files, {})), OK);
	const write = (name: string) => writeFileSync(join(host.paths.containerRoot(CONTAINER), name), name);
	const originOf = (dataset: string) => host.state.datasets[dataset]?.origin;
	return { host, layers, storage, empty, files, write, originOf };
}

test('each commit takes the place of the container in its line of clones, and all can be removed from the top', async (t) => {
	const { host, layers, storage, empty, files, write, originOf } = await setUp(t);
	const { paths } = host;
	write('one');
	for (const _ of [1, 2]) assert.deepEqual(await host.run(layers.make(commitOf(ONE, BASE))), OK);
	write('two');
	assert.deepEqual(await host.run(layers.make(commitOf(TWO, ONE, BASE))), OK);
	assert.equal(originOf(paths.containerDataset(CONTAINER)), paths.layerSnapshot(TWO));
	assert.equal(originOf(paths.layerDataset(TWO)), paths.layerSnapshot(ONE));
	assert.equal(originOf(paths.layerDataset(ONE)), paths.layerSnapshot(BASE));
	assert.equal(readFileSync(join(paths.layer(ONE), 'one'), 'utf8'), 'one');
	assert.ok(!existsSync(join(paths.layer(ONE), 'two')));
	const seen = storage.observation.parse((await host.run(storage.observation.script)).stdout);
	assert.deepEqual(seen.layerFiles.toSorted(), [BASE, ONE, TWO]);
	const stillUsed = await host.run(layers.unmake({ ...empty, layer: ONE }));
	assert.match(stillUsed.stderr, /has dependent clones/);
	assert.deepEqual(await host.run(storage.rootFiles.unmake(files, {})), OK);
	for (const layer of [TWO, ONE, BASE]) assert.deepEqual(await host.run(layers.unmake({ ...empty, layer })), OK);
	assert.deepEqual(host.state.snapshots, []);
});

test('a commit that is undone, wherever it was cut short, leaves the container on what it stood on', async (t) => {
	const { host, layers, write, originOf } = await setUp(t);
	const { paths } = host;
	const part = commitOf(ONE, BASE);
	const before = structuredClone(host.state.datasets);
	write('mine');
	for (const failing of ['zfs snapshot', 'zfs clone', 'zfs promote', 'none of them']) {
		host.state.failing = { [failing]: 'cannot' };
		await host.run(layers.make(part));
		host.state.failing = {};
		for (const _ of [1, 2]) assert.deepEqual(await host.run(layers.unmake(part)), OK, failing);
		assert.deepEqual(host.state.datasets, before, failing);
		assert.deepEqual(host.state.snapshots, [paths.layerSnapshot(BASE)], failing);
	}
	host.state.failing = { 'zfs promote': 'cannot' };
	await host.run(layers.make(part));
	host.state.failing = {};
	assert.deepEqual(await host.run(layers.make(part)), OK, 'it goes on where it was cut short');
	assert.equal(originOf(paths.layerDataset(ONE)), paths.layerSnapshot(BASE));
});

test('images of before become layers, and containers are their clones still', async (t) => {
	const { host, layers, empty } = await setUp(t);
	const { zfsRoot, mountPoint } = host.paths;
	host.change(({ datasets, snapshots }) => {
		const whole = { origin: '-', mounted: true, user: { 'kleene:made': '0' } };
		datasets[`${zfsRoot}/image`] = { origin: '-', mountpoint: `${mountPoint}/image`, mounted: true };
		for (const id of [ONE, TWO])
			datasets[`${zfsRoot}/image/${id}`] = { ...whole, mountpoint: `${mountPoint}/image/${id}` };
		snapshots.push(`${zfsRoot}/image/${ONE}@image`);
		const container = datasets[host.paths.containerDataset(CONTAINER)];
		if (container) container.origin = `${zfsRoot}/image/${ONE}@image`;
	});
	await host.run(layers.unmake(empty));
	for (const id of [ONE, TWO]) mkdirSync(`${mountPoint}/image/${id}`, { recursive: true });
	for (const _ of [1, 2]) {
		const { code, stderr } = await host.run(prepare(zfsRoot, '0').script);
		assert.equal(code, 0, stderr);
	}
	assert.deepEqual(host.state.snapshots, [host.paths.layerSnapshot(ONE)]);
	assert.equal(host.state.datasets[host.paths.containerDataset(CONTAINER)]?.origin, host.paths.layerSnapshot(ONE));
	assert.ok(host.paths.layerDataset(TWO) in host.state.datasets, 'a half made one, too');
	assert.ok(!(`${zfsRoot}/image` in host.state.datasets));
});
