/** Files that nobody knows are put aside, stay, and are removed when somebody asks for it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Paths } from '#host/linux/paths.ts';
import { LinuxLayers } from '#host/linux/storage/layers.ts';
import { observeLost } from '#host/linux/storage/lost.ts';
import { LinuxStorage } from '#host/linux/storage/storage.ts';
import { LinuxVolumes } from '#host/linux/storage/volumes.ts';
import type { Part } from '#model/part.ts';
import { scratch } from './scratch.ts';

const CONTAINER = { kind: 'root-files', container: 'c0ffee012345', layers: ['123456789abc'] } as const;
const VOLUME = { kind: 'volume-files', volume: 'data' } as const;
const LAYER: Extract<Part, { kind: 'layer' }> = {
	kind: 'layer',
	layer: CONTAINER.layers[0],
	below: [],
	source: { kind: 'distribution' },
	dns: false,
	localtime: false,
};

test('files of images, containers and volumes are moved as they are, and what was never complete is not', async (t) => {
	const paths = new Paths(scratch(t));
	const [storage, layers, volumes] = [new LinuxStorage(paths), new LinuxLayers(paths), new LinuxVolumes(paths)];
	mkdirSync(paths.layer(LAYER.layer), { recursive: true });
	writeFileSync(join(paths.layer(LAYER.layer), 'base'), 'of the image');
	await storage.rootFiles.make(CONTAINER, {});
	writeFileSync(join(paths.container(CONTAINER.container), 'upper/changed'), 'of the container');
	await volumes.files.make(VOLUME, {});
	writeFileSync(join(paths.volume('data'), 'kept'), 'of the volume');
	const partial = { ...LAYER, layer: 'aaaabbbbcccd' };
	mkdirSync(`${paths.layer(partial.layer)}.partial`, { recursive: true });
	assert.deepEqual(observeLost(paths), []);

	for (const _ of [1, 2]) {
		await storage.rootFiles.unmake(CONTAINER, { lost: 'keep' });
		for (const image of [LAYER, partial]) await layers.unmake(image, { lost: 'keep' });
		await volumes.files.unmake(VOLUME, { lost: 'keep' });
	}
	assert.deepEqual([storage.observeFiles(), layers.observe(), volumes.observe()], [[], [], []]);
	const lost = observeLost(paths).map(({ kind, id }) => `${kind}-${id}`);
	assert.deepEqual(lost.sort(), ['container-c0ffee012345', 'layer-123456789abc', 'volume-data']);
	const read = (path: string) => readFileSync(join(paths.lost(), path), 'utf8');
	assert.equal(read('container-c0ffee012345/upper/changed'), 'of the container');
	assert.equal(read('layer-123456789abc/base'), 'of the image');
	assert.equal(read('volume-data/kept'), 'of the volume');

	await storage.rootFiles.unmake(CONTAINER, { lost: 'discard' });
	await layers.unmake(LAYER, { lost: 'discard' });
	await volumes.files.unmake(VOLUME, { lost: 'discard' });
	assert.deepEqual(observeLost(paths), []);
	assert.ok(!existsSync(join(paths.lost(), 'volume-data')));
});
