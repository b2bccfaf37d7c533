/** Output of containers that nobody watched: kept by their conmon, whatever becomes of klee and kleened. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { run } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { KLEE, type TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
});
afterEach(() => host.removeContainers());
after(() => host.close());

const start = (name: string, script: string, ...options: readonly string[]) =>
	host.kleeOutput('run', '-d', '--name', name, ...options, 'Debian', '/bin/sh', '-c', script);

const stopped = (name: string) =>
	eventually(`${name} stops`, async () => {
		const { container } = await host.kleeJson<{ container: { running: boolean } }>('isc', name);
		return !container.running;
	});

test('both streams, byte for byte, while it runs and after it ended', async () => {
	await start('both', 'echo out; echo err >&2; printf "no\\0newline"; exec sleep 600');
	await eventually('it has written', async () => (await host.klee('logs', 'both')).stdout.endsWith('newline'));
	const running = await host.klee('logs', 'both');
	assert.deepEqual(running, { stdout: 'out\nno\0newline', stderr: 'err\n', code: 0 });
	await host.kleeOutput('stop', '-t', '0', 'both');
	assert.deepEqual(await host.klee('logs', 'both'), running);
	assert.deepEqual(await host.klee('logs', '--follow', 'both'), running);
});

test('a follower is not held up by the end of the daemon, and what is written meanwhile is kept', async () => {
	await start('on', 'i=0; while [ ! -e /end ]; do echo $i; i=$((i + 1)); sleep 0.05; done; echo end');
	await host.stopDaemon('SIGKILL');
	await host.startDaemon();
	const follower = host.klee('logs', '-f', 'on');
	await host.kleeOutput('exec', 'on', 'touch', '/end');
	const { stdout, code } = await follower;
	assert.equal(code, 0);
	const lines = stdout.trimEnd().split('\n');
	assert.equal(lines.pop(), 'end');
	assert.ok(lines.length > 2 && lines.every((line, index) => line === `${index}`), stdout);
});

test('--tail, --since, --until and --timestamps choose lines', async () => {
	await start('times', 'seq 1 5; sleep 1.5; seq 6 9');
	await stopped('times');
	assert.equal(await host.kleeOutput('logs', '--tail', '2', 'times'), '8\n9');
	const stamped = (await host.kleeOutput('logs', '--timestamps', 'times')).split('\n');
	const [, time = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{9}Z 6$/.exec(stamped[5] ?? '') ?? [];
	assert.equal(await host.kleeOutput('logs', '--since', `${time}Z`, 'times'), '6\n7\n8\n9');
	assert.equal(await host.kleeOutput('logs', '--until', `${time}Z`, 'times'), '1\n2\n3\n4\n5');
	assert.equal(await host.kleeOutput('logs', '--until', '0', 'times'), '');
});

test('a log that is full is replaced, and nothing is missing that two files hold', async () => {
	const id = (await start('full', 'seq 1 150000; sleep 2; seq 150001 300000')).split('\n')[0] ?? '';
	await stopped('full');
	const { stdout, stderr } = await host.klee('logs', 'full');
	const lines = stdout.trimEnd().split('\n');
	assert.equal(stderr, '');
	assert.equal(lines.length, 300_000);
	assert.ok(lines.every((line, index) => line === `${index + 1}`));
	assert.equal(await host.kleeOutput('logs', '-n', '1', 'full'), '300000');
	const directory = join(host.root, 'containers', id);
	assert.ok(existsSync(join(directory, 'log', 'older')));
	await host.kleeOutput('rmc', 'full');
	assert.ok(!existsSync(directory));
});

test('a reader that goes ends the command, and the daemon reads no further', async () => {
	await start('long', 'seq 1 100000; exec sleep 600');
	const pipeline = `${KLEE} logs -f long | head -n 2; exit \${PIPESTATUS[0]}`;
	const { stdout, stderr, code } = await run(['bash', '-c', pipeline], { env: host.environment });
	assert.deepEqual({ stdout, stderr, code }, { stdout: '1\n2\n', stderr: '', code: 141 });
	const files = () => readdirSync(`/proc/${host.daemonPid}/fd`).map((fd) => linkOf(`/proc/${host.daemonPid}/fd/${fd}`));
	await eventually('the daemon closes the file', async () => !files().some((path) => path.endsWith('/log/current')));
});

function linkOf(path: string): string {
	try {
		return readlinkSync(path);
	} catch {
		return '';
	}
}
