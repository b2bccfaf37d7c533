/** One daemon for each host network: a second one would take what the first has made for left-overs. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Outcome, run } from '#test/testbed/command.ts';
import { within } from '#test/testbed/network-namespace.ts';
import { KLEENED, TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;
let folder: string;

before(async () => {
	host = await TestHost.start();
	folder = mkdtempSync(join(tmpdir(), 'k2-'));
});

after(async () => {
	if (folder) rmSync(folder, { recursive: true, force: true });
	await host?.close();
});

/** Another daemon, with a root directory and a socket of its own. It is ended after some seconds if it goes on. */
function startAnother(place: readonly string[], ...args: readonly string[]): Promise<Outcome> {
	const own = ['--root', join(folder, 'root'), '--host', `http://${join(folder, 'sock')}`];
	return run([...place, KLEENED, ...own, ...args], { timeout: 30_000 });
}

test('a second daemon is told whose the host is and what to do, by whatever name it finds the host', async () => {
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
	const before = await host.insideOutput('nft', 'list', 'table', 'inet', 'kleene');
	for (const { code, stderr } of [
		await startAnother([], '--netns', host.namespace),
		await startAnother(within(host.namespace)),
	]) {
		assert.equal(code, 1);
		assert.match(stderr, /^error: cannot manage this host network$/m);
		assert.match(stderr, new RegExp(`why: +another kleened manages it already: process ${host.daemonPid}\\b`));
		assert.ok(stderr.includes(`--root ${host.root} `), stderr);
		assert.match(stderr, /hint: .*--netns/);
		assert.deepEqual(readdirSync(folder), [], 'nothing is left of it');
	}
	assert.equal(await host.insideOutput('nft', 'list', 'table', 'inet', 'kleene'), before);
	assert.match(await host.kleeOutput('lsn'), /testnet/);
});

test('what was in the root directory of a refused daemon stays, and nothing is added', async () => {
	mkdirSync(join(folder, 'root/mine'), { recursive: true });
	assert.equal((await startAnother([], '--netns', host.namespace)).code, 1);
	assert.deepEqual(readdirSync(join(folder, 'root')), ['mine']);
	rmSync(join(folder, 'root'), { recursive: true });
});

test('a root directory inside that of another daemon is refused', async () => {
	const before = readdirSync(host.root);
	const inside = join(host.root, 'volumes/deep/root');
	const { code, stderr } = await startAnother(['unshare', '--net'], '--root', inside);
	assert.equal(code, 1);
	assert.match(stderr, new RegExp(`why: +it is inside ${host.root}, which is the root directory of another kleened`));
	assert.deepEqual(readdirSync(host.root), before);
	assert.equal(existsSync(join(host.root, 'volumes/deep')), false);
});

test('two hosts on one machine have a daemon each', async () => {
	const other = await TestHost.start();
	assert.match(await other.kleeOutput('lsn'), /NAME/);
	await other.close();
});

test('a killed daemon leaves the host free at once', async () => {
	await host.stopDaemon('SIGKILL');
	await host.startDaemon();
	assert.match(await host.kleeOutput('lsn'), /testnet/);
});

for (const [who, ...wrapper] of [
	['a user', 'setpriv', '--reuid=65534', '--clear-groups'],
	['root of a container', 'unshare', '--pid', '--fork', '--kill-child'],
] as const)
	test(`${who} who takes the name cannot keep the daemon away`, async () => {
		await host.stopDaemon();
		const take = `require('node:net').createServer().listen('\\0kleened', () => console.log('taken'))`;
		const [file = '', ...args] = [...within(host.namespace), ...wrapper, process.execPath, '-e', take];
		const squatter = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'], cwd: '/' });
		const warnings = () => host.log.split('another program holds the socket name @kleened').length;
		const before = warnings();
		try {
			await once(squatter.stdout, 'data');
			await host.startDaemon();
			assert.equal(warnings(), before + 1);
		} finally {
			const gone = once(squatter, 'exit');
			squatter.kill('SIGKILL');
			await gone;
		}
	});
