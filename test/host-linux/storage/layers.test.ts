import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { KleeneError } from '#errors/kleene-error.ts';
import { Paths } from '#host/linux/paths.ts';
import { translateErrors } from '#host/linux/refusals.ts';
import { LinuxLayers } from '#host/linux/storage/layers.ts';
import type { LayerPart } from '#model/parts/files.ts';
import { make } from '#model/step.ts';
import { scratch, tarOf } from './scratch.ts';

const ID = 'abcdef012345';
const SECRET = `Basic ${Buffer.from('user:secret').toString('base64')}`;

function setUp(context: TestContext): { directory: string; paths: Paths; images: LinuxLayers; said: string[] } {
	const directory = scratch(context);
	const paths = new Paths(join(directory, 'kleene'));
	return { directory, paths, images: new LinuxLayers(paths), said: [] };
}

function partOf(url: string, more: Partial<LayerPart> = {}): LayerPart {
	const source = { kind: 'archive', url } as const;
	return { kind: 'layer', layer: ID, below: [], source, dns: false, localtime: false, ...more };
}

/** Making it as a host does: what fails is a refusal. */
function making(images: LinuxLayers, part: LayerPart): Promise<void> {
	return translateErrors(make(part), () => images.make(part, {}));
}

test('an image from a file, made twice and unmade twice', async (context) => {
	const { directory, paths, images, said } = setUp(context);
	const many = Array.from({ length: 1500 }, (_, n) => ({ name: `f/${n}` }));
	writeFileSync(join(directory, 'a b.tar'), await tarOf([{ name: 'etc/x', content: 'x' }, ...many]));
	const part = partOf(`file://${directory}/a%20b.tar`);
	const progress = (text: string) => said.push(text);
	await images.make(part, { progress });
	await images.make(part, { progress });
	assert.equal(readFileSync(join(paths.layer(ID), 'etc/x'), 'utf8'), 'x');
	assert.deepEqual(readdirSync(paths.layers()), [ID]);
	assert.equal(statSync(paths.layers()).mode & 0o777, 0o700);
	assert.equal(statSync(paths.layer(ID)).mode & 0o777, 0o755);
	assert.deepEqual(images.observe(), [ID]);
	assert.deepEqual(said, [
		'Unpacking contents and creating image...\n',
		'Extracted 1000 files...\n',
		'Extracted 1501 files...\n',
		'Succesfully extracted binaries, creating image...\n',
	]);
	await images.unmake(part);
	await images.unmake(part);
	assert.deepEqual(images.observe(), []);
	assert.deepEqual(readdirSync(paths.layers()), []);
});

test('an image over HTTP; what the server refuses is said', async (context) => {
	const { paths, images } = setUp(context);
	const archive = gzipSync(await tarOf([{ name: 'x', content: 'y'.repeat(100_000) }]));
	const server = createServer((request, response) => {
		if (request.url === '/cut.tgz') {
			response.writeHead(200, { 'content-length': archive.length }).write(archive.subarray(0, 50));
			setTimeout(() => response.destroy(), 20);
		} else if (request.url === '/a.tgz' && request.headers.authorization === SECRET) response.end(archive);
		else response.writeHead(404).end('no such thing');
	}).listen(0, '127.0.0.1');
	await new Promise((resolve) => server.once('listening', resolve));
	context.after(() => server.close());
	const base = `http://user:secret@127.0.0.1:${(server.address() as AddressInfo).port}`;
	await assert.rejects(making(images, partOf(`${base}/none`)), {
		code: 'IMAGE_FAILED',
		why: /could not fetch http:\/\/127.0.0.1:\d+\/none: the server answered 404 Not Found/,
	});
	await assert.rejects(making(images, partOf(`${base}/cut.tgz`)), { code: 'IMAGE_FAILED', why: /could not fetch/ });
	assert.deepEqual(readdirSync(paths.layers()), []);
	await images.make(partOf(`${base}/a.tgz`), {});
	assert.equal(statSync(join(paths.layer(ID), 'x')).size, 100_000);
});

test('a hostile archive leaves nothing, and what was outside is as it was', async (context) => {
	const { directory, paths, images } = setUp(context);
	mkdirSync(join(directory, 'victim'));
	writeFileSync(
		join(directory, 'evil.tar'),
		await tarOf([
			{ name: 'ok', content: 'x' },
			{ name: 'a', type: 'symlink', linkname: join(directory, 'victim') },
			{ name: 'a/owned', content: 'x' },
		]),
	);
	await assert.rejects(making(images, partOf(`file://${directory}/evil.tar`)), (error) => {
		assert.ok(error instanceof KleeneError);
		assert.equal(error.code, 'HOSTILE_ARCHIVE');
		assert.match(error.why, /'a\/owned' leads through a symbolic link/);
		return true;
	});
	assert.deepEqual(readdirSync(join(directory, 'victim')), []);
	assert.deepEqual(images.observe(), []);
	assert.deepEqual(readdirSync(paths.layers()), []);
});

test('addresses that are no archive', async (context) => {
	const { directory, images } = setUp(context);
	execFileSync('mkfifo', [join(directory, 'fifo')]);
	for (const [url, why] of [
		['file://relative/path', /absolute path/],
		['file:///no/such/file', /cannot open \/no\/such\/file/],
		[`file://${directory}`, /not a regular file/],
		[`file://${directory}/fifo`, /not a regular file/],
		['ftp://example.org/x', /no file:/],
		['/etc/passwd', /no file:/],
	] as const)
		await assert.rejects(making(images, partOf(url)), { code: 'IMAGE_FAILED', why }, url);
});

test('resolv.conf and localtime go into the image, never through its links', async (context) => {
	const { directory, paths, images, said } = setUp(context);
	mkdirSync(join(directory, 'victim'));
	writeFileSync(
		join(directory, 'a.tar'),
		await tarOf([
			{ name: 'etc', type: 'symlink', linkname: join(directory, 'victim') },
			{ name: join(directory, 'victim').slice(1), type: 'directory' },
		]),
	);
	const part = partOf(`file://${directory}/a.tar`, { dns: true, localtime: true });
	await images.make(part, { progress: (text) => said.push(text) });
	assert.deepEqual(readdirSync(join(directory, 'victim')), [], 'nothing on the host');
	const inside = join(paths.layer(ID), directory, 'victim');
	for (const name of ['resolv.conf', 'localtime'])
		if (existsSync(`/etc/${name}`)) assert.ok(statSync(join(inside, name)).size > 0);
		else assert.ok(said.includes(`/etc/${name} not found on host, skipping...\n`));
});

test('leftovers of a daemon that was killed are seen, made anew, and removed', async (context) => {
	const { directory, paths, images } = setUp(context);
	const partial = `${paths.layer(ID)}.partial`;
	mkdirSync(join(partial, 'half'), { recursive: true });
	assert.deepEqual(images.observe(), [ID]);
	assert.equal(existsSync(paths.layer(ID)), false);
	writeFileSync(join(directory, 'a.tar'), await tarOf([{ name: 'x', content: 'y' }]));
	const part = partOf(`file://${directory}/a.tar`);
	await images.make(part, {});
	assert.deepEqual(readdirSync(paths.layer(ID)), ['x']);
	await images.unmake(part);
	mkdirSync(partial, { recursive: true });
	await images.unmake(part);
	assert.deepEqual(images.observe(), []);
});
