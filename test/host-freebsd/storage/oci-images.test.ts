/** Official container images of FreeBSD as base images, in the layout that release/scripts/make-oci-image.sh writes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FreebsdLayers } from '#host/freebsd/storage/layers.ts';
import type { ImageSource } from '#model/image.ts';
import type { PartOf } from '#model/part.ts';
import { JailHost } from '../jail-host/jail-host.ts';

const ID = '1111222233ff';
const MIRROR = 'https://download.freebsd.org/releases';
const OCI = `${MIRROR}/OCI-IMAGES/15.0-RELEASE/amd64/Latest/FreeBSD-15.0-RELEASE-amd64-container-image-`;

function part(source: ImageSource): PartOf<'layer'> {
	return { kind: 'layer', layer: ID, below: [], source, dns: false, localtime: false };
}

type Tree = Readonly<Record<string, string>>;

/** @returns the path of a file below `place` that is called after its digest */
function addBlob(place: string, file: string): string {
	const digest = createHash('sha256').update(readFileSync(file)).digest('hex');
	mkdirSync(join(place, 'blobs/sha256'), { recursive: true });
	renameSync(file, join(place, 'blobs/sha256', digest));
	return digest;
}

function addLayer(place: string, files: Tree): string {
	const tree = mkdtempSync(`${place}-tree-`);
	for (const [name, text] of Object.entries(files)) {
		mkdirSync(join(tree, name, '..'), { recursive: true });
		writeFileSync(join(tree, name), text);
	}
	execFileSync('tar', ['-czf', `${place}.layer`, '-C', tree, '.']);
	rmSync(tree, { recursive: true });
	return addBlob(place, `${place}.layer`);
}

/** An archive of a layout. @param change made to the layout before it is packed */
function ociArchive(host: JailHost, layers: readonly Tree[], change: (place: string) => void = () => {}): string {
	const place = mkdtempSync(join(host.directory, 'oci-'));
	const digests = layers.map((files) => addLayer(place, files));
	const descriptor = (digest: string) => ({ mediaType: 'x', digest: `sha256:${digest}`, size: 1, urls: ['a"b'] });
	const write = (file: string, content: object, space = 0) => writeFileSync(file, JSON.stringify(content, null, space));
	write(`${place}.config`, { rootfs: { diff_ids: [`sha256:${'0'.repeat(64)}`] } });
	const config = descriptor(addBlob(place, `${place}.config`));
	write(`${place}.manifest`, { schemaVersion: 2, config, layers: digests.map(descriptor), annotations: {} }, 2);
	const manifest = descriptor(addBlob(place, `${place}.manifest`));
	write(join(place, 'oci-layout'), { imageLayoutVersion: '1.0.0' });
	write(join(place, 'index.json'), { schemaVersion: 2, manifests: [manifest] });
	change(place);
	execFileSync('tar', ['-cJf', `${place}.txz`, '-C', place, '.']);
	return `${place}.txz`;
}

const fileOf = (host: JailHost, name: string) => readFileSync(join(host.paths.layer(ID), name), 'utf8');

test('a release without base.txz has its container image instead, and that is said', async (t) => {
	const host = new JailHost(t);
	const images = new FreebsdLayers(host.paths);
	host.state.release = '15.0-RELEASE';
	host.state.served = { [`${OCI}runtime.txz`]: ociArchive(host, [{ 'bin/sh': 'shell' }]) };
	const { code, stdout, stderr } = await host.run(images.make(part({ kind: 'distribution' })));
	assert.equal(code, 0, stderr);
	assert.deepEqual(
		stdout.split('\n').filter((line) => /^Fetching|^There|version/.test(line)),
		[
			`Fetching ${MIRROR}/amd64/15.0-RELEASE/base.txz...`,
			'Fetching https://archive.freebsd.org/old-releases/amd64/15.0-RELEASE/base.txz...',
			'There is no base.txz of FreeBSD 15.0-RELEASE: looking for its container images...',
			`Fetching ${OCI}notoolchain.txz...`,
			`Fetching ${OCI}runtime.txz...`,
			'Created image from the automatically detected version: FreeBSD 15.0-RELEASE.',
		],
	);
	assert.equal(fileOf(host, 'bin/sh'), 'shell');
	assert.deepEqual(readdirSync(`${host.paths.mountPoint}/layer`), [ID]);
});

test('an archive of an OCI layout is unpacked layer by layer', async (t) => {
	const host = new JailHost(t);
	const images = new FreebsdLayers(host.paths);
	const archive = ociArchive(host, [{ 'etc/a': 'old', 'etc/b': 'b' }, { 'etc/a': 'new' }]);
	const { code, stderr } = await host.run(images.make(part({ kind: 'archive', url: `file://${archive}` })));
	assert.equal(code, 0, stderr);
	assert.deepEqual([fileOf(host, 'etc/a'), fileOf(host, 'etc/b')], ['new', 'b']);
	assert.ok(!existsSync(join(host.paths.layer(ID), 'oci-layout')));
	assert.deepEqual(readdirSync(`${host.paths.mountPoint}/layer`), [ID]);
});

test('a layout that is damaged, leads elsewhere, or holds several images is refused without a trace', async (t) => {
	const host = new JailHost(t);
	const images = new FreebsdLayers(host.paths);
	const secret = join(host.directory, 'secret');
	writeFileSync(secret, 'of the host');
	const blobs = (place: string) =>
		readdirSync(join(place, 'blobs/sha256')).map((name) => join(place, 'blobs/sha256', name));
	const cases: [RegExp, readonly Tree[], (place: string) => void][] = [
		[
			/no manifest with the digest/,
			[{ a: '1' }],
			(place) => {
				for (const file of blobs(place)) writeFileSync(file, 'other');
			},
		],
		[
			/no manifest with the digest/,
			[{ a: '1' }],
			(place) => {
				for (const file of blobs(place)) {
					rmSync(file);
					symlinkSync(secret, file);
				}
			},
		],
		[/index\.json is not in it/, [{ a: '1' }], (place) => rmSync(join(place, 'index.json'))],
		[/removes files of another one/, [{ a: '1' }, { '.wh.a': '' }], () => {}],
		[/no layers/, [], () => {}],
		[
			/holds several images/,
			[{ a: '1' }],
			(place) => {
				const index = JSON.parse(readFileSync(join(place, 'index.json'), 'utf8'));
				const twice = { ...index, manifests: [...index.manifests, ...index.manifests] };
				writeFileSync(join(place, 'index.json'), JSON.stringify(twice));
			},
		],
	];
	for (const [why, layers, change] of cases) {
		const archive = ociArchive(host, layers, change);
		const { code, stderr } = await host.run(images.make(part({ kind: 'archive', url: `file://${archive}` })));
		assert.equal(code, 1, String(why));
		assert.match(stderr, /^KLEENE-REFUSAL IMAGE_FAILED\t/);
		assert.match(stderr, why);
		assert.deepEqual(readdirSync(`${host.paths.mountPoint}/layer`), [], String(why));
	}
	assert.equal(readFileSync(secret, 'utf8'), 'of the host');
});
