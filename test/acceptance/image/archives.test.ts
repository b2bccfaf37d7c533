/** Images to and from archives of Docker and OCI. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { scratch, tarOf } from '#test/host-linux/storage/scratch.ts';
import { writeImage } from '#test/testbed/oci-image.ts';
import { provideBusybox } from '#test/testbed/prepared/busybox.ts';
import { KLEE, TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;
before(async () => {
	host = await TestHost.start();
});
after(() => host.close());

const layouts = () => join(host.root, 'layouts');
const nothingLeft = () => assert.deepEqual(existsSync(layouts()) ? readdirSync(layouts()) : [], []);

/** An OCI archive of one image that says what it is. */
async function archiveOf(context: TestContext, word: string): Promise<string> {
	const base = await tarOf([
		{ name: 'bin/sh', content: readFileSync(provideBusybox()), mode: 0o755 },
		{ name: 'word', content: `${word}\n` },
	]);
	const folder = scratch(context);
	const config = { Cmd: ['sh', '-c', 'read w </word; echo $w $V'], Env: ['V=v'] };
	writeImage(folder, { layers: [base, await tarOf([{ name: 'more', content: word }])], config });
	const file = join(scratch(context), 'image.tar');
	execFileSync('tar', ['-C', folder, '-cf', file, '.']);
	return file;
}

for (const format of ['docker', 'oci'] as const)
	test(`an image is saved in the format of ${format}, others read it, and it comes back the same`, async (context) => {
		const file = await archiveOf(context, format);
		await host.kleeOutput('image', 'create', '-t', 'saved:1', 'fetch', `file://${file}`);
		const saved = join(scratch(context), 'saved.tar');
		await host.kleeOutput('save', '--format', format, '-o', saved, 'saved:1');
		const config = execFileSync('skopeo', ['inspect', '--config', `${format}-archive:${saved}`], { encoding: 'utf8' });
		assert.deepEqual(JSON.parse(config).config.Env, ['V=v']);
		await host.kleeOutput('rmi', 'saved:1');
		assert.deepEqual(readdirSync(join(host.root, 'layers')), []);
		const id = await host.kleeOutput('load', '-i', saved);
		assert.match(id, /^[0-9a-f]{12}$/);
		assert.equal(await host.kleeOutput('run', 'saved:1'), `${format} v`);
		await host.removeContainers();
		await host.kleeOutput('image', 'prune', '-a', '-f');
		nothingLeft();
	});

test('an archive comes from standard input, compressed too, and goes to standard output', async (context) => {
	const file = await archiveOf(context, 'piped');
	const input = gzipSync(readFileSync(file), { level: 1 });
	const loaded = await host.kleeWith({ input }, 'load');
	assert.equal(loaded.code, 0, loaded.stderr);
	await host.kleeOutput('tag', loaded.stdout.trim(), 'piped');
	const saved = join(scratch(context), 'out.tar');
	execFileSync('sh', ['-c', `exec "$@" >${saved}`, 'sh', KLEE, 'save', 'piped'], { env: host.environment });
	assert.ok(statSync(saved).size > 1_000_000);
	await host.kleeOutput('image', 'prune', '-a', '-f');
});

test('what is no archive of images is refused by load, and one of images is never unpacked as a root', async (context) => {
	const place = scratch(context);
	const [root, text] = [join(place, 'root.tar'), join(place, 'text')];
	writeFileSync(root, await tarOf([{ name: 'etc/passwd', content: 'x' }]));
	writeFileSync(text, 'no archive');
	for (const file of [root, text]) {
		const { code, stderr } = await host.klee('load', '-i', file);
		assert.equal(code, 1);
		assert.match(stderr, /neither an OCI archive nor one of "docker save"/);
	}
	assert.match((await host.klee('load', '-i', '/no/such')).stderr, /cannot read \/no\/such/);
	const missing = await host.klee('save', '-o', join(place, 'none'), 'nosuch');
	assert.deepEqual([missing.code, existsSync(join(place, 'none'))], [1, false]);
	const archive = readFileSync(await archiveOf(context, 'served'));
	const server = createServer((_, response) => response.end(archive)).listen(0, '127.0.0.1');
	await new Promise((resolve) => server.once('listening', resolve));
	context.after(() => server.close());
	const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/image.tar`;
	const { code, stderr } = await host.klee('image', 'create', 'fetch', url);
	assert.equal(code, 1);
	assert.match(stderr, /archive of an image[\s\S]*hint: download it, and load it/);
	assert.equal(await host.kleeOutput('image', 'ls', '--json'), '[]');
	nothingLeft();
});
