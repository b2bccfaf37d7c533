/** Images to and from a real registry. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { scratch, tarOf } from '#test/host-linux/storage/scratch.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { ARCHITECTURE, type ImageParts, writeImage } from '#test/testbed/oci-image.ts';
import { provideBusybox } from '#test/testbed/prepared/busybox.ts';
import { Registry } from '#test/testbed/registry.ts';
import { TestHost } from '#test/testbed/test-host.ts';

const INSECURE = '--tls-verify=false';
const ACCOUNT = { user: 'ada', password: 'pass word' };

let host: TestHost;
let open: Registry;
let closed: Registry;

before(async () => {
	host = await TestHost.start();
	open = await Registry.start(host.namespace);
	host.takeAlong(open);
	closed = await Registry.start(host.namespace, { port: 5001, account: ACCOUNT });
	host.takeAlong(closed);
});
after(() => host.close());

const busybox = () => readFileSync(provideBusybox());

async function layersOfTool() {
	const base = await tarOf([
		{ name: 'bin/', type: 'directory' },
		{ name: 'bin/busybox', content: busybox(), mode: 0o755 },
		{ name: 'bin/sh', type: 'symlink', linkname: 'busybox' },
		{ name: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\nwww:x:33:33::/srv:/bin/sh\n' },
		{ name: 'etc/old', content: 'old' },
		{ name: 'srv/', type: 'directory', uid: 33 },
	]);
	const change = await tarOf([
		{ name: 'etc/.wh.old', content: '' },
		{ name: 'etc/motd', content: 'second layer\n' },
	]);
	return [base, change];
}

/** Puts an image into the open registry, made elsewhere. */
async function publish(context: Parameters<typeof scratch>[0], name: string, parts: ImageParts): Promise<string[]> {
	const folder = scratch(context);
	const layers = writeImage(folder, parts);
	await open.skopeo('copy', '--dest-tls-verify=false', `oci:${folder}:image`, `docker://${open.address}/${name}`);
	return layers;
}

const layerFiles = () => readdirSync(join(host.root, 'layers')).sort();
const layouts = () => join(host.root, 'layouts');
const nothingLeft = () =>
	assert.ok(!existsSync(join(host.root, 'layouts')) || readdirSync(join(host.root, 'layouts')).length === 0);

for (const compression of ['gzip', 'zstd'] as const)
	test(`an image with ${compression} is pulled and runs with its configuration`, async (context) => {
		const config = {
			Env: ['COLOUR=blue'],
			Cmd: ['sh', '-c', 'cat /etc/motd; ls /etc; echo $COLOUR; id -u'],
			User: 'www',
		};
		const layers = await layersOfTool();
		const history = [
			{ created_by: 'COPY busybox' },
			{ created_by: 'ENV COLOUR', empty_layer: true },
			{ created_by: 'RUN' },
		];
		await publish(context, `tool:${compression}`, { layers, config, compression, history });
		const name = `${open.address}/tool:${compression}`;
		const { stdout, stderr, code } = await host.klee('pull', INSECURE, name);
		assert.equal(code, 0, stderr);
		assert.match(stdout, /^[0-9a-f]{12}\n$/);
		if (compression === 'gzip') assert.match(stderr, /: fetching\n[\s\S]*: unpacking\n[\s\S]*: done, 2 files/);
		const said = await host.kleeOutput('run', name);
		assert.equal(said, 'second layer\nhosts\nmotd\npasswd\nblue\n33');
		const { instructions } = await host.kleeJson<{ instructions: string[][] }>('image', 'inspect', name);
		assert.deepEqual(
			instructions.map(([line]) => line),
			['COPY busybox', 'ENV COLOUR', 'RUN'],
		);
		nothingLeft();
		await host.removeContainers();
	});

test('layers that are here are neither fetched nor unpacked again, and go with the last image', async (context) => {
	await host.kleeOutput('image', 'prune', '-a', '-f');
	assert.deepEqual(layerFiles(), []);
	const layers = await layersOfTool();
	const third = await tarOf([{ name: 'third', content: '3' }]);
	await publish(context, 'one', { layers });
	const digests = await publish(context, 'two', { layers: [...layers, third] });
	await host.kleeOutput('pull', INSECURE, `${open.address}/one`);
	const before = layerFiles();
	open.takeFetches();
	const { stderr } = await host.klee('pull', INSECURE, `${open.address}/two`);
	assert.match(stderr, new RegExp(`${digests[0]?.slice(7, 19)}: here already`));
	const fetched = open.takeFetches().filter((digest) => digests.includes(digest));
	assert.deepEqual([...new Set(fetched)], digests.slice(2));
	assert.equal(layerFiles().length, 3);
	const again = await host.klee('pull', INSECURE, `${open.address}/two`);
	await host.kleeOutput('tag', `${open.address}/two`, 'mine');
	await host.kleeOutput('pull', INSECURE, `${open.address}/two`);
	const names = (await host.kleeJson<{ name: string }[]>('image', 'ls', '--json')).map(({ name }) => name);
	assert.ok(names.includes('mine') && names.includes(`${open.address}/two`), 'no image loses its name to a pull');
	await host.kleeOutput('rmi', 'mine');
	assert.match(again.stderr, /It is here already/);
	await host.kleeOutput('rmi', `${open.address}/one`);
	assert.equal(layerFiles().length, 3, 'the other image has them');
	await host.kleeOutput('rmi', `${open.address}/two`);
	assert.deepEqual([before.length, layerFiles()], [2, []]);
});

test('an image is pushed and comes back the same, its layers known', async (context) => {
	const layers = await layersOfTool();
	const config = {
		Entrypoint: ['/bin/busybox'],
		Cmd: ['true'],
		WorkingDir: '/srv',
		Labels: { a: 'b' },
		StopSignal: 'SIGQUIT',
	};
	await publish(context, 'sent:1', { layers, config });
	const id = await host.kleeOutput('pull', INSECURE, `${open.address}/sent:1`);
	const { stdout, stderr, code } = await host.klee('push', INSECURE, id.trim(), `${closed.address}/ada/sent:2`);
	assert.notEqual(code, 0, stdout);
	assert.match(stderr, /unauthorized|authentication required/);
	assert.match(stderr, /hint: log in first with "klee login/);
	const digest = await host.kleeOutput('push', INSECURE, id.trim(), `${open.address}/sent:2`);
	assert.match(digest, /^sha256:[0-9a-f]{64}$/);
	const raw = await open.skopeo('inspect', '--config', '--tls-verify=false', `docker://${open.address}/sent:2`);
	assert.deepEqual(JSON.parse(raw).config, config);
	await host.kleeOutput('image', 'prune', '-a', '-f');
	await host.kleeOutput('pull', INSECURE, `${open.address}/sent:2`);
	await host.kleeOutput('run', '-d', '--name', 'back', `${open.address}/sent:2`, 'sleep', '100');
	assert.equal(await host.kleeOutput('exec', 'back', 'busybox', 'ls', '/etc'), 'hosts\nmotd\npasswd');
	assert.equal(await host.kleeOutput('exec', 'back', 'busybox', 'stat', '-c', '%u', '/srv'), '33');
	await host.kleeOutput('stop', 'back');
	await host.removeContainers();
	await host.kleeOutput('image', 'prune', '-a', '-f');
});

test('a registry with accounts: refused before login, open after it, closed after logout', async () => {
	const name = `${closed.address}/ada/private`;
	const refused = await host.klee('pull', INSECURE, name);
	assert.deepEqual([refused.code, refused.stdout], [1, '']);
	const login = (password: string) =>
		host.kleeWith(
			{ input: `${password}\n` },
			'login',
			INSECURE,
			'-u',
			ACCOUNT.user,
			'--password-stdin',
			closed.address,
		);
	const wrong = await login('wrong');
	assert.equal(wrong.code, 1, wrong.stdout);
	const { code, stderr } = await login(ACCOUNT.password);
	assert.equal(code, 0, stderr);
	const file = join(host.root, 'auth.json');
	assert.equal(statSync(file).mode & 0o777, 0o600);
	await host.stopDaemon();
	await host.startDaemon();
	const missing = await host.klee('pull', INSECURE, name);
	assert.match(missing.stderr, /manifest unknown[\s\S]*hint: check name, tag and registry/);
	await host.kleeOutput('logout', closed.address);
	assert.match((await host.klee('pull', INSECURE, name)).stderr, /klee login/);
});

test('images of another platform, and registries that speak HTTP, are refused by name', async (context) => {
	const layers = await layersOfTool();
	await publish(context, 'foreign', { layers, platform: { os: 'freebsd', architecture: ARCHITECTURE } });
	const name = `${open.address}/foreign`;
	const foreign = await host.klee('pull', INSECURE, name);
	assert.equal(foreign.code, 1);
	assert.match(
		foreign.stderr,
		new RegExp(`it is for freebsd/${ARCHITECTURE}, and this host runs linux/${ARCHITECTURE}`),
	);
	assert.match((await host.klee('pull', name)).stderr, /HTTP response to HTTPS client[\s\S]*--tls-verify=false/);
	for (const bad of ['-x', 'a b', '$(id)', 'docker://x', ''])
		assert.notEqual((await host.klee('pull', INSECURE, '--', bad)).code, 0, bad);
	assert.deepEqual(layerFiles(), []);
	nothingLeft();
});

test('a pull whose client leaves, or whose daemon is killed, leaves nothing', async (context) => {
	await host.kleeOutput('image', 'prune', '-a', '-f');
	const many = Array.from({ length: 20_000 }, (_, n) => ({ name: `d${n % 100}/${n}`, content: 'x' }));
	await publish(context, 'large', { layers: [...(await layersOfTool()), await tarOf(many)] });
	const pulling = async () => {
		const client = host.converse(['pull', INSECURE, `${open.address}/large`]);
		await client.until(/unpacking[\s\S]*unpacking[\s\S]*unpacking/);
		return client;
	};
	const leaving = await pulling();
	leaving.child.kill('SIGKILL');
	await leaving.ended;
	await eventually('the layers are gone', () => layerFiles().length === 0);
	await eventually('what was fetched is gone', () => !existsSync(layouts()) || readdirSync(layouts()).length === 0);
	const killed = await pulling();
	await host.stopDaemon('SIGKILL');
	assert.notEqual((await killed.ended).code, 0);
	await host.startDaemon();
	assert.deepEqual([layerFiles(), existsSync(layouts())], [[], false]);
	assert.equal(await host.kleeOutput('image', 'ls', '--json'), '[]');
});

test('sizes, digests and history are told, and a prune tells before what it frees', async (context) => {
	const layers = await layersOfTool();
	const history = [
		{ created_by: 'COPY tool /bin' },
		{ created_by: 'ENV A=b', empty_layer: true },
		{ created_by: 'RUN rm' },
	];
	await publish(context, 'told', { layers, history });
	await publish(context, 'base', { layers: layers.slice(0, 1) });
	const [name, base] = ['told', 'base'].map((one) => `${open.address}/${one}`);
	for (const one of [name, base]) await host.kleeOutput('pull', INSECURE, one ?? '');
	const { size, digest } = await host.kleeJson<{ size: number; digest: string }>('image', 'inspect', name ?? '');
	assert.ok(size > busybox().length && size < 2 * busybox().length, `${size} bytes`);
	assert.match(await host.kleeOutput('image', 'ls', '--digests'), new RegExp(`told.*${digest}.* MB`));
	const rows = (await host.kleeOutput('history', name ?? '')).split('\n').slice(1);
	const told = rows.map(
		(row) => /^ *([0-9a-f]{12})?.*?(\S+ k?M?B) +(.*?) *$/.exec(row.replaceAll('│', ' '))?.slice(2) ?? [],
	);
	assert.deepEqual(
		told.filter(([, line]) => line !== undefined).map(([, line]) => line),
		['RUN rm', 'ENV A=b', 'COPY tool /bin'],
	);
	await host.kleeOutput('create', '--name', 'user', base ?? '');
	const plan = await host.kleeOutput('image', 'prune', '-a', '--dry-run');
	assert.match(plan, /^[0-9a-f]{12}\n1 images?, [0-9.]+ kB$/, 'the lower layer is in use');
	assert.equal(layerFiles().length, 2);
	assert.equal(await host.kleeOutput('image', 'prune', '-a', '-f'), plan.split('\n')[0]);
	assert.equal(layerFiles().length, 1);
	await host.removeContainers();
	await host.kleeOutput('image', 'prune', '-a', '-f');
});
