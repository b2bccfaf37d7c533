/** How containers ended: exit code, time and reason, kept until they are started again or removed. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { identify } from '#os/linux/process.ts';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { outputOf } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { KLEENED, type TestHost } from '#test/testbed/test-host.ts';

interface Inspected {
	readonly container: {
		readonly id: string;
		readonly running: boolean;
		readonly end: { readonly exit_code: number | null; readonly at: string; readonly reason: string } | null;
	};
}

/** Of the first version. */
const MEMORY = '/sys/fs/cgroup/memory';

let host: TestHost;
before(async () => {
	host = await startHostWithImage();
});
after(() => host.close());

async function inspect(name: string): Promise<Inspected['container']> {
	return (JSON.parse(await host.kleeOutput('container', 'inspect', name)) as Inspected).container;
}

async function stopped(name: string): Promise<Inspected['container']> {
	await eventually(`${name} has ended`, async () => !(await inspect(name)).running);
	return inspect(name);
}

/** Creates and starts a container with this shell command. */
async function run(name: string, command: string): Promise<void> {
	await host.kleeOutput('run', '-d', '--name', name, host.image, 'sh', '-c', command);
}

async function statusOf(name: string): Promise<string> {
	const line = (await host.kleeOutput('lsc', '-a')).split('\n').find((line) => line.includes(` ${name} `)) ?? '';
	return /(?:yes|no) +(.*?)(?: +\d+)? *$/.exec(line)?.[1] ?? line;
}

/** From a moment before until now. */
function assertRecent(at: string | undefined, since: number): void {
	const time = Date.parse(at ?? '');
	// File systems round times.
	assert.ok(time >= since - 20 && time <= Date.now() + 20, `${at} is not between ${new Date(since)} and now`);
}

test('a command that ends by itself, with its code; a container that runs or never ran has no end', async () => {
	const since = Date.now();
	await host.kleeOutput('create', '--name', 'own', host.image, 'sh', '-c', 'exit 3');
	assert.equal((await inspect('own')).end, null);
	assert.equal(await statusOf('own'), 'stopped');
	assert.equal((await host.klee('start', 'own')).code, 3);
	const { end } = await stopped('own');
	assert.deepEqual([end?.exit_code, end?.reason], [3, 'exited']);
	assertRecent(end?.at, since);
	assert.match(await statusOf('own'), /^exited \(3\) .*(second|minute)s? ago$/);
	await host.kleeOutput('container', 'update', 'own', 'sleep', '60');
	assert.deepEqual((await inspect('own')).end, end, 'an update keeps it');
	await host.kleeOutput('start', '-d', 'own');
	assert.equal((await inspect('own')).end, null);
	assert.equal(await statusOf('own'), 'running');
	await host.kleeOutput('rmc', '-f', 'own');
	assert.match(host.log, /"reason":"exited".*container stopped/);
});

test('stopped within the grace period, killed after it', async () => {
	await run('polite', "trap 'exit 5' TERM; touch /tmp/up; while :; do sleep 0.05; done");
	await eventually(
		'the trap is set',
		async () => (await host.klee('exec', 'polite', 'test', '-e', '/tmp/up')).code === 0,
	);
	await host.kleeOutput('stop', 'polite');
	const polite = await inspect('polite');
	assert.deepEqual([polite.end?.exit_code, polite.end?.reason], [5, 'stopped']);
	await run('deaf', "trap '' TERM; while :; do sleep 0.05; done");
	await host.kleeOutput('stop', '-t', '0', 'deaf');
	const deaf = await inspect('deaf');
	assert.deepEqual([deaf.end?.exit_code, deaf.end?.reason], [137, 'killed']);
	assert.match(await statusOf('deaf'), /^killed \(137\) .* ago$/);
	await host.kleeOutput('rmc', 'polite', 'deaf');
});

test('a start that fails on the host', async () => {
	await host.kleeOutput('create', '--name', 'bad', '--user', 'nobody-there', host.image, 'true');
	const since = Date.now();
	assert.notEqual((await host.klee('start', 'bad')).code, 0);
	const { end } = await inspect('bad');
	assert.deepEqual([end?.exit_code, end?.reason], [null, 'start-failed']);
	assertRecent(end?.at, since);
	assert.match(await statusOf('bad'), /^start failed .* ago$/);
	await host.kleeOutput('rmc', 'bad');
});

test('a container that ended while the daemon was down', async () => {
	await run('down', 'while [ ! -e /go ]; do sleep 0.05; done; exit 7');
	const { id } = await inspect('down');
	await host.stopDaemon('SIGKILL');
	writeFileSync(join(host.root, 'containers', id, 'root/go'), '');
	const since = Date.now();
	await eventually('it has ended', () => existsSync(join(host.root, 'exits', id)));
	const until = Date.now();
	// Later than its end by more than any rounding.
	await new Promise((resolve) => setTimeout(resolve, 100));
	await host.startDaemon();
	const { end } = await stopped('down');
	assert.deepEqual([end?.exit_code, end?.reason], [7, 'exited']);
	assertRecent(end?.at, since);
	assert.ok(Date.parse(end!.at) <= until + 20, 'the time of the end, not of its discovery');
	await host.stopDaemon();
	await host.startDaemon();
	assert.deepEqual((await inspect('down')).end, end);
	await host.kleeOutput('rmc', 'down');
	assert.equal(existsSync(join(host.root, 'exits', id)), false, 'nothing of it is kept');
});

test('after a restart of the host', async () => {
	await run('up', 'sleep 300');
	const { id } = await inspect('up');
	await host.stopDaemon('SIGKILL');
	// All of a container is gone with the host, and its numbers are of another boot.
	const file = join(host.root, 'containers', id, 'bundle/processes.json');
	const { first, monitor } = JSON.parse(readFileSync(file, 'utf8'));
	for (const { pid } of [monitor, first]) process.kill(pid, 'SIGKILL');
	await eventually('they are gone', () => identify(monitor.pid) === undefined && identify(first.pid) === undefined);
	writeFileSync(file, readFileSync(file, 'utf8').replaceAll(first.boot, '01234567-89ab-cdef-0123-456789abcdef'));
	await host.startDaemon();
	const { end } = await stopped('up');
	assert.deepEqual([end?.exit_code, end?.reason], [null, 'host-restarted']);
	assert.match(await statusOf('up'), /^host restarted .* ago$/);
	await host.kleeOutput('rmc', 'up');
});

test('a lost database is recovered with the ends of containers', async () => {
	await run('kept', 'exit 9');
	const { id, end } = await stopped('kept');
	assert.equal(end?.exit_code, 9);
	const record = join(host.root, 'records/containers', `${id}.json`);
	await eventually('it is on record', () => readFileSync(record, 'utf8').includes('"code":9'));
	await host.stopDaemon();
	for (const file of readdirSync(host.root).filter((name) => name.startsWith('metadata.sqlite')))
		rmSync(join(host.root, file));
	await outputOf([KLEENED, 'recover', '--root', host.root, '--netns', host.namespace]);
	await host.startDaemon();
	assert.deepEqual((await inspect('kept')).end, end);
	await host.kleeOutput('rmc', 'kept');
});

test('a process ended for lack of memory', { skip: !existsSync(MEMORY) }, async () => {
	await run('greedy', 'while [ ! -e /go ]; do sleep 0.05; done; exec tail /dev/zero');
	const { id } = await inspect('greedy');
	writeFileSync(`${MEMORY}/kleene-${id}/memory.limit_in_bytes`, '20M');
	writeFileSync(join(host.root, 'containers', id, 'root/go'), '');
	const { end } = await stopped('greedy');
	assert.deepEqual([end?.exit_code, end?.reason], [137, 'out-of-memory']);
	await host.kleeOutput('rmc', 'greedy');
});
