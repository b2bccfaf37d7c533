/** A daemon that may have few processes and threads: it refuses what it has none for, and what runs goes on. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

/** Of version 1, else of version 2. */
const hierarchy =
	['/sys/fs/cgroup/pids', '/sys/fs/cgroup'].find((path) => existsSync(join(path, 'cgroup.procs'))) ?? '';
let host: TestHost;
let cgroup: string;

before(async () => {
	host = await startHostWithImage();
	cgroup = join(hierarchy, `${host.namespace}-few`);
	mkdirSync(cgroup);
});
after(async () => {
	try {
		const left = () => readFileSync(join(cgroup, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean);
		await eventually('processes to leave the control group', () => {
			for (const pid of left()) move(pid, hierarchy);
			return left().length === 0;
		});
		rmdirSync(cgroup);
	} finally {
		await host.close();
	}
});

function move(pid: string, group: string): void {
	try {
		writeFileSync(join(group, 'cgroup.procs'), pid);
	} catch {
		// It ended meanwhile.
	}
}

const run = (name: string) => host.klee('run', '-d', '-l', 'vnet', '--name', name, 'Debian', 'sleep', '600');

test('a start for which there is no process is refused with the reason, and leaves nothing', async (t) => {
	assert.equal((await run('runs')).code, 0);
	move(`${host.daemonPid}`, cgroup);
	if (!existsSync(join(cgroup, 'pids.max'))) return t.skip('no limit of processes in control groups here');
	const pid = host.daemonPid;
	// None for conmon, none for its child, and none for a thread of the runtime.
	for (const more of [0, 1, 4, 8]) {
		const present = Number(readFileSync(join(cgroup, 'pids.current'), 'utf8'));
		writeFileSync(join(cgroup, 'pids.max'), `${present + more}`);
		const { code, stderr } = await run(`more${more}`);
		if (code === 0 && more > 1) {
			// A thread of the daemon that ended meanwhile left its place to the runtime.
			await host.kleeOutput('rm', '-f', `more${more}`);
			continue;
		}
		assert.notEqual(code, 0);
		assert.match(stderr, /^error: cannot .* container \w+: .*\n hint: /);
		assert.doesNotMatch(stderr, /goroutine/);
		// A runtime may end without a word when it lacks a thread.
		if (more <= 1) assert.match(stderr, /the daemon cannot start another process or thread\n hint: end processes/);
	}
	assert.equal(host.daemonPid, pid);
	const containers = await host.kleeJson<{ name: string; running: boolean }[]>('lsc', '-a');
	assert.deepEqual(
		containers.map(({ name }) => name),
		['runs'],
	);
	await host.kleeOutput('stop', 'runs');
	writeFileSync(join(cgroup, 'pids.max'), 'max');
	assert.equal((await run('again')).code, 0);
});
