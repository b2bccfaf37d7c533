import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
	existsSync,
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FreebsdLayers } from '#host/freebsd/storage/layers.ts';
import type { ImageSource } from '#model/image.ts';
import type { LayerPart } from '#model/parts/files.ts';
import { JailHost } from '../jail-host/jail-host.ts';

const ID = '1111222233ff';
const OK = { code: 0, stdout: '', stderr: '' };
const BASE = '/amd64/13.2-RELEASE/base.txz';

function part(source: ImageSource, copies = false): LayerPart {
	return { kind: 'layer', layer: ID, below: [], source, dns: copies, localtime: false };
}

/** A tar archive of a small tree; `extra` are further arguments for tar. */
function archive(host: JailHost, prepare: (tree: string) => void = () => {}, ...extra: string[]): string {
	const tree = mkdtempSync(join(host.directory, 'tree-'));
	writeFileSync(join(tree, 'COPYRIGHT'), 'c');
	prepare(tree);
	execFileSync('tar', ['-cPf', `${tree}.tar`, ...extra, '-C', tree, '.']);
	return `${tree}.tar`;
}

function assertNothingLeft(host: JailHost): void {
	assert.ok(!(host.paths.layerDataset(ID) in host.state.datasets));
	assert.deepEqual(readdirSync(`${host.paths.mountPoint}/layer`), []);
	assert.ok(!host.state.snapshots.some((name) => name.endsWith(`@${ID}`)));
}

test('an update while creating is refused, not forgotten', (t) => {
	const host = new JailHost(t);
	const part = { kind: 'layer', layer: '1111222233ff', below: [], source: { kind: 'distribution' } } as const;
	const images = new FreebsdLayers(host.paths);
	assert.throws(() => images.make({ ...part, dns: false, localtime: false, update: true }), {
		code: 'UNSUPPORTED_HERE',
	});
});

test('an archive of the host becomes an image, which is made once and removed for good', async (t) => {
	const host = new JailHost(t);
	const images = new FreebsdLayers(host.paths);
	const file = archive(host, (tree) => mkdirSync(join(tree, 'etc')));
	const image = part({ kind: 'archive', url: `file://${file}` }, true);
	const { code, stdout, stderr } = await host.run(images.make(image));
	assert.equal(code, 0, stderr);
	assert.match(
		stdout,
		/^Unpacking contents and creating image\.\.\.\nSuccesfully extracted binaries, creating image\.\.\.\n/,
	);
	assert.equal(readFileSync(join(host.paths.layer(ID), 'COPYRIGHT'), 'utf8'), 'c');
	if (existsSync('/etc/resolv.conf'))
		assert.equal(
			readFileSync(join(host.paths.layer(ID), 'etc/resolv.conf'), 'utf8'),
			readFileSync('/etc/resolv.conf', 'utf8'),
		);
	assert.ok(host.state.snapshots.includes(host.paths.layerSnapshot(ID)));
	assert.deepEqual(readdirSync(`${host.paths.mountPoint}/layer`), [ID]);
	assert.deepEqual(await host.run(images.make(image)), OK);
	for (const _ of [1, 2]) assert.deepEqual(await host.run(images.unmake(image)), OK);
	assertNothingLeft(host);
});

test('an image that was interrupted is begun anew', async (t) => {
	const host = new JailHost(t);
	const images = new FreebsdLayers(host.paths);
	host.layer(ID, { 'half/made': '' });
	host.state.snapshots = [];
	const image = part({ kind: 'archive', url: `file://${archive(host)}` });
	assert.equal((await host.run(images.make(image))).code, 0);
	assert.deepEqual(readdirSync(host.paths.layer(ID)), ['COPYRIGHT']);
	assert.ok(host.state.snapshots.includes(host.paths.layerSnapshot(ID)));
});

test('the base system is that of the release of the host, from the mirror or, when it is old, from the archive', async (t) => {
	const host = new JailHost(t);
	const images = new FreebsdLayers(host.paths);
	host.state.served = { [`https://archive.freebsd.org/old-releases${BASE}`]: archive(host) };
	const { code, stdout, stderr } = await host.run(images.make(part({ kind: 'distribution' })));
	assert.equal(code, 0, stderr);
	assert.deepEqual(
		stdout.split('\n').filter((line) => /^Fetching|version/.test(line)),
		[
			`Fetching https://download.freebsd.org/releases${BASE}...`,
			`Fetching https://archive.freebsd.org/old-releases${BASE}...`,
			'Created image from the automatically detected version: FreeBSD 13.2-RELEASE.',
		],
	);
	assert.deepEqual(readdirSync(`${host.paths.mountPoint}/layer`), [ID]);
});

test('there is no base system for a development version, nor where no server is reached', async (t) => {
	const host = new JailHost(t);
	const images = new FreebsdLayers(host.paths);
	const offline = await host.run(images.make(part({ kind: 'distribution' })));
	assert.match(offline.stderr, /^KLEENE-REFUSAL IMAGE_FAILED\t.*\tcould not fetch file from url: fetch: .*Not Found/);
	assertNothingLeft(host);
	host.state.release = '14.0-STABLE';
	const { code, stderr } = await host.run(images.make(part({ kind: 'distribution' })));
	assert.equal(code, 1);
	assert.match(stderr, /^KLEENE-REFUSAL UNSUPPORTED_HERE\t.*could not deduce url from FreeBSD version 14.0-STABLE\t/);
	assertNothingLeft(host);
});

test('archives that would leave the image, are none, or are not there leave nothing', async (t) => {
	const host = new JailHost(t);
	const images = new FreebsdLayers(host.paths);
	const make = (url: string) => host.run(images.make(part({ kind: 'archive', url })));
	const hostile = archive(host, () => {}, '--transform=s,COPYRIGHT,../../evil,');
	const { code, stderr } = await make(`file://${hostile}`);
	assert.equal(code, 1);
	assert.match(stderr, /^KLEENE-REFUSAL HOSTILE_ARCHIVE\t.*\.\.\/\.\.\/evil: Path contains '\.\.'/);
	assertNothingLeft(host);
	writeFileSync(join(host.directory, 'text'), 'no archive');
	const text = await make(`file://${join(host.directory, 'text')}`);
	assert.match(text.stderr, /IMAGE_FAILED\t.*could not extract tar archive: tar: Error opening archive: Unrec/);
	assert.match((await make('file:///nosuch.txz')).stderr, /the host has no file \/nosuch\.txz/);
	for (const url of ['ftp://x/y', 'file://relative', 'rm -rf /'])
		assert.throws(() => images.make(part({ kind: 'archive', url })), { code: 'IMAGE_FAILED' });
	assertNothingLeft(host);
});

test('what is copied from the host into an image never leaves it by a link', async (t) => {
	const host = new JailHost(t);
	const images = new FreebsdLayers(host.paths);
	const outside = join(host.directory, 'outside');
	mkdirSync(outside);
	writeFileSync(join(outside, 'resolv.conf'), 'mine');
	const linkedFile = archive(host, (tree) => {
		mkdirSync(join(tree, 'etc'));
		symlinkSync(join(outside, 'resolv.conf'), join(tree, 'etc/resolv.conf'));
	});
	assert.equal((await host.run(images.make(part({ kind: 'archive', url: `file://${linkedFile}` }, true)))).code, 0);
	if (existsSync('/etc/resolv.conf')) assert.ok(lstatSync(join(host.paths.layer(ID), 'etc/resolv.conf')).isFile());
	await host.run(images.unmake(part({ kind: 'distribution' })));
	const linkedEtc = archive(host, (tree) => symlinkSync(outside, join(tree, 'etc')));
	const { stderr } = await host.run(images.make(part({ kind: 'archive', url: `file://${linkedEtc}` }, true)));
	assert.match(stderr, /^KLEENE-REFUSAL IMAGE_FAILED\t.*its \/etc is not a directory/);
	assert.equal(readFileSync(join(outside, 'resolv.conf'), 'utf8'), 'mine');
	assertNothingLeft(host);
});

test('a dataset is copied without a trace, or cloned, and its snapshot goes with the image', async (t) => {
	const host = new JailHost(t);
	const images = new FreebsdLayers(host.paths);
	const mountpoint = join(host.directory, 'base');
	mkdirSync(mountpoint);
	writeFileSync(join(mountpoint, 'file'), 'f');
	host.state.datasets['zroot/base'] = { origin: '-', mountpoint, mounted: true };
	const source = { kind: 'dataset', dataset: 'zroot/base' } as const;
	const copy = part({ ...source, method: 'copy' });
	assert.deepEqual(await host.run(images.make(copy)), OK);
	assert.equal(readFileSync(join(host.paths.layer(ID), 'file'), 'utf8'), 'f');
	assert.deepEqual(host.state.snapshots, [host.paths.layerSnapshot(ID)]);
	await host.run(images.unmake(copy));
	const clone = part({ ...source, method: 'clone' });
	for (const _ of [1, 2]) assert.deepEqual(await host.run(images.make(clone)), OK);
	assert.deepEqual(host.state.snapshots, [`zroot/base@${ID}`, host.paths.layerSnapshot(ID)]);
	// A daemon that finds an image of nobody does not know its source.
	assert.deepEqual(await host.run(images.unmake(part({ kind: 'distribution' }))), OK);
	assertNothingLeft(host);
	host.state.failing = { 'zfs receive': 'cannot receive new filesystem stream: out of space' };
	const failed = await host.run(images.make(copy));
	assert.deepEqual([failed.code, failed.stderr], [1, 'cannot receive new filesystem stream: out of space\n']);
	assertNothingLeft(host);
	const missing = part({ ...source, dataset: 'zroot/nosuch', method: 'clone' });
	assert.match((await host.run(images.make(missing))).stderr, /IMAGE_FAILED\t.*invalid dataset: .* zroot\/nosuch\t/);
	assert.throws(() => images.make(part({ ...source, dataset: '/zroot/base', method: 'copy' })), {
		code: 'INVALID_ARGUMENT',
	});
});
