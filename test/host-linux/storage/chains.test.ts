/** Layers on top of each other, and changes of containers that become layers. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
	chmodSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Paths } from '#host/linux/paths.ts';
import { takeOverImages } from '#host/linux/storage/images-before.ts';
import { LinuxLayers } from '#host/linux/storage/layers.ts';
import { LinuxStorage } from '#host/linux/storage/storage.ts';
import { LinuxVolumes } from '#host/linux/storage/volumes.ts';
import type { LayerPart } from '#model/parts/files.ts';
import { scratch } from './scratch.ts';

const CONTAINER = 'c0ffee012345';
const BASE = 'aaaaaaaaaaa0';
const [ONE, TWO] = ['aaaaaaaaaaa1', 'aaaaaaaaaaa2'];

function setUp(context: TestContext, root = scratch(context)) {
	const paths = new Paths(root);
	const [layers, storage] = [new LinuxLayers(paths), new LinuxStorage(paths)];
	const mounted = async (chain: readonly string[], inside: (root: string) => void) => {
		const part = { container: CONTAINER, layers: chain };
		await storage.rootFiles.make({ kind: 'root-files', ...part }, {});
		await storage.rootMount.make({ kind: 'root-mount', ...part }, {});
		try {
			inside(paths.containerRoot(CONTAINER));
		} finally {
			await storage.rootMount.unmake({ kind: 'root-mount', ...part }, {});
		}
	};
	return { paths, layers, storage, mounted };
}

const commitOf = (layer: string, ...below: string[]): LayerPart => {
	return { kind: 'layer', layer, below, source: { kind: 'commit', container: CONTAINER } };
};
const EMPTY: LayerPart = { kind: 'layer', layer: BASE, below: [], source: { kind: 'empty' } };
const read = (...path: string[]) => readFileSync(join(...path), 'utf8');

test('what a container changed becomes a layer, removals too, and it goes on from there', async (t) => {
	const { paths, layers, mounted } = setUp(t);
	await layers.make(EMPTY, {});
	await mounted([BASE], (root) => {
		chmodSync(root, 0o711);
		mkdirSync(join(root, 'etc'));
		for (const name of ['kept', 'gone', 'changed']) writeFileSync(join(root, 'etc', name), 'one');
		mkdirSync(join(root, 'old/below'), { recursive: true });
	});
	for (const _ of [1, 2]) await layers.make(commitOf(ONE, BASE), {});
	assert.deepEqual(readdirSync(paths.containerChanges(CONTAINER)), []);
	assert.equal(statSync(paths.containerChanges(CONTAINER)).mode & 0o777, 0o711);
	await mounted([ONE, BASE], (root) => {
		rmSync(join(root, 'etc/gone'));
		writeFileSync(join(root, 'etc/changed'), 'two');
		rmSync(join(root, 'old'), { recursive: true });
		mkdirSync(join(root, 'old'));
	});
	await layers.make(commitOf(TWO, ONE, BASE), {});
	await mounted([TWO, ONE, BASE], (root) => {
		assert.deepEqual(readdirSync(join(root, 'etc')).sort(), ['changed', 'kept']);
		assert.equal(read(root, 'etc/changed'), 'two');
		assert.deepEqual(readdirSync(join(root, 'old')), []);
	});
	assert.equal(read(paths.layer(ONE), 'etc/changed'), 'one', 'a layer stays as it is');
	assert.deepEqual(layers.observe().sort(), [BASE, ONE, TWO]);
});

test('a commit that is undone, or was cut short, gives the changes back', async (t) => {
	const { paths, layers, mounted } = setUp(t);
	await layers.make(EMPTY, {});
	await mounted([BASE], (root) => writeFileSync(join(root, 'mine'), 'x'));
	const part = commitOf(ONE, BASE);
	await layers.make(part, {});
	for (const _ of [1, 2]) await layers.unmake(part);
	assert.equal(read(paths.containerChanges(CONTAINER), 'mine'), 'x');
	// Killed when the files had moved and the new directory was not there yet.
	renameSync(paths.containerChanges(CONTAINER), paths.layer(ONE));
	for (const _ of [1, 2]) await layers.unmake(part);
	assert.equal(read(paths.containerChanges(CONTAINER), 'mine'), 'x');
	renameSync(paths.containerChanges(CONTAINER), paths.layer(ONE));
	await layers.make(part, {});
	assert.deepEqual(readdirSync(paths.containerChanges(CONTAINER)), []);
	assert.deepEqual(readdirSync(paths.layers()).sort(), [BASE, ONE]);
});

test('changes are not taken from under a root that is mounted', async (t) => {
	const { layers, mounted } = setUp(t);
	await layers.make(EMPTY, {});
	let refused: Promise<void> | undefined;
	await mounted([BASE], () => {
		refused = layers.make(commitOf(ONE, BASE), {});
		refused.catch(() => {});
	});
	await assert.rejects(refused ?? Promise.resolve(), { code: 'CONTAINER_RUNNING' });
});

test('a chain of 200 layers is mounted, from a root directory with a long name', async (t) => {
	const root = join(mkdtempSync(join(scratch(t), 'a'.repeat(60))), 'b'.repeat(100));
	const { paths, layers, storage, mounted } = setUp(t, root);
	const chain = Array.from({ length: 200 }, (_, n) => `aaaaaaa${String(n).padStart(5, '0')}`);
	for (const id of chain) {
		await layers.make({ ...EMPTY, layer: id }, {});
		writeFileSync(join(paths.layer(id), id), '');
		writeFileSync(join(paths.layer(id), 'top'), id);
	}
	const before = process.cwd();
	await mounted(chain, (place) => {
		assert.equal(readdirSync(place).length, 201);
		assert.equal(read(place, 'top'), chain[0]);
		storage.rootMount.make({ kind: 'root-mount', container: CONTAINER, layers: chain }, {});
		assert.throws(
			() => storage.rootMount.make({ kind: 'root-mount', container: CONTAINER, layers: chain.slice(1) }, {}),
			{ code: 'HOST_FAILED' },
		);
	});
	assert.equal(execFileSync('pwd', { encoding: 'utf8' }).trim(), before);
	const many = Array.from({ length: 400 }, (_, n) => `aaaaaaa${String(n).padStart(5, '0')}`);
	const tooMany = async () => storage.rootMount.make({ kind: 'root-mount', container: CONTAINER, layers: many }, {});
	await assert.rejects(tooMany, { code: 'UNSUPPORTED_HERE', what: /400 layers/ });
});

test('a volume takes on what the layers together have at its place', async (t) => {
	const { paths, layers, storage, mounted } = setUp(t);
	await layers.make(EMPTY, {});
	await mounted([BASE], (root) => {
		mkdirSync(join(root, 'srv'));
		for (const name of ['a', 'b']) writeFileSync(join(root, 'srv', name), 'low');
	});
	await layers.make(commitOf(ONE, BASE), {});
	await mounted([ONE, BASE], (root) => {
		rmSync(join(root, 'srv/a'));
		writeFileSync(join(root, 'srv/c'), 'high');
	});
	await layers.make(commitOf(TWO, ONE, BASE), {});
	const chain = [TWO, ONE, BASE];
	const volumes = new LinuxVolumes(paths);
	await volumes.files.make({ kind: 'volume-files', volume: 'data' }, {});
	const mount = { type: 'volume', source: 'data', destination: '/srv', readOnly: false } as const;
	await volumes.mountPoints.make({ kind: 'mount-point', container: CONTAINER, layers: chain, mount, fill: true }, {});
	assert.deepEqual(readdirSync(paths.volume('data')).sort(), ['b', 'c']);
	assert.deepEqual(storage.observeMounts(), []);
});

test('images of before become layers where they are, also after this was cut short', (t) => {
	const { paths } = setUp(t);
	const before = (id: string) => join(paths.root, 'images', id, 'root');
	for (const id of [BASE, ONE, TWO]) {
		mkdirSync(before(id), { recursive: true });
		writeFileSync(join(before(id), 'name'), id);
	}
	const inode = statSync(before(BASE)).ino;
	mkdirSync(paths.layers());
	// One of them was moved when the daemon was killed, another one is half made.
	renameSync(before(ONE), paths.layer(ONE));
	renameSync(before(TWO), `${before(TWO)}.partial`);
	mkdirSync(join(paths.lost(), 'image-aaaaaaaaaaa9/root'), { recursive: true });
	for (const _ of [1, 2]) takeOverImages(paths);
	assert.deepEqual(readdirSync(paths.layers()).sort(), [BASE, ONE, `${TWO}.partial`]);
	assert.equal(statSync(paths.layer(BASE)).ino, inode, 'nothing is copied');
	assert.equal(read(paths.layer(ONE), 'name'), ONE);
	assert.deepEqual(readdirSync(paths.lost()), ['layer-aaaaaaaaaaa9']);
	assert.ok(!existsSync(join(paths.root, 'images')));
});
