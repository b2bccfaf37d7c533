import assert from 'node:assert/strict';
import { existsSync, statSync } from 'node:fs';
import { test } from 'node:test';
import { parseZfsRoot, prepare } from '#host/freebsd/paths.ts';
import { FreebsdStorage } from '#host/freebsd/storage/storage.ts';
import type { PartOf } from '#model/part.ts';
import { JailHost } from '../jail-host/jail-host.ts';

const IMAGE = '1111222233ff';
const FILES: PartOf<'root-files'> = { kind: 'root-files', container: 'aaaabbbbcccc', layers: [IMAGE] };
const MOUNT: PartOf<'root-mount'> = { kind: 'root-mount', container: 'aaaabbbbcccc', layers: [IMAGE] };

test('the ZFS root is a dataset, and what is made below it is not open to users of the host', async (t) => {
	for (const text of ['/zroot/kleene', 'zroot/kleene@x', 'zroot/../etc', 'zroot//x', '', 'zroot/a b', "zroot/'"])
		assert.throws(() => parseZfsRoot(text), { code: 'CONFIG_INVALID' }, text);
	const host = new JailHost(t, true);
	const { script, parse } = prepare(parseZfsRoot(host.paths.zfsRoot), '0');
	for (const _ of [1, 2]) {
		const { code, stdout, stderr } = await host.run(script);
		assert.equal(code, 0, stderr);
		assert.equal(parse(stdout).containerRoot('x'), `${host.paths.mountPoint}/container/x`);
	}
	assert.equal(host.calls().filter((call) => call.startsWith('zfs create')).length, 4);
	for (const path of [`${host.paths.mountPoint}/layer`, `${host.paths.mountPoint}/container`, host.paths.state()])
		assert.equal(statSync(path).mode & 0o777, 0o700);
	assert.match(host.paths.state(), /^\/var\/run\/kleene\/[0-9a-f]{8}$/);
});

test('the dataset is of one daemon, and what another one made below it is none of its business', async (t) => {
	const host = new JailHost(t);
	assert.equal((await host.run(prepare(host.paths.zfsRoot, 'aaaa0000').script)).code, 0);
	const other = await host.run(prepare(host.paths.zfsRoot, 'bbbb0000').script);
	assert.equal(other.code, 1);
	assert.match(other.stderr, /another kleened, with another --root.*zfs inherit kleene:store/);
	host.layer(IMAGE, { 'etc/rc': 'rc' }, 'bbbb0000');
	const { rootFiles, observation } = new FreebsdStorage(host.paths);
	assert.equal((await host.run(rootFiles.make(FILES, {}))).code, 0);
	const mine = observation.parse((await host.run(observation.script)).stdout);
	assert.deepEqual([mine.layerFiles, mine.rootFiles], [[], [FILES.container]], 'the image was made by somebody else');
});

test('a pool that is not there and datasets that are mounted apart are refused', async (t) => {
	const host = new JailHost(t);
	const { code, stderr } = await host.run(prepare('nosuch/kleene', '0').script);
	assert.equal(code, 1);
	assert.match(
		stderr,
		/^KLEENE-REFUSAL CONFIG_INVALID\tcannot keep .*\tthe host has no pool nosuch: cannot open 'nosuch'/,
	);
	host.change(({ datasets }) => Object.assign(datasets[host.paths.layers()] ?? {}, { mountpoint: 'legacy' }));
	const apart = await host.run(prepare(host.paths.zfsRoot, '0').script);
	assert.match(apart.stderr, /layer is at legacy\t.*zfs inherit -r mountpoint/);
});

test('the files of a container are a clone, made once, and gone after the second removal as after the first', async (t) => {
	const host = new JailHost(t);
	host.layer(IMAGE, { 'etc/rc': 'rc' });
	const { rootFiles } = new FreebsdStorage(host.paths);
	for (const _ of [1, 2])
		assert.deepEqual(await host.run(rootFiles.make(FILES, {})), { code: 0, stdout: '', stderr: '' });
	assert.ok(existsSync(`${host.paths.containerRoot(FILES.container)}/etc/rc`));
	assert.deepEqual(Object.keys(host.state.datasets).filter((name) => name.endsWith(FILES.container)).length, 1);
	const other = await host.run(rootFiles.make({ ...FILES, layers: ['444455556666'] }, {}));
	assert.equal(other.code, 1);
	assert.match(other.stderr, new RegExp(`already exists, made of ${host.paths.layerSnapshot(IMAGE)}`));
	for (const _ of [1, 2])
		assert.deepEqual(await host.run(rootFiles.unmake(FILES, {})), { code: 0, stdout: '', stderr: '' });
	assert.ok(!existsSync(host.paths.containerRoot(FILES.container)));
});

test('stacked mounts are unmounted before the files are destroyed, and those of others stay', async (t) => {
	const host = new JailHost(t);
	host.layer(IMAGE);
	const { rootFiles } = new FreebsdStorage(host.paths);
	await host.run(rootFiles.make(FILES, {}));
	const root = host.paths.containerRoot(FILES.container);
	const neighbour = { source: 'devfs', target: `${host.paths.containerRoot('aaaabbbbcccd')}/dev`, type: 'devfs' };
	host.change((state) => {
		const dev = { source: 'devfs', target: `${root}/dev`, type: 'devfs' };
		state.mounts = [neighbour, dev, dev, { source: '/srv/a b', target: `${root}/mnt/a (b)`, type: 'nullfs' }, dev];
		state.busy[`${root}/dev`] = 1;
	});
	assert.deepEqual(await host.run(rootFiles.unmake(FILES, {})), { code: 0, stdout: '', stderr: '' });
	assert.deepEqual(host.state.mounts, [neighbour]);
	assert.ok(!existsSync(root));
	const unmounts = host.calls().filter((call) => call.startsWith('umount'));
	assert.deepEqual(unmounts, [`umount ${root}/dev ${root}/mnt/a (b) ${root}/dev ${root}/dev`, `umount -f ${root}/dev`]);
});

test('a dataset that stays busy is unmounted by force, one with clones is not', async (t) => {
	const host = new JailHost(t);
	host.layer(IMAGE);
	const { rootFiles } = new FreebsdStorage(host.paths);
	await host.run(rootFiles.make(FILES, {}));
	host.change((state) => {
		state.busy[host.paths.containerRoot(FILES.container)] = 1;
	});
	assert.equal((await host.run(rootFiles.unmake(FILES, {}))).code, 0);
	assert.equal(
		host
			.calls()
			.filter((call) => call.startsWith('zfs destroy'))
			.at(-1)
			?.split(' ')[2],
		'-rf',
	);
	await host.run(rootFiles.make(FILES, {}));
	const clone = { origin: `${host.paths.containerDataset(FILES.container)}@s1`, mountpoint: '/x', mounted: true };
	host.change((state) => Object.assign(state.datasets, { 'zroot/clone': clone }));
	const { code, stderr } = await host.run(rootFiles.unmake(FILES, {}));
	assert.equal(code, 1);
	assert.match(stderr, /has dependent clones/);
	assert.ok(existsSync(host.paths.containerRoot(FILES.container)));
});

test('a root is mounted where it is expected or refused, and what is left below it is seen and cleared', async (t) => {
	const host = new JailHost(t);
	host.layer(IMAGE);
	const { rootFiles, rootMount, observation } = new FreebsdStorage(host.paths);
	await host.run(rootFiles.make(FILES, {}));
	const dataset = host.paths.containerDataset(FILES.container);
	host.change(({ datasets }) => Object.assign(datasets[dataset] ?? {}, { mounted: false }));
	assert.equal((await host.run(rootMount.make(MOUNT, {}))).code, 0);
	assert.ok(host.state.datasets[dataset]?.mounted);
	const dev = { source: 'devfs', target: `${host.paths.containerRoot(FILES.container)}/dev`, type: 'devfs' };
	host.change((state) => state.mounts.push(dev, dev));
	const others = { volumeFiles: [], lostFiles: [] };
	const files = { layerFiles: ['1111222233ff'], rootFiles: [FILES.container], ...others };
	assert.deepEqual(observation.parse((await host.run(observation.script)).stdout), {
		...files,
		mountedRoots: [FILES.container],
	});
	for (const _ of [1, 2]) assert.equal((await host.run(rootMount.unmake(MOUNT, {}))).code, 0);
	assert.deepEqual(observation.parse((await host.run(observation.script)).stdout), { ...files, mountedRoots: [] });
	host.change(({ datasets }) => Object.assign(datasets[dataset] ?? {}, { mountpoint: '/elsewhere' }));
	assert.match((await host.run(rootMount.make(MOUNT, {}))).stderr, /another mount point: \/elsewhere/);
});
