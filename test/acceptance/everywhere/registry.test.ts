/** Images to and from a real registry, and as archives. On either host. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { type TestEntry, tarOf } from '#test/host-linux/storage/scratch.ts';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { startHostUnderTest } from '#test/testbed/host-under-test.ts';
import { ARCHITECTURE, type ImageParts, writeImage } from '#test/testbed/oci-image.ts';
import { provideBusybox } from '#test/testbed/prepared/busybox.ts';
import { freePort, Registry } from '#test/testbed/registry.ts';
import { context, removeContexts } from '../build/context.ts';

const INSECURE = '--tls-verify=false';
const ACCOUNT = { user: 'ada', password: 'pass word' };

let host: HostUnderTest;
let open: Registry;
let closed: Registry;
let here: string;
/** The lowest one first. */
let layers: readonly Buffer[];

before(async () => {
	host = await startHostUnderTest();
	layers = [await tarOf(BASE), await tarOf(CHANGE)];
	here = mkdtempSync(join(tmpdir(), 'kleene-registry-'));
	open = await Registry.start(host.namespace, { port: await freePort() });
	host.takeAlong(open);
	closed = await Registry.start(host.namespace, { port: await freePort(), account: ACCOUNT });
	host.takeAlong(closed);
});
afterEach(async () => {
	removeContexts();
	await host.removeContainers();
	for (const { id, name } of await images()) if (name !== host.image) await host.kleeOutput('rmi', id);
	const layouts = join(host.root, 'layouts');
	assert.deepEqual(existsSync(layouts) ? readdirSync(layouts) : [], []);
});
after(async () => {
	rmSync(here, { recursive: true, force: true });
	await host.close();
});

const images = () => host.kleeJson<{ id: string; name: string }[]>('image', 'ls');
const os = () => (host.image === 'FreeBSD' ? 'freebsd' : 'linux');

const BASE: readonly TestEntry[] = [
	{ name: 'bin/busybox', content: readFileSync(provideBusybox()), mode: 0o755 },
	{ name: 'bin/sh', type: 'symlink', linkname: 'busybox' },
	...['dev/', 'etc/', 'root/', 'tmp/'].map((name) => ({ name, type: 'directory' }) as const),
	{ name: 'etc/passwd', content: 'root:*:0:0::/root:/bin/sh\n' },
	{ name: 'etc/old', content: 'old' },
	{ name: 'full/a', content: 'a' },
	{ name: 'full/deep/b', content: 'b' },
	{ name: 'data/shared', content: 'shared', uid: 33, mode: 0o640 },
	{ name: 'place/file', content: 'x' },
	{ name: 'way', type: 'symlink', linkname: 'etc' },
];
const CHANGE: readonly TestEntry[] = [
	{ name: 'etc/new', content: 'new' },
	{ name: 'etc/.wh.old', content: '' },
	{ name: 'full/.wh..wh..opq', content: '' },
	{ name: 'full/c', content: 'c' },
	{ name: 'data/again', type: 'link', linkname: 'data/shared' },
	{ name: 'place', content: 'a file in the place of a directory' },
	{ name: 'way/added', content: 'in the place of a link of the layer below' },
	{ name: 'näme -\n', content: 'odd' },
];

/** Puts an image into a registry, made elsewhere. @returns its name, and the digests of its layers */
async function publish(name: string, parts: ImageParts): Promise<{ name: string; digests: string[] }> {
	const folder = mkdtempSync(join(here, 'image-'));
	const platform = parts.platform ?? { os: os(), architecture: ARCHITECTURE };
	const digests = writeImage(folder, { ...parts, platform });
	const reference = `${open.address}/${name}`;
	await open.skopeo('copy', '--dest-tls-verify=false', `oci:${folder}:image`, `docker://${reference}`);
	return { name: reference, digests };
}

/** What is in each file of an image by its path, without its programs. */
async function filesOf(image: string): Promise<Record<string, string>> {
	const target = join(mkdtempSync(join(here, 'files-')), 'tree');
	const id = await host.kleeOutput('create', '-l', 'disabled', image);
	await host.kleeOutput('cp', `${id}:/`, target);
	await host.kleeOutput('rmc', id);
	const files = readdirSync(target, { recursive: true, withFileTypes: true })
		.filter((one) => one.isFile())
		.map((one) => join(one.parentPath, one.name));
	const named = files.map((path) => [path.slice(target.length), readFileSync(path, 'utf8')] as const);
	return Object.fromEntries(named.filter(([path]) => path !== '/bin/busybox' && path !== '/etc/passwd'));
}

const CHANGED = {
	'/data/again': 'shared',
	'/data/shared': 'shared',
	'/etc/new': 'new',
	'/full/c': 'c',
	'/näme -\n': 'odd',
	'/place': 'a file in the place of a directory',
	'/way/added': 'in the place of a link of the layer below',
};

test('an image is pulled: layers change those below, and its configuration holds', async () => {
	const config = { Env: ['COLOUR=blue'], Cmd: ['/bin/sh', '-c', 'echo $COLOUR'] };
	const { name, digests } = await publish('tool', { layers, config });
	const { code, stdout, stderr } = await host.klee('pull', INSECURE, name);
	assert.equal(code, 0, stderr);
	assert.match(stdout, /^[0-9a-f]{12}\n$/);
	assert.match(stderr, /: fetching\n[\s\S]*: unpacking\n[\s\S]*: done, 8 files/);
	assert.equal(await host.kleeOutput('run', '--rm', '-l', 'disabled', name), 'blue');
	assert.deepEqual(await filesOf(name), CHANGED);
	assert.match((await host.klee('pull', INSECURE, name)).stderr, /It is here already/);
	open.takeFetches();
	const third = await publish('more', {
		layers: [...layers, await tarOf([{ name: 'third', content: '3' }])],
	});
	const more = await host.klee('pull', INSECURE, third.name);
	assert.match(more.stderr, new RegExp(`${digests[0]?.slice(7, 19)}: here already`));
	const fetched = open.takeFetches().filter((digest) => third.digests.includes(digest));
	assert.deepEqual([...new Set(fetched)], third.digests.slice(2));
});

test('a built image is pushed with its changes alone, and comes back the same', async () => {
	const { name } = await publish('base', { layers });
	await host.kleeOutput('pull', INSECURE, name);
	const files = { one: 'first', 'tree/two': 'second' };
	const built = await host.klee(
		'build',
		'-t',
		'mine',
		context(`FROM ${name}\nCOPY one /etc/new\nCOPY tree /data\nENV A=b\n`, files),
	);
	assert.equal(built.code, 0, built.stderr);
	const target = `${open.address}/mine:2`;
	const digest = await host.kleeOutput('push', INSECURE, 'mine', target);
	assert.match(digest, /^sha256:[0-9a-f]{64}$/);
	assert.equal(
		await host.kleeOutput('push', INSECURE, 'mine', target),
		digest,
		'the same files make the same archives',
	);
	const copy = mkdtempSync(join(here, 'copy-'));
	await open.skopeo('copy', '--src-tls-verify=false', `docker://${target}`, `dir:${copy}`);
	const { layers: sent } = JSON.parse(readFileSync(join(copy, 'manifest.json'), 'utf8')) as {
		layers: { digest: string }[];
	};
	const listed = sent.slice(1).map(({ digest: blob }) => {
		const names = execFileSync('tar', ['-tzf', join(copy, blob.slice('sha256:'.length))], { encoding: 'utf8' });
		return names.split('\n').filter((one) => one !== '' && !one.endsWith('/'));
	});
	assert.deepEqual(listed.slice(1), [['etc/new'], ['data/two']]);
	const change = listed[0]?.join(' ') ?? '';
	assert.match(change, /etc\/\.wh\.old/);
	assert.match(change, /full\/\.wh\.(a|\.wh\.\.opq)/);
	assert.doesNotMatch(change, /busybox/);
	await host.kleeOutput('rmi', 'mine', name);
	await host.kleeOutput('pull', INSECURE, target);
	assert.deepEqual(await filesOf(target), { ...CHANGED, '/etc/new': 'first', '/data/two': 'second' });
});

test('a registry with accounts: refused before login, open after it, closed after logout', async () => {
	const name = `${closed.address}/ada/private`;
	assert.match((await host.klee('pull', INSECURE, name)).stderr, /hint: log in first with "klee login/);
	const login = (password: string) => {
		const words = ['login', INSECURE, '-u', ACCOUNT.user, '--password-stdin', closed.address];
		return host.kleeWith({ input: `${password}\n` }, ...words);
	};
	assert.equal((await login('wrong')).code, 1);
	const { code, stderr } = await login(ACCOUNT.password);
	assert.equal(code, 0, stderr);
	assert.equal(statSync(join(host.root, 'auth.json')).mode & 0o777, 0o600);
	await host.kleeOutput('push', INSECURE, host.image, name);
	await host.stopDaemon();
	await host.startDaemon();
	await host.kleeOutput('pull', INSECURE, name);
	await host.kleeOutput('logout', closed.address);
	assert.match((await host.klee('pull', INSECURE, `${name}:2`)).stderr, /klee login/);
});

test('an image of another platform is refused by name', async () => {
	const platform = { os: os() === 'linux' ? 'freebsd' : 'linux', architecture: ARCHITECTURE };
	const { name } = await publish('foreign', { layers, platform });
	const { code, stderr } = await host.klee('pull', INSECURE, name);
	assert.equal(code, 1);
	assert.match(
		stderr,
		new RegExp(`it is for ${platform.os}/${ARCHITECTURE}, and this host runs ${os()}/${ARCHITECTURE}`),
	);
});

for (const format of ['docker', 'oci'] as const)
	test(`an image is saved in the format of ${format}, and comes back the same`, async () => {
		const { name } = await publish('saved', { layers, config: { Env: ['V=v'] } });
		await host.kleeOutput('pull', INSECURE, name);
		await host.kleeOutput('tag', name, 'saved:1');
		const file = join(here, `${format}.tar`);
		await host.kleeOutput('save', '--format', format, '-o', file, 'saved:1');
		const config = JSON.parse(
			execFileSync('skopeo', ['inspect', '--config', '--raw', `${format}-archive:${file}`], { encoding: 'utf8' }),
		);
		assert.deepEqual([config.config.Env, config.os], [['V=v'], os()]);
		await host.kleeOutput('rmi', 'saved:1');
		if (host.image === 'FreeBSD' && format === 'docker') {
			const created = await host.klee('image', 'create', 'fetch', `file://${file}`);
			assert.match(created.stderr, /archive of an image[\s\S]*klee image load -i/);
		}
		assert.match(await host.kleeOutput('load', '-i', file), /^[0-9a-f]{12}$/);
		assert.deepEqual(await filesOf('saved:1'), CHANGED);
	});

test('a link of a layer below leads a layer nowhere, not even to remove something', async () => {
	const outside = join(here, 'outside');
	mkdirSync(join(outside, 'inner'), { recursive: true });
	for (const name of ['kept', 'inner/kept']) writeFileSync(join(outside, name), 'of the host');
	const linked = await tarOf([...BASE, { name: 'away', type: 'symlink', linkname: outside }]);
	const change = await tarOf([
		{ name: 'away/.wh.kept', content: '' },
		{ name: 'away/inner/.wh..wh..opq', content: '' },
		{ name: 'away/new', content: 'new' },
	]);
	const { name } = await publish('away', { layers: [linked, change] });
	await host.kleeOutput('pull', INSECURE, name);
	assert.equal((await filesOf(name))['/away/new'], 'new');
	assert.deepEqual(readdirSync(outside, { recursive: true }).sort(), ['inner', 'inner/kept', 'kept']);
});

test('a layer whose names lead elsewhere, or whose data is not what its image says, leaves nothing', async () => {
	const before = await host.kleeOutput('image', 'ls', '--json');
	const [base = Buffer.alloc(0)] = layers;
	const hostile: readonly TestEntry[][] = [
		[{ name: '../outside', content: 'x' }],
		[
			{ name: 'a', type: 'symlink', linkname: '../../..' },
			{ name: 'a/outside', content: 'x' },
		],
		[{ name: 'etc/.wh...', content: '' }],
		[{ name: 'a', type: 'link', linkname: '../../../etc/passwd' }],
	];
	for (const [index, entries] of hostile.entries()) {
		const { name } = await publish(`hostile${index}`, { layers: [base, await tarOf(entries)] });
		const { code, stderr } = await host.klee('pull', INSECURE, name);
		assert.equal(code, 1, name);
		assert.match(stderr, /'\.\.'|symbolic link|from within/, stderr);
	}
	assert.equal(await host.kleeOutput('image', 'ls', '--json'), before);
});
