/** A backup of the database, made while the daemon works, and put in its place again. */
import assert from 'node:assert/strict';
import { copyFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { type Outcome, run } from '#test/testbed/command.ts';
import { KLEENED } from '#test/testbed/daemon-host.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;
const backup = () => join(host.folder, 'backup.sqlite');

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
});
after(() => host.close());

function kleened(...args: readonly string[]): Promise<Outcome> {
	return run([KLEENED, ...args, '--root', host.root, '--netns', host.namespace], { timeout: 60_000 });
}

function runContainer(name: string, address: string): Promise<string> {
	const place = ['-l', 'vnet', '-n', 'testnet', '--ip', address, '--name', name];
	return host.kleeOutput('run', '-d', ...place, 'Debian', 'sleep', '600');
}

const states = async () => {
	const listed = await host.kleeJson<{ name: string; running: boolean; jid: number | null }[]>('lsc', '-a');
	return new Map(listed.map(({ name, running, jid }) => [name, running ? jid : 'stopped']));
};
const answers = async (address: string) => (await host.inside('ping', '-c', '1', '-W', '2', address)).code === 0;

test('a backup holds what there was, and whoever runs now runs on', async () => {
	await runContainer('stays', '10.4.6.2');
	await runContainer('ends', '10.4.6.3');
	await host.kleeOutput('create', '--name', 'removed', 'Debian');
	assert.equal(await host.kleeOutput('system', 'backup', backup()), backup());
	assert.equal(statSync(backup()).mode & 0o777, 0o600);

	await host.kleeOutput('stop', 'ends');
	await host.kleeOutput('rmc', 'removed');
	await host.kleeOutput('container', 'rename', 'ends', 'renamed');
	// With the cable that the other one had.
	await runContainer('later', '10.4.6.4');
	const before = await states();
	await host.stopDaemon();

	const { code, stdout, stderr } = await kleened('restore', backup());
	assert.equal(code, 0, stderr);
	assert.match(stdout, /^recovered:\n(.*\n)* {2}container later, which runs$/m);
	assert.match(stdout, /^not recovered:\n {2}container removed: its files are gone$/m);
	assert.match(stdout, /the database that was there is kept as .*metadata\.sqlite\.1$/m);
	await host.startDaemon();
	const now = await states();
	assert.deepEqual([...now.keys()].sort(), ['ends', 'later', 'stays']);
	for (const name of ['stays', 'later']) assert.equal(now.get(name), before.get(name), `${name} runs on`);
	assert.equal(now.get('ends'), 'stopped');
	for (const address of ['10.4.6.2', '10.4.6.4']) assert.ok(await answers(address));
	const doctor = await host.klee('network', 'doctor');
	assert.equal(doctor.code, 0, doctor.stdout);
	await host.kleeOutput('start', '-d', 'ends');
	assert.ok(await answers('10.4.6.3'));
});

test('an older database in the place of the present one is refused, and brought up to date', async () => {
	const before = await states();
	await host.stopDaemon();
	for (const suffix of ['', '-wal', '-shm']) rmSync(join(host.root, `metadata.sqlite${suffix}`), { force: true });
	copyFileSync(backup(), join(host.root, 'metadata.sqlite'));
	const refused = await kleened('--host', `http://${join(host.folder, 'other.sock')}`);
	assert.equal(refused.code, 1);
	assert.match(refused.stderr, /why: +its database does not know of containers that run: [0-9a-f]{12}\n/);
	const { code, stdout, stderr } = await kleened('recover');
	assert.equal(code, 0, stderr);
	assert.match(stdout, /container later, which runs/);
	await host.startDaemon();
	assert.deepEqual(await states(), before);
	for (const address of ['10.4.6.2', '10.4.6.3', '10.4.6.4']) assert.ok(await answers(address), address);
});

test('what is no backup changes nothing', async () => {
	await host.stopDaemon();
	for (const [file, text] of [
		['nosuch', undefined],
		['text', 'not a database'],
		['empty', ''],
	] as const) {
		if (text !== undefined) writeFileSync(join(host.folder, file), text);
		const { code, stderr } = await kleened('restore', join(host.folder, file));
		assert.equal(code, 1);
		assert.match(stderr, /^error: cannot restore .*\n {2}why: .*\n {2}hint: .*klee system backup/);
	}
	await host.startDaemon();
	assert.equal((await states()).size, 3);
});

test('where nothing is missing, recover says so', async () => {
	await host.stopDaemon();
	const { code, stdout } = await kleened('recover');
	assert.equal(code, 0);
	assert.match(stdout, /^nothing was missing$/m);
	await host.startDaemon();
	assert.equal((await states()).size, 3);
});
