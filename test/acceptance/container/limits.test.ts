/** Limits of memory, processor time and processes, as the kernel enforces them. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
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
		readonly id: string;
		readonly running: boolean;
		readonly options: Record<string, unknown>;
		readonly pending: string[];
		readonly end: { readonly exit_code: number | null; readonly reason: string } | null;
	};
}

const inspect = async (name: string) => (await host.kleeJson<Inspected>('container', 'inspect', name)).container;

/** Of a cgroup of either version. */
function cgroupFile(id: string, first: readonly [controller: string, file: string], second: string): string {
	const [controller, file] = first;
	const ofFirst = `/sys/fs/cgroup/${controller}/kleene-${id}/${file}`;
	return readFileSync(existsSync(ofFirst) ? ofFirst : `/sys/fs/cgroup/kleene-${id}/${second}`, 'utf8').trim();
}

test('a process that takes more memory than its container may is ended, and the end says so', async () => {
	// A line that does not end is kept whole.
	const hog = 'head -c 50000000 /dev/zero | tail >/tmp/line && wc -c </tmp/line';
	const { stdout } = await host.klee('run', '--name', 'hog', '--memory', '16m', 'Debian', 'sh', '-c', hog);
	assert.notEqual(stdout, '50000000\n');
	await eventually('it has ended', async () => !(await inspect('hog')).running);
	const { end, options } = await inspect('hog');
	assert.equal(end?.reason, 'out-of-memory');
	assert.deepEqual(options, { memory: 16 * 2 ** 20 });
	assert.match(await host.kleeOutput('lsc', '-a'), /out of memory/);
	// The same with enough.
	assert.equal(await host.kleeOutput('run', '--rm', '--memory', '256m', 'Debian', 'sh', '-c', hog), '50000000');
});

test('a container forks no more than it may, and an update counts from the next start on', async () => {
	const forks = 'n=0; while [ $n -lt 30 ]; do sleep 60 & n=$((n+1)); done; echo all; kill $(jobs -p)';
	const few = await host.klee('run', '--name', 'forks', '--pids-limit', '12', 'Debian', 'sh', '-c', forks);
	assert.doesNotMatch(few.stdout, /all/);
	assert.match(few.stderr, /[Cc]annot fork/);
	await host.klee('stop', '-t', '0', 'forks');
	await host.kleeOutput('container', 'update', 'forks', '--pids-limit', '60');
	assert.equal((await host.klee('start', 'forks')).stdout, 'all\n');
});

test('processor time and processes are in the control group; a change of them waits for the next start', async () => {
	const words = ['--cpus', '0.5', '--pids-limit', '50', '--memory', '64m'];
	await host.kleeOutput('run', '-d', '--name', 'cell', ...words, 'Debian', 'sleep', '60');
	const { id } = await inspect('cell');
	const quota = () => cgroupFile(id, ['cpu', 'cpu.cfs_quota_us'], 'cpu.max').split(' ')[0];
	assert.equal(quota(), '50000');
	assert.equal(cgroupFile(id, ['pids', 'pids.max'], 'pids.max'), '50');
	assert.equal(cgroupFile(id, ['memory', 'memory.limit_in_bytes'], 'memory.max'), `${64 * 2 ** 20}`);
	const updated = await host.klee('container', 'update', 'cell', '--cpus', '2');
	assert.match(updated.stderr, /cell runs: options at its next start/);
	assert.deepEqual((await inspect('cell')).pending, ['options']);
	assert.equal(quota(), '50000');
	await host.kleeOutput('stop', '-t', '0', 'cell');
	await host.kleeOutput('start', '-d', 'cell');
	assert.equal(quota(), '200000');
	assert.deepEqual((await inspect('cell')).options, { memory: 64 * 2 ** 20, cpus: 2, pids: 50 });
});

test('limits that nothing can run within are refused, with nothing left', async () => {
	for (const [words, why] of [
		[['--memory', '1m'], /less than the least, 6 MiB/],
		[['--memory', 'much'], /not a number of bytes/],
		[['--cpus', '0'], /0 is not between/],
		[['--pids-limit', '1'], /leave no room/],
		[['--pids-limit', '100000000'], /the daemon allows each container \d+/],
	] as const) {
		const { code, stdout, stderr } = await host.klee('run', ...words, 'Debian', 'true');
		assert.deepEqual([code, stdout], [125, ''], stderr);
		assert.match(stderr, why);
	}
	assert.equal((await host.kleeJson<unknown[]>('lsc', '-a')).length, 0);
});
