/** The daemon is updated while containers run: the one of before called the part of an ipnet address `alias`. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { recordBefore, toVersionBefore } from '#test/store/version-before.ts';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { run } from '#test/testbed/command.ts';
import { KLEENED } from '#test/testbed/daemon-host.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
	const place = ['-l', 'ipnet', '-n', 'testnet', '--ip', '10.4.6.9', '--name', 'web'];
	await host.kleeOutput('run', '-d', ...place, 'Debian', 'sleep', '600');
});
after(() => host.close());

const database = () => join(host.root, 'metadata.sqlite');

async function requireSound(started: number): Promise<void> {
	assert.equal(await startOfWeb(), started, 'it went on running');
	const { stdout, code } = await host.klee('network', 'doctor');
	assert.equal(code, 0, stdout);
	const answer = await host.inside('ping', '-c', '1', '-W', '2', '10.4.6.9');
	assert.match(answer.stdout, /1 received/);
}

/** Start time of its first process, in ticks since the boot: another process has another one. */
async function startOfWeb(): Promise<number> {
	const stat = await host.kleeOutput('exec', 'web', 'cat', '/proc/1/stat');
	return Number(stat.split(' ')[21]);
}

test('a daemon adopts the container with the database of before', async () => {
	const started = await startOfWeb();
	await host.stopDaemon('SIGKILL');
	toVersionBefore(database());
	await host.startDaemon();
	await requireSound(started);
});

test('it adopts what is recovered from records of before, and takes it off the host', async () => {
	const started = await startOfWeb();
	await host.stopDaemon();
	for (const name of readdirSync(host.root).filter((one) => one.startsWith('metadata.sqlite')))
		rmSync(join(host.root, name));
	const folder = join(host.root, 'records/containers');
	for (const name of readdirSync(folder))
		writeFileSync(join(folder, name), recordBefore(readFileSync(join(folder, name), 'utf8')));
	const place = ['--root', host.root, '--netns', host.namespace];
	const { code, stderr } = await run([KLEENED, 'recover', ...place], { timeout: 20_000 });
	assert.equal(code, 0, stderr);
	await host.startDaemon();
	await requireSound(started);
	await host.kleeOutput('stop', 'web');
	assert.doesNotMatch(await host.insideOutput('ip', 'route'), /10\.4\.6\.9/);
});
