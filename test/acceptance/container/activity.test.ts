/** What running containers do: processes, signals, resources. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'lan');
});
afterEach(() => host.removeContainers());
after(async () => {
	await host.kleeOutput('network', 'rm', 'lan');
	await host.close();
});

const start = (name: string, script: string, ...options: readonly string[]) =>
	host.kleeOutput('run', '-d', '--name', name, ...options, 'Debian', '/bin/sh', '-c', script);

interface Process {
	readonly pid: number;
	readonly parent: number;
	readonly host_pid: number;
	readonly command: string;
	readonly memory_bytes: number;
}

test('klee top lists the processes of a container, as they are numbered inside', async () => {
	await start('busy', 'sleep 601 & echo $! >/pid; exec sleep 602');
	let rows: Process[] = [];
	await eventually('both are there', async () => {
		rows = await host.kleeJson<Process[]>('top', 'busy');
		return rows.some(({ command }) => command === 'sleep 601') && rows.some(({ command }) => command === 'sleep 602');
	});
	const [one, two] = [601, 602].map((n) => rows.find(({ command }) => command === `sleep ${n}`)!);
	const inside = (await host.klee('exec', 'busy', 'cat', '/pid')).stdout.trim().split('\n')[0];
	assert.equal(one!.pid, Number(inside));
	assert.equal(one!.parent, two!.pid);
	assert.ok(one!.memory_bytes > 100_000 && one!.host_pid !== one!.pid);
	assert.match(await host.kleeOutput('top', 'busy'), /sleep 601/);
	await host.stopDaemon('SIGKILL');
	await host.startDaemon();
	assert.equal((await host.kleeJson<Process[]>('top', 'busy')).length, rows.length);
});

test('klee kill signals the first process, also after the daemon was restarted; KILL ends the container', async () => {
	await start('trap', 'trap "echo usr1" USR1; echo ready; while :; do sleep 0.05; done');
	const logged = (text: string) =>
		eventually(`log has ${text}`, async () => (await host.kleeOutput('logs', 'trap')).endsWith(text));
	await logged('ready');
	await host.kleeOutput('kill', '-s', 'SIGUSR1', 'trap');
	await logged('usr1');
	await host.stopDaemon('SIGKILL');
	await host.startDaemon();
	await host.kleeOutput('kill', '--signal', 'usr1', 'trap');
	await logged('usr1\nusr1');
	const refused = await host.klee('kill', '-s', 'NONSENSE', 'trap');
	assert.equal(refused.code, 1);
	assert.match(refused.stderr, /choose from HUP/);
	await host.kleeOutput('kill', 'trap');
	assert.deepEqual(await host.kleeJson('ps'), []);
	for (const command of ['kill', 'top'])
		assert.match((await host.klee(command, 'trap')).stderr, /container not running/);
});

test('a container whose first process has ended is not signalled but ended', async () => {
	await start('thin', 'sleep 600 & exit 0');
	await eventually(
		'its first process has ended',
		async () => (await host.klee('kill', '-s', 'CONT', 'thin')).code === 1,
	);
	assert.match((await host.klee('kill', '-s', 'TERM', 'thin')).stderr, /its first process has ended/);
	await host.kleeOutput('kill', 'thin');
	assert.deepEqual(await host.kleeJson('ps'), []);
});

interface Usage {
	readonly name: string;
	readonly cpu_percent: number;
	readonly memory_bytes: number;
	readonly processes: number;
	readonly network: { readonly received_packets: number; readonly sent_bytes: number } | null;
}

test('klee stats measures processor, memory, processes and packets', async () => {
	await start('idle', 'exec sleep 600', '-n', 'lan', '-l', 'vnet');
	await start('spin', 'while :; do :; done', '-l', 'host');
	const usage = async (...names: readonly string[]) => host.kleeJson<Usage[]>('stats', '--no-stream', ...names);
	const all = await usage();
	assert.deepEqual(all.map(({ name }) => name).sort(), ['idle', 'spin']);
	const spin = all.find(({ name }) => name === 'spin')!;
	assert.ok(spin.cpu_percent > 1 && spin.memory_bytes > 10_000 && spin.processes >= 2, JSON.stringify(spin));
	assert.equal(spin.network, null);
	const [before] = await usage('idle');
	await host.kleeOutput('exec', 'idle', 'ping', '-c', '2', '-i', '0.1', '10.4.6.1');
	const [now] = await usage('idle');
	assert.ok(now!.network!.received_packets >= before!.network!.received_packets + 2);
	assert.ok(now!.network!.sent_bytes >= before!.network!.sent_bytes + 2 * 84);
	assert.equal((await host.klee('stats', '--no-stream', 'nosuch')).code, 1);
	await host.kleeOutput('stop', '-t', '0', 'idle', 'spin');
	assert.deepEqual(await usage(), []);
});
