/** Health checks of containers, on either host. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
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
	readonly container: { readonly health: string | null; readonly restarts: number; readonly running: boolean };
	readonly container_health: {
		readonly command: readonly string[];
		readonly interval: number;
		readonly retries: number;
		readonly failures: number;
		readonly results: readonly { readonly exit_code: number; readonly output: string; readonly end: string }[];
	} | null;
}

const inspect = (name: string) => host.kleeJson<Inspected>('container', 'inspect', name);
const healthOf = async (name: string) => (await inspect(name)).container.health;
const resultsOf = async (name: string) => (await inspect(name)).container_health?.results ?? [];
const run = (name: string, ...options: readonly string[]) =>
	host.kleeOutput('run', '-d', '--name', name, ...options, host.image, 'sleep', '600');
/** For a check: its process id, again and again. */
const BEATING = 'while :; do echo $$ >>/tmp/beat; sleep 0.1; done';
/** Process ids of the checks that go on now. */
async function beating(name: string): Promise<string[]> {
	await host.kleeOutput('exec', name, '/bin/sh', '-c', ': >/tmp/beat');
	await sleep(500);
	return (await host.kleeOutput('exec', name, 'cat', '/tmp/beat')).split('\n').filter((line) => line !== '');
}
const becomes = (name: string, health: string) =>
	eventually(`${name} is ${health}`, async () => (await healthOf(name)) === health);

test('a container is starting, healthy, unhealthy and healthy again, as its check says', async () => {
	const check = [
		'--health-cmd',
		'echo looked; test ! -e /tmp/ill',
		'--health-interval',
		'300ms',
		'--health-retries',
		'2',
	];
	await run('web', ...check, '--restart', 'always');
	assert.match(await host.kleeOutput('ps'), /running \(starting\)/);
	await becomes('web', 'healthy');
	assert.match(await host.kleeOutput('ps'), /running \(healthy\)/);
	await host.kleeOutput('exec', 'web', 'touch', '/tmp/ill');
	await becomes('web', 'unhealthy');
	const { container, container_health: health } = await inspect('web');
	assert.deepEqual([container.running, container.restarts], [true, 0], 'nothing is done about it');
	assert.ok((health?.failures ?? 0) >= 2);
	assert.deepEqual([health?.results.at(-1)?.exit_code, health?.results.at(-1)?.output], [1, 'looked\n']);
	await host.kleeOutput('exec', 'web', 'rm', '/tmp/ill');
	await becomes('web', 'healthy');
	await eventually('five results are kept', async () => (await resultsOf('web')).length === 5);
	const events = (await host.kleeOutput('events', '--since', '10m', '--until', '0s')).split('\n');
	const told = events.map((line) => JSON.parse(line)).filter(({ type }) => type === 'container-health');
	assert.deepEqual(told.map(({ health }) => health).slice(0, 3), ['healthy', 'unhealthy', 'healthy']);
	await host.kleeOutput('stop', '-t', '0', 'web');
	assert.equal(await healthOf('web'), null);
	assert.equal((await resultsOf('web')).length, 5, 'results are kept until the next start');
});

test('a check that takes too long is killed with what it started, and 4 KiB of its output are kept', async () => {
	const command = `head -c 9000 /dev/zero | tr "\\0" x; (${BEATING}) & sleep 4321; true`;
	await run(
		'slow',
		'--health-cmd',
		command,
		'--health-interval',
		'200ms',
		'--health-timeout',
		'1s',
		'--health-retries',
		'1',
	);
	await becomes('slow', 'unhealthy');
	const [result] = await resultsOf('slow');
	assert.equal(result?.exit_code, -1);
	assert.match(result?.output ?? '', /^x{4096}\.\.\.health check took longer than its timeout, 1 seconds$/);
	await host.kleeOutput('container', 'update', 'slow', '--health-interval', '1h');
	await eventually('its processes are gone', async () => (await beating('slow')).length === 0);
});

test('health survives the daemon, and a check under way ends without one', async () => {
	await run('calm', '--health-cmd', 'true', '--health-interval', '400ms');
	await run(
		'stuck',
		'--health-cmd',
		BEATING,
		'--health-interval',
		'100ms',
		'--health-timeout',
		'1s',
		'--health-retries',
		'9',
	);
	await becomes('calm', 'healthy');
	await host.kleeOutput('container', 'update', 'calm', '--health-interval', '1h');
	let check = '';
	await eventually('a check is under way', async () => {
		[check = ''] = (await beating('stuck')).slice(-1);
		return check !== '';
	});
	const before = await resultsOf('calm');
	await host.stopDaemon('SIGKILL');
	await sleep(3500);
	await host.startDaemon();
	assert.ok(!(await beating('stuck')).includes(check), 'the check of the daemon before is gone');
	assert.equal(await healthOf('calm'), 'healthy');
	assert.deepEqual(await resultsOf('calm'), before);
	const count = async () => (await inspect('stuck')).container_health?.failures ?? 0;
	const failures = await count();
	await eventually('the next daemon goes on', async () => (await count()) > failures);
});

test('a check does not keep a container running, and stops with it', async () => {
	const check = ['--health-cmd', 'sleep 555', '--health-interval', '100ms', '--health-timeout', '1m'];
	const begun = Date.now();
	await host.kleeOutput('run', '-d', '--name', 'brief', ...check, host.image, '/bin/sh', '-c', 'sleep 2');
	await eventually('it has ended', async () => !(await inspect('brief')).container.running);
	assert.ok(Date.now() - begun < 30_000, 'long before the check would have');
	await run('asked', ...check);
	await host.kleeOutput('stop', '-t', '0', 'asked');
	assert.deepEqual(await host.lastingLeftovers(), []);
});

test('refusals name the option', async () => {
	for (const [words, message] of [
		[['--health-interval', 'often'], /'often' with --health-interval/],
		[['--health-retries', '0'], /'0' with --health-retries/],
		[['--health-cmd', ' '], /empty --health-cmd/],
		[['--no-healthcheck', '--health-cmd', 'true'], /--no-healthcheck/],
	] as const) {
		const { code, stderr } = await host.klee('create', ...words, host.image, 'true');
		assert.match(stderr, message);
		assert.notEqual(code, 0);
	}
});
