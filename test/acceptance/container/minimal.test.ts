/** An image of one static program: no shell, no users, no /etc, no /dev. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { provideBusybox } from '#test/testbed/prepared/busybox.ts';
import { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await TestHost.start();
	const files = join(host.folder, 'files');
	mkdirSync(files);
	copyFileSync(provideBusybox(), join(files, 'busybox'));
	execFileSync('tar', ['-cf', join(host.folder, 'one.tar'), '-C', files, '.']);
	const url = `file://${join(host.folder, 'one.tar')}`;
	await host.kleeOutput('image', 'create', '--no-dns', '--no-localtime', '-t', 'One', 'fetch', url);
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
});
after(() => host.close());

const ORIGINAL = ['-J', 'mount.devfs=false', '-J', 'exec.system_jail_user', '-J', 'exec.clean=false'];

for (const words of [[], ['-J', 'mount.nodevfs'], ORIGINAL])
	for (const driver of ['host', 'vnet'] as const)
		test(`it runs with the ${driver} driver and ${words.join(' ') || 'no parameters'}`, async () => {
			const network = driver === 'vnet' ? ['-n', 'testnet'] : [];
			const run = ['run', '-l', driver, ...network, ...words, '--name', 'one', 'One'];
			const { stdout, stderr, code } = await host.klee(...run, '/busybox', 'id', '-u');
			assert.deepEqual([stdout, code], ['0\n', 0], stderr);
			await host.kleeOutput('rmc', 'one');
			await host.kleeOutput(...run.toSpliced(1, 0, '-d'), '/busybox', 'sleep', '600');
			const list = await host.klee('exec', 'one', '/busybox', 'ls', '/dev');
			const devices = list.stdout.split('\n').filter((name) => !['', 'console', 'null', 'ptmx', 'pts'].includes(name));
			if (words.length > 0) assert.deepEqual(devices, [], list.stderr);
			else assert.ok(devices.includes('zero'));
			const typed = await host.kleeWith({ input: 'typed' }, 'exec', '-i', 'one', '/busybox', 'cat');
			assert.equal(typed.stdout, 'typed');
			assert.match((await host.klee('exec', '-t', 'one', '/busybox', 'tty')).stdout, /^\/dev\/pts\/\d+\r?\n/);
			assert.deepEqual((await host.klee('exec', 'one', '/busybox', 'cat')).code, 0, 'no input is an end of input');
			assert.equal((await host.klee('exec', '-u', 'nosuch', 'one', '/busybox', 'true')).code === 0, false);
			await host.kleeOutput('rmc', '-f', 'one');
		});

test('users of the host are those of a container that asks for them', async () => {
	const asked = await host.klee('run', '-J', 'exec.system_jail_user', '-u', 'daemon', 'One', '/busybox', 'id', '-u');
	assert.equal(asked.stdout, `${execFileSync('id', ['-u', 'daemon'])}`, asked.stderr);
	const { code, stderr } = await host.klee('run', '-u', 'daemon', 'One', '/busybox', 'id', '-u');
	assert.deepEqual([code, /no user daemon/.test(stderr)], [125, true], stderr);
});
