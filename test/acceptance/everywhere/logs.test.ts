/** What containers write is kept, with nobody attached, over the end of the container and of the daemon. On either host. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { startHostUnderTest } from '#test/testbed/host-under-test.ts';

let host: HostUnderTest;

before(async () => {
	host = await startHostUnderTest();
});
afterEach(() => host.removeContainers());
after(() => host.close());

const running = async (name: string) =>
	JSON.parse(await host.kleeOutput('container', 'inspect', name)).container.running as boolean;
const shell = (script: string) => [host.image, '/bin/sh', '-c', script];

test('output of a container that was never attached, also of its runs before', async () => {
	await host.kleeOutput('run', '-d', '--name', 'said', ...shell('echo out; echo err >&2; printf end'));
	await eventually('end', async () => (await host.klee('logs', 'said')).stdout.endsWith('end'));
	await eventually('stopped', async () => (await host.klee('stop', 'said')).code !== 0);
	await host.kleeOutput('start', '-d', 'said');
	await eventually('second run', async () => (await host.klee('logs', 'said')).stdout === 'out\nendout\nend');
	assert.equal((await host.klee('logs', 'said')).stderr, 'err\nerr\n');
	// What was written to two streams at once has no order.
	const { stdout, stderr } = await host.klee('logs', '--tail', '1', '-t', 'said');
	assert.match(`${stdout}${stderr}`, /^\d{4}-\d\d-\d\dT[\d:.]+Z (end|out|err)/);
	assert.equal((await host.klee('logs', '--until', '2020-01-01', 'said')).stdout, '');
});

test('attached: the same bytes; and following ends with the container', async () => {
	const script = 'echo one; sleep 1; echo two; echo three >&2';
	const attached = await host.klee('run', '--name', 'seen', ...shell(script));
	assert.equal(attached.stdout, 'one\ntwo\n');
	await host.kleeOutput('start', '-d', 'seen');
	const followed = await host.klee('logs', '-f', 'seen');
	assert.equal(followed.stdout, 'one\ntwo\none\ntwo\n');
	assert.equal(followed.stderr, 'three\nthree\n');
});

test('a container goes on writing while no daemon runs', async () => {
	const script = 'i=0; while [ $i -lt 60 ]; do echo "line $i"; i=$((i+1)); sleep 0.05; done; sleep 600';
	await host.kleeOutput('run', '-d', '--name', 'going', ...shell(script));
	await eventually('lines', async () => (await host.klee('logs', 'going')).stdout.includes('line 3\n'));
	await host.stopDaemon('SIGKILL');
	await new Promise((resolve) => setTimeout(resolve, 500));
	await host.startDaemon();
	await eventually('all lines', async () => (await host.klee('logs', 'going')).stdout.includes('line 59\n'));
	const numbers = (await host.klee('logs', 'going')).stdout.match(/\d+/g)?.map(Number);
	assert.deepEqual(
		numbers,
		Array.from({ length: 60 }, (_, n) => n),
	);
});

test('a log has no more room than it was given, over several runs, and the last output is in it', async () => {
	const room = 128 * 1024;
	const lines =
		'n=0; while [ $n -lt 300 ]; do echo "$i $n 0123456789012345678901234567890123456789012345"; n=$((n+1)); done';
	const script = `i=0; while [ $i -lt 12 ]; do ${lines}; i=$((i+1)); sleep 0.1; done`;
	const limits = ['--log-opt', 'max-size=64k', '--log-opt', 'max-file=2'];
	await host.kleeOutput('run', '-d', '--name', 'loud', ...limits, ...shell(script));
	const ended = (text: string) => /^11 299 \d+\n$/m.test(text.slice(-64));
	const output = async () => (await host.klee('logs', 'loud')).stdout;
	for (const run of [1, 2]) {
		await eventually(`end of run ${run}`, async () => !(await running('loud')) && ended(await output()));
		const text = await output();
		assert.ok(text.length < room && text.length > room / 8, `${text.length} bytes after run ${run}`);
		assert.doesNotMatch(text, /^0 0 /m);
		if (run === 1) await host.kleeOutput('start', '-d', 'loud');
	}
	const { container } = JSON.parse(await host.kleeOutput('container', 'inspect', 'loud'));
	assert.deepEqual(container.options.log, { size: 64 * 1024, files: 2 });
	for (const words of ['max-size=1k', 'max-size=no', 'max-file=0', 'compress=true'])
		assert.match((await host.klee('create', '--log-opt', words, host.image)).stderr, /--log-opt/, words);
});
