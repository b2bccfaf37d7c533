/** Files in and out of containers, which change what is there as they like. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { outputOf } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { mounts } from '#test/testbed/snapshot.ts';
import { KLEE, type TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;
let here: string;

before(async () => {
	host = await startHostWithImage();
	here = join(host.folder, 'here');
	mkdirSync(join(here, 'tree', 'inner'), { recursive: true });
	writeFileSync(join(here, 'tree', 'inner', 'file'), 'local\n');
	symlinkSync('/etc', join(here, 'tree', 'link'));
});
afterEach(() => host.removeContainers());
after(() => host.close());

const start = (name: string, script: string, ...options: readonly string[]) =>
	host.kleeOutput('run', '-d', '--name', name, ...options, 'Debian', '/bin/sh', '-c', script);

const inside = async (name: string, ...command: readonly string[]) =>
	(await host.klee('exec', name, ...command)).stdout.trimEnd();

const ready = (name: string) =>
	eventually('it is ready', async () => (await host.klee('exec', name, 'test', '-e', '/ready')).code === 0);

test('files go in and out, of a container that runs and of one that does not, volumes included', async () => {
	await start(
		'web',
		'mkdir /d; echo out >/d/f; ln -s /etc /d/link; echo v >/srv/v; touch /ready; sleep 600',
		'-m',
		'vol:/srv',
	);
	await ready('web');
	await host.kleeOutput('cp', 'web:/d', here);
	assert.equal(readFileSync(join(here, 'd', 'f'), 'utf8'), 'out\n');
	assert.equal(readlinkSync(join(here, 'd', 'link')), '/etc');
	await host.kleeOutput('cp', 'web:/d/f', join(here, 'renamed'));
	await host.kleeOutput('cp', 'web:/srv/v', here);
	assert.deepEqual(
		['renamed', 'v'].map((name) => readFileSync(join(here, name), 'utf8')),
		['out\n', 'v\n'],
	);
	await host.kleeOutput('cp', join(here, 'tree'), 'web:/srv');
	assert.equal(await inside('web', 'cat', '/srv/tree/inner/file'), 'local');
	await host.kleeOutput('cp', `${join(here, 'tree')}/.`, 'web:/tmp');
	assert.equal(await inside('web', 'readlink', '/tmp/link'), '/etc');
	await host.kleeOutput('stop', '-t', '0', 'web');
	await host.kleeOutput('cp', join(here, 'tree', 'inner', 'file'), 'web:/etc/added');
	await host.kleeOutput('cp', 'web:/etc/added', join(here, 'back'));
	assert.equal(readFileSync(join(here, 'back'), 'utf8'), 'local\n');
	assert.ok(!mounts().some((line) => line.includes(`${host.root}/containers`)));
	await host.kleeOutput('start', '-d', 'web');
	assert.equal(await inside('web', 'cat', '/etc/added'), 'local');
});

test('"-" is a tar archive, in both directions', async () => {
	await start('tar', 'mkdir /d; head -c 3000000 /dev/zero >/d/big; touch /ready; sleep 600');
	await ready('tar');
	const script = `${KLEE} cp tar:/d - | tar -tvf - && tar -C ${here} -cf - tree | ${KLEE} cp - tar:/d`;
	const listed = await outputOf(['sh', '-c', script], { env: host.environment });
	assert.match(listed, /3000000 .* d\/big/);
	assert.equal(await inside('tar', 'cat', '/d/tree/inner/file'), 'local');
	const junk = await host.kleeWith({ input: 'no archive' }, 'cp', '-', 'tar:/d');
	assert.equal(junk.code, 1);
	assert.match(junk.stderr, /truncated or is no tar archive/);
});

test('links of a container lead nowhere but into it, also while they are exchanged for directories', async () => {
	const secret = join(host.folder, 'secret');
	mkdirSync(secret);
	writeFileSync(join(secret, 'key'), 'secret');
	const swap = `ln -sfn ${secret} /l2; mkdir /d; touch /ready; while :; do ln -sfn ${secret} /d/x; rm -f /d/x; mkdir -p /d/x; rmdir /d/x; done`;
	await start('swap', swap);
	await ready('swap');
	for (const [from, to] of [
		['swap:/l2/key', here],
		[join(here, 'tree'), 'swap:/l2'],
		[join(here, 'tree'), 'swap:/l2/'],
	] as const) {
		await host.klee('cp', from, to);
	}
	for (let i = 0; i < 25; i += 1) {
		await host.klee('cp', join(here, 'tree', 'inner', 'file'), 'swap:/d/x/file');
		await host.klee('cp', 'swap:/d/x/key', join(here, 'stolen'));
		await host.klee('cp', 'swap:/d', join(here, 'whole'));
	}
	assert.deepEqual(readdirSync(secret), ['key']);
	assert.ok(!existsSync(join(here, 'stolen')));
	const stolen = await outputOf(['sh', '-c', `grep -rl secret ${join(here, 'whole')} || true`]);
	assert.equal(stolen, '');
});

test('a link is followed where it is the destination, within the container or here, also when its target is missing', async () => {
	await start(
		'follow',
		'mkdir /d; echo old >/d/f; ln -s /d/f /l; ln -s d/new /n; ln -s /l /ll; touch /ready; sleep 600',
	);
	await ready('follow');
	const file = join(here, 'tree', 'inner', 'file');
	await host.kleeOutput('cp', file, 'follow:/ll');
	await host.kleeOutput('cp', file, 'follow:/n');
	assert.equal(await inside('follow', 'readlink', '/l', '/ll', '/n'), '/d/f\n/l\nd/new');
	assert.equal(await inside('follow', 'cat', '/d/f', '/d/new'), 'local\nlocal');
	writeFileSync(join(here, 'behind'), 'old');
	symlinkSync('behind', join(here, 'before'));
	await host.kleeOutput('cp', 'follow:/d/f', join(here, 'before'));
	assert.equal(readlinkSync(join(here, 'before')), 'behind');
	assert.equal(readFileSync(join(here, 'behind'), 'utf8'), 'local\n');
});

test('what has no content is refused by name, and state of the kernel is left out of a copy of all', async () => {
	await start('odd', 'mkdir /d; mkfifo /d/pipe; touch /ready; sleep 600');
	await ready('odd');
	await outputOf(['mkfifo', join(here, 'pipe')]);
	const cases = [
		['odd:/d/pipe', here, /FIFO/],
		['odd:/dev/null', here, /device/],
		[join(here, 'pipe'), 'odd:/tmp', /FIFO/],
		['odd:/proc', here, /state of the kernel/],
		['odd:/proc/1/status', here, /state of the kernel/],
		['odd:/sys', here, /state of the kernel/],
	] as const;
	for (const [from, to, reason] of cases) {
		const { code, stderr } = await host.klee('cp', from, to);
		assert.notEqual(code, 0, `${from} ${to}`);
		assert.match(stderr, reason);
	}
	const listed = await outputOf(['sh', '-c', `${KLEE} cp odd:/ - | tar -tf -`], { env: host.environment });
	assert.match(listed, /^\.\/proc\/?$/m);
	assert.doesNotMatch(listed, /^\.\/proc\/./m);
});

test('a copy works whether the container ends meanwhile or not', async () => {
	for (let count = 0; count < 15; count += 1) {
		const name = `ends${count}`;
		await start(name, `sleep 0.${String(count % 5)}`);
		for (let tries = 0; tries < 6; tries += 1) await host.kleeOutput('cp', `${name}:/etc/passwd`, join(here, 'passwd'));
	}
});

test('refusals name what is wrong', async () => {
	await host.kleeOutput('create', '--name', 'still', 'Debian');
	const cases: readonly (readonly [string, string, RegExp])[] = [
		['still:/nosuch', here, /no such file or directory/],
		[join(here, 'tree'), 'still:/nosuch/deeper', /no such file or directory/],
		[join(here, 'tree'), 'still:/etc/passwd', /cannot take the place of a file/],
		[join(here, 'nosuch'), 'still:/', /no such file or directory/],
		['still:/etc', 'still:/tmp', /both are in containers/],
		['a', 'b', /neither is in a container/],
		['nosuch:/etc', here, /container not found/],
	];
	for (const [from, to, reason] of cases) {
		const { code, stderr } = await host.klee('cp', from, to);
		assert.notEqual(code, 0, `${from} ${to}`);
		assert.match(stderr, reason);
	}
});
