/** The file system of the root directory is full: what makes room works, and what needs some is refused in words. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { provideBaseArchive } from '#test/testbed/base-image.ts';
import { type Outcome, run } from '#test/testbed/command.ts';
import { KLEE, KLEENED } from '#test/testbed/daemon-host.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { createNamespace, removeNamespace } from '#test/testbed/network-namespace.ts';
import { processesOf } from '#test/testbed/snapshot.ts';

const folder = mkdtempSync(join(tmpdir(), 'k-full-'));
const root = join(folder, 'root');
const namespace = `kleene-${process.pid}-full`;
const url = `http://${join(folder, 'sock')}`;
let daemon: ChildProcess;

const klee = (...args: readonly string[]): Promise<Outcome> =>
	run([KLEE, ...args], { env: { ...process.env, KLEE_HOST: url, HOME: folder } });

async function succeed(...args: readonly string[]): Promise<string> {
	const { code, stdout, stderr } = await klee(...args);
	assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
	return stdout;
}

/** A daemon that sees the file system, with which it is a mount namespace of its own. */
async function startDaemon(...enter: readonly string[]): Promise<void> {
	const log = openSync(join(folder, 'log'), 'a');
	const args = [KLEENED, '--root', root, '--host', url, '--netns', namespace];
	const [program = '', ...before] = enter;
	daemon = spawn(program, [...before, ...args], { stdio: ['ignore', log, log], cwd: '/' });
	await eventually('it answers', async () => (await klee('lsn')).code === 0, { every: 100 });
}

before(async () => {
	const archive = await provideBaseArchive();
	mkdirSync(root);
	await createNamespace(namespace);
	const mount = 'mount -t tmpfs -o size=160m tmpfs "$0" && exec "$@"';
	const wrapper = ['--mount', '--propagation', 'private', 'sh', '-c', mount, root];
	await startDaemon('unshare', ...wrapper);
	await succeed('image', 'create', '-t', 'Debian', 'fetch', `file://${archive}`);
	await succeed('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
	for (const name of ['one', 'two', 'three'])
		await succeed('run', '-d', '-l', 'vnet', '-n', 'testnet', '--name', name, 'Debian', 'sleep', '600');
	await succeed('create', '--name', 'idle', 'Debian');
});

after(async () => {
	const gone = once(daemon, 'exit');
	// After a failure there may be some.
	const left = JSON.parse((await klee('lsc', '-a', '--json')).stdout || '[]') as { id: string }[];
	daemon.kill('SIGTERM');
	await gone;
	for (const { pid } of left.length > 0 ? processesOf(root) : []) process.kill(pid, 'SIGKILL');
	await removeNamespace(namespace);
	rmSync(folder, { recursive: true, force: true });
});

/** Down to the last byte, as a container would. */
function fill(): void {
	const fd = openSync(`/proc/${daemon.pid}/root${root}/filler`, 'a');
	for (let size = 1024 * 1024; size > 0; size = Math.floor(size / 2)) {
		const block = Buffer.alloc(size, 'x');
		for (;;)
			try {
				if (writeSync(fd, block) < size) break;
			} catch {
				break;
			}
	}
}

async function refused(...args: readonly string[]): Promise<void> {
	fill();
	const { code, stderr } = await klee(...args);
	assert.notEqual(code, 0, args.join(' '));
	assert.match(stderr, /the disk is full|less than \d+ MiB free/, args.join(' '));
	assert.match(stderr, /hint: (free some space|make room)/, args.join(' '));
	assert.doesNotMatch(stderr, /internal error|the client left/);
}

test('what needs room is refused in words, without a stack in the log', async () => {
	const file = join(folder, 'file');
	writeFileSync(file, Buffer.alloc(3_000_000, 'x'));
	await refused('run', 'Debian', 'true');
	await refused('run', '-l', 'vnet', '-n', 'testnet', 'Debian', 'true');
	await refused('start', '-d', 'idle');
	await refused('exec', 'one', 'true');
	await refused('cp', file, 'one:/file');
	await refused('cp', file, 'idle:/file');
	await refused('image', 'save', '-o', join(folder, 'image'), 'Debian');
	assert.doesNotMatch(readFileSync(join(folder, 'log'), 'utf8'), /request failed|"stack"/);
});

test('the next daemon starts, and adopts what runs', async () => {
	fill();
	const { pid = 0 } = daemon;
	const mounts = openSync(`/proc/${pid}/ns/mnt`, 'r');
	const gone = once(daemon, 'exit');
	daemon.kill('SIGTERM');
	await gone;
	await startDaemon('nsenter', `--mount=/proc/${process.pid}/fd/${mounts}`);
	const running = JSON.parse(await succeed('lsc', '--json')) as { name: string }[];
	assert.deepEqual(running.map(({ name }) => name).toSorted(), ['one', 'three', 'two']);
});

test('stop, disconnect and removal work, again and again, and their end is told', async () => {
	fill();
	await succeed('network', 'disconnect', 'testnet', 'one');
	fill();
	await succeed('stop', 'one');
	fill();
	await succeed('rmc', '-f', 'two');
	fill();
	await succeed('rmc', 'idle');
	fill();
	await succeed('rmc', '-f', 'one', 'three');
	await succeed('network', 'prune', '-f');
	assert.deepEqual(JSON.parse(await succeed('lsc', '-a', '--json')), []);
	const doctor = await klee('network', 'doctor');
	assert.equal(doctor.code, 0, doctor.stdout);
	assert.doesNotMatch(readFileSync(join(folder, 'log'), 'utf8'), /request failed/);
});
