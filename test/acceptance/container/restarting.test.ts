/** Containers that are started again when they end by themselves. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;
before(async () => {
	host = await startHostWithImage();
});
afterEach(() => host.removeContainers());
after(() => host.close());

interface Inspected {
	readonly container: {
		readonly running: boolean;
		readonly restarts: number;
		readonly restart_policy: string;
		readonly options: { readonly restart?: string };
		readonly end: { readonly exit_code: number | null; readonly reason: string } | null;
	};
}

const inspect = async (name: string) => (await host.kleeJson<Inspected>('container', 'inspect', name)).container;

async function run(name: string, policy: string, command: string): Promise<void> {
	await host.kleeOutput('run', '-d', '--name', name, '--restart', policy, 'Debian', 'sh', '-c', command);
}

/** Adds a line to a file of the container, which stays over restarts. */
const COUNT = 'echo >>/runs';
const runsOf = async (name: string) => {
	await host.klee('stop', '-t', '0', name);
	await host.kleeOutput('container', 'update', name, '--restart', 'no');
	return Number((await host.klee('exec', name, 'sh', '-c', 'wc -l </runs')).stdout);
};

test('on-failure restarts what failed, so many times, and not what succeeded', async () => {
	await run('fails', 'on-failure:2', `${COUNT}; exit 3`);
	await run('works', 'on-failure', `${COUNT}; [ $(wc -l </runs) -eq 2 ]`);
	await eventually('it was restarted twice', async () => {
		const { restarts, running } = await inspect('fails');
		return restarts === 2 && !running;
	});
	const { end, options, restart_policy: original } = await inspect('fails');
	assert.deepEqual([end?.exit_code, end?.reason, options.restart, original], [3, 'exited', 'on-failure:2', 'no']);
	await eventually('the other one succeeded', async () => {
		const { end, restarts } = await inspect('works');
		return end?.exit_code === 0 && restarts === 1;
	});
	assert.equal(await runsOf('fails'), 3);
	assert.equal(await runsOf('works'), 2);
});

test('a container that always runs is stopped for good by klee stop, also between two runs', async () => {
	await run('long', 'always', `${COUNT}; exec sleep 60`);
	await run('short', 'unless-stopped', `${COUNT}; exit 0`);
	await eventually('the short one was restarted', async () => (await inspect('short')).restarts >= 4);
	// By now it waits for most of the time.
	await host.kleeOutput('stop', '-t', '0', 'short');
	await host.kleeOutput('stop', '-t', '0', 'long');
	const { restarts, running } = await inspect('short');
	assert.equal(running, false);
	await host.klee('container', 'ls');
	await new Promise((resolve) => setTimeout(resolve, 300));
	assert.deepEqual([(await inspect('long')).running, (await inspect('long')).restarts], [false, 0]);
	assert.deepEqual([(await inspect('short')).running, (await inspect('short')).restarts], [false, restarts]);
});

test('a daemon that begins restarts what ended without it, and what always runs; not what was stopped', async () => {
	await run('gated', 'on-failure', `${COUNT}; [ $(wc -l </runs) -gt 1 ] && exec sleep 60; sleep 0.3; exit 1`);
	await run('unless', 'unless-stopped', 'exec sleep 60');
	await run('ever', 'always', 'exec sleep 60');
	await host.kleeOutput('stop', '-t', '0', 'unless', 'ever');
	await host.stopDaemon();
	await new Promise((resolve) => setTimeout(resolve, 600));
	await host.startDaemon();
	await eventually('two of them run', async () => (await inspect('gated')).running && (await inspect('ever')).running);
	assert.equal((await inspect('gated')).restarts, 1);
	assert.equal((await inspect('unless')).running, false);
});

test('a start by somebody counts anew; --rm and a policy do not go together; others are no policies', async () => {
	await run('anew', 'on-failure:1', 'exit 1');
	await eventually('restarted', async () => (await inspect('anew')).restarts === 1 && !(await inspect('anew')).running);
	await host.klee('start', '-d', 'anew');
	await eventually('restarted again', async () => (await inspect('anew')).restarts === 1);
	assert.match((await host.klee('run', '--rm', '--restart', 'always', 'Debian', 'true')).stderr, /policy always/);
	for (const policy of ['sometimes', 'on-failure:x', 'on-failure:0'])
		assert.notEqual((await host.klee('create', '--restart', policy, 'Debian')).code, 0, policy);
});
