/** Files that nobody knows are put aside, stay, and are removed when somebody asks for it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Paths } from '#host/linux/paths.ts';
import { LinuxImages } from '#host/linux/storage/images.ts';
import { observeLost } from '#host/linux/storage/lost.ts';
import { LinuxStorage } from '#host/linux/storage/storage.ts';
import { LinuxVolumes } from '#host/linux/storage/volumes.ts';
import type { Part } from '#model/part.ts';
import { scratch } from './scratch.ts';

const CONTAINER = { kind: 'root-files', container: 'c0ffee012345', image: '123456789abc' } as const;
const VOLUME = { kind: 'volume-files', volume: 'data' } as const;
const IMAGE: Extract<Part, { kind: 'image-files' }> = {
	kind: 'image-files',
	image: CONTAINER.image,
	source: { kind: 'distribution' },
	dns: false,
	localtime: false,
};

test('files of images, containers and volumes are moved as they are, and what was never complete is not', async (t) => {
	const paths = new Paths(scratch(t));
	const [storage, images, volumes] = [new LinuxStorage(paths), new LinuxImages(paths), new LinuxVolumes(paths)];
	mkdirSync(paths.image(IMAGE.image), { recursive: true });
	writeFileSync(join(paths.image(IMAGE.image), 'base'), 'of the image');
	await storage.rootFiles.make(CONTAINER, {});
	writeFileSync(join(paths.container(CONTAINER.container), 'upper/changed'), 'of the container');
	await volumes.files.make(VOLUME, {});
	writeFileSync(join(paths.volume('data'), 'kept'), 'of the volume');
	const partial = { ...IMAGE, image: 'aaaabbbbcccd' };
	mkdirSync(`${paths.image(partial.image)}.partial`, { recursive: true });
	assert.deepEqual(observeLost(paths), []);

	for (const _ of [1, 2]) {
		await storage.rootFiles.unmake(CONTAINER, { lost: 'keep' });
		for (const image of [IMAGE, partial]) await images.unmake(image, { lost: 'keep' });
		await volumes.files.unmake(VOLUME, { lost: 'keep' });
	}
	assert.deepEqual([storage.observeFiles(), images.observe(), volumes.observe()], [[], [], []]);
	const lost = observeLost(paths).map(({ kind, id }) => `${kind}-${id}`);
	assert.deepEqual(lost.sort(), ['container-c0ffee012345', 'image-123456789abc', 'volume-data']);
	const read = (path: string) => readFileSync(join(paths.lost(), path), 'utf8');
	assert.equal(read('container-c0ffee012345/upper/changed'), 'of the container');
	assert.equal(read('image-123456789abc/root/base'), 'of the image');
	assert.equal(read('volume-data/kept'), 'of the volume');

	await storage.rootFiles.unmake(CONTAINER, { lost: 'discard' });
	await images.unmake(IMAGE, { lost: 'discard' });
	await volumes.files.unmake(VOLUME, { lost: 'discard' });
	assert.deepEqual(observeLost(paths), []);
	assert.ok(!existsSync(join(paths.lost(), 'volume-data')));
});
