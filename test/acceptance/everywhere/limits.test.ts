/** Limits of what a container uses, and when it is started again, on either host. */
import assert from 'node:assert/strict';
import { after, afterEach, before, type TestContext, test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { startHostUnderTest } from '#test/testbed/host-under-test.ts';

let host: HostUnderTest;

before(async () => {
	host = await startHostUnderTest();
});
afterEach(() => host.removeContainers());
after(() => host.close());

interface Inspected {
	readonly container: {
		readonly running: boolean;
		readonly options: Record<string, unknown>;
		readonly restarts: number;
		readonly end: { readonly exit_code: number | null; readonly reason: string } | null;
	};
}

const inspect = async (name: string) => (await host.kleeJson<Inspected>('container', 'inspect', name)).container;
const shell = (script: string) => [host.image, '/bin/sh', '-c', script];

/** Skips a test where the host refuses the option by name. */
async function isRefused(t: TestContext, ...option: readonly string[]): Promise<boolean> {
	const { code, stderr } = await host.klee('create', '--name', 'asked', ...option, host.image, 'true');
	if (code === 0) return false;
	assert.match(stderr, /cannot set --[a-z-]+ of a container/);
	assert.match(stderr, /hint: /);
	t.skip(`${option[0]} is refused here: ${stderr.replaceAll(/\s+/g, ' ')}`);
	return true;
}

test('a process that takes more memory than its container may is ended', async (t) => {
	if (await isRefused(t, '--memory', '64m')) return;
	// A line that does not end is kept whole.
	const hog = 'head -c 50000000 /dev/zero | tail >/tmp/line && wc -c </tmp/line';
	const { stdout } = await host.klee('run', '--name', 'hog', '--memory', '16m', ...shell(hog));
	assert.doesNotMatch(stdout, /50000000/);
	await eventually('it has ended', async () => !(await inspect('hog')).running);
	assert.deepEqual((await inspect('hog')).options, { memory: 16 * 2 ** 20 });
	await host.kleeOutput('container', 'update', 'hog', '--memory', '256m');
	assert.match((await host.klee('start', 'hog')).stdout, /50000000\n$/);
});

test('a container forks no more than it may, and an update counts from the next start on', async (t) => {
	if (await isRefused(t, '--pids-limit', '12')) return;
	const forks = 'n=0; while [ $n -lt 30 ]; do sleep 60 & n=$((n+1)); done; echo all; kill $(jobs -p)';
	const few = await host.klee('run', '--name', 'forks', '--pids-limit', '12', ...shell(forks));
	assert.doesNotMatch(few.stdout, /all/);
	assert.match(few.stderr, /[Cc]annot fork/);
	await host.klee('stop', '-t', '0', 'forks');
	await host.kleeOutput('container', 'update', 'forks', '--pids-limit', '60');
	assert.equal((await host.klee('start', 'forks')).stdout, 'all\n');
});

test('a container that may use half a processor uses no more', async (t) => {
	if (await isRefused(t, '--cpus', '0.5')) return;
	// Two that never rest.
	const busy = 'while :; do :; done & while :; do :; done';
	await host.kleeOutput('run', '-d', '--name', 'busy', '--cpus', '0.5', ...shell(busy));
	const used = async () => {
		const [usage] = await host.kleeJson<{ cpu_nanoseconds: number | null }[]>('stats', '--no-stream', 'busy');
		return [(usage?.cpu_nanoseconds ?? Number.NaN) / 1e9, performance.now() / 1000] as const;
	};
	const [before, begun] = await used();
	await new Promise((resolve) => setTimeout(resolve, 2000));
	const [after, ended] = await used();
	const share = (after - before) / (ended - begun);
	// FreeBSD limits by a decaying average.
	assert.ok(share < 0.9, `${share} processors`);
});

test('limits that nothing can run within, or that are none, are refused', async () => {
	for (const [words, why] of [
		[['--memory', 'much'], /not a number of bytes/],
		[['--cpus', 'many'], /not a number/],
		[['--memory', '1m'], /less than the least|cannot set/],
		[['--pids-limit', '1'], /no room for a process|cannot set/],
	] as const) {
		const { code, stderr } = await host.klee('create', '--name', 'refused', ...words, host.image, 'true');
		assert.match(stderr, why);
		assert.notEqual(code, 0);
	}
	assert.notEqual((await host.klee('container', 'inspect', 'refused')).code, 0);
});

test('a container that fails is started again as often as its policy says', async () => {
	await host.kleeOutput(
		'run',
		'-d',
		'--name',
		'failing',
		'--restart',
		'on-failure:2',
		...shell('echo ran >>/runs; exit 3'),
	);
	await eventually('it was started again twice', async () => {
		const { restarts, running } = await inspect('failing');
		return restarts === 2 && !running;
	});
	assert.deepEqual([(await inspect('failing')).end?.exit_code, (await inspect('failing')).end?.reason], [3, 'exited']);
	await host.kleeOutput('run', '-d', '--name', 'steady', '--restart', 'unless-stopped', ...shell('sleep 1'));
	await eventually('it was started again', async () => (await inspect('steady')).restarts > 0);
	await host.kleeOutput('stop', '-t', '0', 'steady');
	const { restarts } = await inspect('steady');
	await new Promise((resolve) => setTimeout(resolve, 500));
	assert.deepEqual([(await inspect('steady')).running, (await inspect('steady')).restarts], [false, restarts]);
});
