/** What root changes inside of its container for the daemon to stumble over: only that container notices. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;
before(async () => {
	host = await startHostWithImage();
});
after(() => host.close());
afterEach(() => host.removeContainers());

/** Milliseconds that an exec in another container may take meanwhile, on a busy machine. */
const PATIENCE = 8000;

const run = (name: string, ...options: readonly string[]) =>
	host.kleeOutput('run', '-d', '--name', name, ...options, 'Debian', 'sleep', '600');
/** By number: what names users may be of no use. */
const inside = (name: string, script: string) => host.klee('exec', '-u', '0', name, 'sh', '-c', script);

test('what root writes into the status file of the init costs it no more than its exit code', async () => {
	await run('web', '-l', 'disabled');
	await run('other', '-l', 'disabled');
	const statuses = async () =>
		(await host.kleeJson<{ running: boolean }[]>('lsc', '-a')).map(({ running }) => (running ? 'running' : 'stopped'));
	const scripts = ['echo nonsense >/dev/.kleene/status', 'head -c 5000000 /dev/zero >/dev/.kleene/status'];
	for (const script of scripts) {
		assert.equal((await inside('web', script)).code, 0, script);
		await host.stopDaemon('SIGKILL');
		await host.startDaemon();
		assert.deepEqual(await statuses(), ['running', 'running'], script);
		for (const name of ['web', 'other']) assert.equal((await inside(name, 'exit 7')).code, 7, `${name}: ${script}`);
	}
	const removal = await inside('web', 'rm -f /dev/.kleene/status /dev/.kleene/init');
	assert.notEqual(removal.code, 0, 'they are mounts');
	assert.equal((await host.klee('stop', '-t', '0', 'web')).code, 0, 'it is the same run');
});

test('whatever /etc/passwd is, exec refuses or reads what is in the container, at once', async () => {
	writeFileSync(join(host.folder, 'passwd'), 'ana:x:0:0::/root:/bin/sh\n');
	await run('other', '-l', 'disabled');
	const made = [
		`ln -s ${join(host.folder, 'passwd')}`,
		`ln -s /../../../../../../${join(host.folder, 'passwd')}`,
		'ln -s /proc/1/root/etc/passwd',
		'ln -s /dev/zero',
		'ln -s passwd',
		'mkfifo',
		'mkdir',
		'head -c 4194304 /dev/zero | tr "\\0" "\\n" >',
	];
	for (const [index, how] of made.entries()) {
		const name = `web${index}`;
		await run(name, '-l', 'disabled');
		const change = await inside(name, `rm /etc/passwd; ${how} /etc/passwd`);
		assert.equal(change.code, 0, `${how}: ${change.stderr}`);
		const began = performance.now();
		const [refused, neighbour] = await Promise.all([
			host.klee('exec', '-u', 'ana', name, 'id'),
			host.klee('exec', '-u', 'root', 'other', 'true'),
		]);
		const took = performance.now() - began;
		assert.notEqual(refused.code, 0, `${how}: ${refused.stdout}`);
		assert.match(refused.stderr, /^error: .*\n hint: /m, how);
		assert.equal(neighbour.code, 0, neighbour.stderr);
		assert.ok(took < PATIENCE, `${how}: ${took} ms`);
	}
});

test('a link in place of the target of a mount leads to what is inside of the container', async () => {
	const target = join(host.folder, 'target');
	mkdirSync(target);
	await run('web', '-l', 'disabled', '-m', 'data:/srv/deep/data');
	await inside('web', 'echo kept >/srv/deep/data/file');
	assert.equal((await inside('web', `mv /srv/deep /srv/moved && ln -s /../../../..${target} /srv/deep`)).code, 0);
	await host.kleeOutput('stop', '-t', '0', 'web');
	const { code, stderr } = await host.klee('start', '-d', 'web');
	assert.ok(!existsSync(join(target, 'data')), 'nothing is made on the host');
	if (code !== 0) return assert.match(stderr, /^error: .*\n hint: /m);
	assert.match((await inside('web', 'cat /srv/deep/data/file')).stdout, /^kept/m);
});

test('a container that starts processes without end has its limit, and others have room', async () => {
	await host.stopDaemon();
	await host.startDaemon('--max-processes', '60');
	await run('bomb', '-l', 'disabled');
	await run('other', '-l', 'disabled');
	// At most 150, whatever the limit.
	const bomb = await inside('bomb', 'for i in $(seq 150); do sleep 60 & done; wait');
	assert.notEqual(bomb.code, 0);
	assert.match(bomb.stderr, /fork/i);
	const [own, neighbour] = await Promise.all([inside('bomb', 'true'), inside('other', 'true && true | true')]);
	assert.equal(neighbour.code, 0, neighbour.stderr);
	if (own.code !== 0) assert.match(own.stderr, /^error: .*\n hint: |fork/im);
	assert.equal((await host.klee('stop', '-t', '0', 'bomb')).code, 0);
});
