/** Files that nobody knows are put aside, stay, and are removed when somebody asks for it. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { FreebsdLayers } from '#host/freebsd/storage/layers.ts';
import { FreebsdStorage } from '#host/freebsd/storage/storage.ts';
import { FreebsdVolumes } from '#host/freebsd/storage/volumes.ts';
import type { Part } from '#model/part.ts';
import { JailHost } from '../jail-host/jail-host.ts';

const CONTAINER = { kind: 'root-files', container: 'c0ffee012345', layers: ['123456789abc'] } as const;
const LAYER: Extract<Part, { kind: 'layer' }> = {
	kind: 'layer',
	layer: CONTAINER.layers[0],
	below: [],
	source: { kind: 'distribution' },
	dns: false,
	localtime: false,
};

test('datasets are renamed, a container with its image, and listed apart from those in use', async (t) => {
	const host = new JailHost(t);
	host.layer(LAYER.layer, { 'etc/rc': 'rc' });
	const [storage, layers] = [new FreebsdStorage(host.paths), new FreebsdLayers(host.paths)];
	const volumes = new FreebsdVolumes(host.paths);
	const succeed = async (script: Parameters<JailHost['run']>[0]) => {
		const { code, stderr, stdout } = await host.run(script);
		assert.equal(code, 0, stderr);
		return stdout;
	};
	const observe = async () => storage.observation.parse(await succeed(storage.observation.script));
	await succeed(storage.rootFiles.make(CONTAINER, {}));
	await succeed(volumes.files.make({ kind: 'volume-files', volume: 'data' }, {}));
	const before = await observe();
	assert.deepEqual([before.rootFiles, before.volumeFiles, before.lostFiles], [[CONTAINER.container], ['data'], []]);

	for (const _ of [1, 2]) {
		await succeed(storage.rootFiles.unmake(CONTAINER, { lost: 'keep' }));
		await succeed(layers.unmake(LAYER, { lost: 'keep' }));
		await succeed(volumes.files.unmake({ kind: 'volume-files', volume: 'data' }, { lost: 'keep' }));
	}
	const { rootFiles, layerFiles, volumeFiles, lostFiles } = await observe();
	assert.deepEqual([rootFiles, layerFiles, volumeFiles], [[], [], []]);
	assert.deepEqual(
		new Set(lostFiles.map(({ kind, id }) => `${kind} ${id}`)),
		new Set(['container c0ffee012345', 'layer 123456789abc', 'volume data']),
	);
	assert.ok(existsSync(`${host.paths.mountPoint}/lost/container-${CONTAINER.container}/etc/rc`));

	await succeed(storage.rootFiles.unmake(CONTAINER, { lost: 'discard' }));
	await succeed(layers.unmake(LAYER, { lost: 'discard' }));
	await succeed(volumes.files.unmake({ kind: 'volume-files', volume: 'data' }, { lost: 'discard' }));
	assert.deepEqual((await observe()).lostFiles, []);
});
