/** A killed daemon whose parent does not ask how it ended. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import { KLEENED, TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await TestHost.start();
	await host.stopDaemon();
});
after(() => host.close());

test('the next daemon starts though the killed one is still in the list of processes', async () => {
	const daemon = [KLEENED, '--root', host.root, '--host', host.url, '--netns', host.namespace];
	const parent = spawn('sh', ['-c', '"$@" & exec sleep 60', 'sh', ...daemon], { stdio: 'ignore', cwd: '/' });
	try {
		await eventually('it answers', async () => (await host.klee('lsn')).code === 0, { every: 100 });
		const pid = Number.parseInt(readFileSync(join(host.root, 'kleened.pid'), 'utf8'), 10);
		process.kill(pid, 'SIGKILL');
		const isZombie = () => /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
		await eventually('it is dead', async () => isZombie() && (await host.klee('lsn')).code !== 0);
		await host.startDaemon();
		assert.equal((await host.klee('lsn')).code, 0);
		assert.ok(isZombie(), 'and still nobody has asked');
	} finally {
		const gone = once(parent, 'exit');
		parent.kill('SIGKILL');
		await gone;
	}
});
