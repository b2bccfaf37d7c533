/** Volumes and mounts, as a user meets them: real containers, real files. */
import assert from 'node:assert/strict';
import {
	chmodSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
});
afterEach(async () => {
	await host.removeContainers();
	await host.kleeOutput('volume', 'prune', '-f');
	assert.deepEqual(await host.kleeJson('lsv'), []);
	assert.deepEqual(
		readdirSync(join(host.root, 'volumes')).filter((name) => name !== '.filling'),
		[],
	);
	const notes = join(host.root, 'volumes/.filling');
	assert.deepEqual(existsSync(notes) ? readdirSync(notes) : [], []);
});
after(() => host.close());

interface Inspected {
	readonly volume: {
		readonly name: string;
		readonly dataset: string;
		readonly mountpoint: string;
		readonly created: string;
	};
	readonly mountpoints: readonly Record<string, unknown>[];
}

const inspect = async (name: string) => JSON.parse(await host.kleeOutput('isv', name)) as Inspected;
const shell = (script: string) => ['Debian', 'sh', '-c', script];

test('a volume is made, listed, inspected, and holds what containers write into it beyond their end', async () => {
	assert.equal(await host.kleeOutput('volume', 'create', 'data'), 'data');
	assert.equal(await host.kleeOutput('volume', 'create', 'data'), 'data', 'one that is there stays');
	await host.kleeOutput(
		'run',
		'--name',
		'writer',
		'-m',
		'data:/srv/deep/down',
		...shell('echo precious > /srv/deep/down/file'),
	);
	await host.kleeOutput('rmc', 'writer');
	const { volume, mountpoints } = await inspect('data');
	assert.deepEqual(mountpoints, []);
	assert.equal(volume.mountpoint, join(host.root, 'volumes/data'));
	assert.equal(volume.dataset, 'volumes/data');
	assert.equal(readFileSync(join(volume.mountpoint, 'file'), 'utf8'), 'precious\n');
	assert.match(await host.kleeOutput('run', '-m', 'data:/mnt', 'Debian', 'cat', '/mnt/file'), /precious/);
	assert.match(await host.kleeOutput('volume', 'ls'), /VOLUME NAME +CREATED[\s\S]* data +.* ago/);
	assert.deepEqual(await host.kleeJson('volume', 'ls'), [volume]);
});

test('several containers share a volume; what is mounted read-only refuses writes', async () => {
	await host.kleeOutput('run', '-d', '--name', 'writer', '-m', 'shared:/srv', 'Debian', 'sleep', '600');
	const reader = await host.kleeOutput(
		'create',
		'--name',
		'reader',
		'-m',
		'shared:/mnt:ro',
		...shell('cat /mnt/file; touch /mnt/other'),
	);
	await host.kleeOutput('exec', 'writer', 'sh', '-c', 'echo from the writer > /srv/file');
	const { stdout, stderr, code } = await host.klee('start', 'reader');
	assert.match(stdout, /from the writer/);
	assert.match(stdout + stderr, /Read-only file system/);
	assert.equal(code, 1);
	assert.deepEqual(
		(await inspect('shared')).mountpoints.find(({ container_id: id }) => id === reader),
		{
			container_id: reader,
			type: 'volume',
			source: 'shared',
			destination: '/mnt',
			read_only: true,
		},
	);
});

test('an empty volume takes on what the image has there, with owners and modes, once', async () => {
	const list = 'cd /etc && find . -maxdepth 2 -printf "%P %y %m %U:%G %l\\n" | sort | grep -v -e "^resolv.conf"';
	const original = (await host.kleeOutput('run', ...shell(list))).split('\n').slice(2, -2);
	const first = await host.kleeOutput(
		'run',
		'-m',
		'etc:/etc',
		...shell(`${list}; echo changed > /etc/hostname; rm /etc/debian_version`),
	);
	assert.deepEqual(first.split('\n').slice(2, -2), original);
	const again = await host.kleeOutput('run', '-m', 'etc:/etc', ...shell('cat /etc/hostname; ls /etc'));
	assert.match(again, /changed/, 'what is in a volume is not replaced');
	assert.doesNotMatch(again, /debian_version/, 'and what was removed stays away');
});

test('a volume at a directory that is empty or has an owner of its own gets that owner and mode', async () => {
	const id = await host.kleeOutput(
		'create',
		'-m',
		'temporary:/tmp',
		'-m',
		'home:/root',
		'-m',
		'new:/no/such',
		'Debian',
	);
	const mode = async (name: string) => {
		const { mode, uid, gid } = statSync((await inspect(name)).volume.mountpoint);
		return [(mode & 0o7777).toString(8), uid, gid];
	};
	assert.deepEqual(await mode('temporary'), ['1777', 0, 0]);
	const image = JSON.parse(await host.kleeOutput('isi', 'Debian')) as { dataset: string };
	const home = statSync(join(host.root, image.dataset, 'root'));
	assert.deepEqual(await mode('home'), [(home.mode & 0o7777).toString(8), home.uid, home.gid]);
	assert.deepEqual(await mode('new'), ['755', 0, 0]);
	await host.kleeOutput('rmc', id);
});

test('a link in the image leads to what is inside of the container, never to the host', async () => {
	const secret = join(host.folder, 'secret');
	mkdirSync(secret);
	writeFileSync(join(secret, 'key'), 'of the host');
	const image = JSON.parse(await host.kleeOutput('isi', 'Debian')) as { dataset: string };
	const root = join(host.root, image.dataset);
	symlinkSync(secret, join(root, 'trap'));
	symlinkSync('/../../../../../../../../etc', join(root, 'climb'));
	mkdirSync(join(root, secret), { recursive: true });
	writeFileSync(join(root, secret, 'key'), 'of the container');
	try {
		await host.kleeOutput('create', '-m', 'trapped:/trap', '-m', 'climbed:/climb', 'Debian');
		assert.equal(readFileSync(join((await inspect('trapped')).volume.mountpoint, 'key'), 'utf8'), 'of the container');
		const debian = readFileSync(join(root, 'etc/debian_version'), 'utf8');
		assert.equal(readFileSync(join((await inspect('climbed')).volume.mountpoint, 'debian_version'), 'utf8'), debian);
	} finally {
		for (const name of ['trap', 'climb']) rmSync(join(root, name));
		rmSync(join(root, secret), { recursive: true });
	}
});

test('a volume that a running container has is not filled behind its back', async () => {
	await host.kleeOutput('run', '-d', '--name', 'holder', '-m', 'held:/empty', 'Debian', 'sleep', '600');
	await host.kleeOutput('create', '-m', 'held:/etc', 'Debian');
	assert.deepEqual(readdirSync((await inspect('held')).volume.mountpoint), []);
});

test('a volume in use is not removed, and by whom it is used is said; prune takes the others, oldest first', async () => {
	for (const name of ['old', 'young']) await host.kleeOutput('volume', 'create', name);
	const id = await host.kleeOutput('create', '--name', 'user', '-m', 'used:/srv', 'Debian');
	const { stderr, code } = await host.klee('volume', 'rm', 'used', 'nosuch');
	assert.equal(code, 1);
	assert.match(stderr, new RegExp(`could not remove volume used since it is used for containers:\\s+${id}`));
	assert.match(stderr, /containers mount it: user/);
	assert.match(stderr, /No such volume/);
	const declined = await host.kleeWith({ input: 'n\n' }, 'volume', 'prune');
	assert.match(declined.stdout + declined.stderr, /This will remove all unused volumes\.[\s\S]*Aborted!/);
	assert.equal(await host.kleeOutput('volume', 'prune', '-f'), 'old\nyoung');
	await host.kleeOutput('rmc', 'user');
	assert.equal(await host.kleeOutput('rmv', 'used'), 'used');
});

test('directories and files of the host are mounted, and what is neither is refused', async () => {
	const directory = join(host.folder, 'shared');
	mkdirSync(directory, { recursive: true });
	writeFileSync(join(directory, 'page'), 'hello from the host\n');
	chmodSync(directory, 0o755);
	const mounts = ['-m', `${directory}:/var/www/pages:ro`, '-m', `${directory}/page:/opt/one/page`];
	const output = await host.kleeOutput(
		'run',
		...mounts,
		...shell('cat /var/www/pages/page /opt/one/page; touch /var/www/pages/x 2>&1; echo more >> /opt/one/page'),
	);
	assert.equal(output.match(/hello from the host/g)?.length, 2);
	assert.match(output, /Read-only file system/);
	assert.equal(readFileSync(join(directory, 'page'), 'utf8'), 'hello from the host\nmore\n');
	const refusals = [
		['/no/such:/srv', /error ocurred while determining source type: :enoent/],
		['/dev/null:/srv', /could not determine source type, must be either directory or regular file/],
		['data:/etc/passwd', /the image has a file there/],
		['data:srv', /not an absolute path/],
		['data:/', /root directory/],
		['data:/srv/../etc', /without "\.\."/],
		['.hidden:/srv', /cannot use '\.hidden' as a volume name/],
	] as const;
	const before = await host.kleeJson<unknown[]>('lsc', '-a');
	for (const [mount, why] of refusals) {
		const { stderr, code } = await host.klee('create', '-m', 'fresh:/opt', '-m', mount, 'Debian');
		assert.equal(code, 1, mount);
		assert.match(stderr.replace(/\s+/g, ' '), why);
		assert.match(stderr, /^ hint: /m);
	}
	assert.deepEqual(await host.kleeJson('lsc', '-a'), before);
	assert.deepEqual(await host.kleeJson('lsv'), [], 'volumes that would have come with them did not stay');
});

test('volumes survive the death of the daemon, and what is lost of them is made again', async () => {
	await host.kleeOutput('volume', 'create', 'lost');
	await host.kleeOutput('run', '-d', '--name', 'holder', '-m', 'kept:/srv', 'Debian', 'sleep', '600');
	await host.kleeOutput('exec', 'holder', 'touch', '/srv/file');
	await host.stopDaemon('SIGKILL');
	rmSync(join(host.root, 'volumes/lost'), { recursive: true });
	await host.startDaemon();
	assert.deepEqual(readdirSync(join(host.root, 'volumes/kept')), ['file']);
	assert.deepEqual(readdirSync(join(host.root, 'volumes/lost')), []);
	await host.kleeOutput('exec', 'holder', 'touch', '/srv/other');
	assert.deepEqual(readdirSync(join(host.root, 'volumes/kept')), ['file', 'other']);
});
