/** What a user has in front of them while a container runs: output, input, terminals, exit codes, and what stays. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { outputOf } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
});
// Whatever a test did not come to remove is not for the next one.
afterEach(() => host.removeContainers());
after(() => host.close());

const shell = (script: string) => ['Debian', '/bin/sh', '-c', script];

test('klee run and klee exec exit with the exit code of the command', async () => {
	for (const code of [0, 1, 7, 255]) {
		const { stdout, stderr, code: got } = await host.klee('run', ...shell(`exit ${code}`));
		assert.deepEqual([got, stdout], [code, '']);
		assert.match(stderr, new RegExp(`and its container exited with exit-code ${code}\\n$`));
	}
	const killed = await host.klee('run', ...shell('kill -9 $$'));
	assert.equal(killed.code, 137);
	await host.kleeOutput('run', '-d', '--name', 'codes', 'Debian', 'sleep', '600');
	const { stdout, stderr, code } = await host.klee('exec', 'codes', '/bin/sh', '-c', 'exit 3');
	assert.deepEqual([code, stdout], [3, '']);
	assert.match(stderr, /\n\n[0-9a-f]{12} has exited with exit-code 3\n$/);
});

test('stdout and stderr stay apart, byte for byte', async () => {
	const { stdout, stderr } = await host.klee('run', ...shell('echo out; echo err >&2; printf "\\303\\251\\n"'));
	assert.equal(stdout, 'out\né\n');
	assert.match(stderr, /\nerr\n\nexecutable /);
});

test('a megabyte arrives whole and in order', async () => {
	const { stdout, code } = await host.klee('run', ...shell('seq 1 150000'));
	assert.equal(code, 0);
	const lines = stdout.trimEnd().split('\n');
	assert.equal(lines.length, 150_000);
	assert.ok(lines.every((line, index) => line === String(index + 1)));
});

test('-i passes input on until its end', async () => {
	const input = `${'x'.repeat(200_000)}\nlast\n`;
	const { stdout, code } = await host.kleeWith({ input }, 'run', '-i', ...shell('wc -c; echo done'));
	assert.equal(code, 0, stdout);
	assert.equal(stdout, '200006\ndone\n');
});

test('without -i the command reads an empty input', async () => {
	const { stdout, code } = await host.kleeWith({ input: 'secret\n' }, 'run', ...shell('cat; echo done'));
	assert.equal(code, 0);
	assert.equal(stdout, 'done\n');
});

test('-it is a working shell: echo, window size, Ctrl-C, Ctrl-D', async () => {
	const talk = host.converse(['run', '-it', '--name', 'shell', 'Debian', '/bin/sh'], { rows: 33, columns: 101 });
	await talk.until(/[#$] $/);
	talk.type('tty\r');
	await talk.until(/\/dev\/pts\/\d+\r*\n/);
	// What it prints tells that it has the terminal, so that it is what the interrupt ends.
	talk.type("sh -c 'stty size; exec sleep 100'\r");
	await talk.until(/33 101\r*\n/);
	talk.type('\x03');
	await talk.until(/[#$] $/);
	talk.type('echo "code $?"\r');
	await talk.until(/code 130\r*\n/);
	talk.type('exit 5\r');
	await talk.until(/exited with exit-code 5/);
	assert.equal((await talk.ended).code, 5);
});

test('a terminal that changes its size changes it inside', async () => {
	const talk = host.converse(['run', '-it', '--name', 'sized', 'Debian', '/bin/sh'], { rows: 20, columns: 70 });
	await talk.until(/[#$] $/);
	await outputOf(['stty', '-F', terminalOf(talk.child.pid ?? 0), 'rows', '44', 'cols', '133']);
	talk.type('until [ "$(stty size)" = "44 133" ]; do sleep 0.1; done; echo si""zed\r');
	await talk.until(/\nsized\r*\n/);
	talk.type('\x04');
	assert.equal((await talk.ended).code, 0);
});

/** The terminal that `script` made for the command that it runs. */
function terminalOf(script: number): string {
	for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
		try {
			const terminal = readlinkSync(`/proc/${name}/fd/0`);
			if (terminal.startsWith('/dev/pts/') && descends(Number(name), script)) return terminal;
		} catch {
			// Gone, or a kernel thread.
		}
	}
	throw new Error(`no process below ${script} has a terminal`);
}

function descends(pid: number, ancestor: number): boolean {
	if (pid === ancestor) return true;
	const below = readFileSync(`/proc/${ancestor}/task/${ancestor}/children`, 'utf8').trim().split(' ').map(Number);
	return below.some((child) => child > 0 && descends(pid, child));
}

test('the thin VM: the default command returns, what it started stays', async () => {
	const { stderr, code } = await host.klee('run', '--name', 'thin', 'Debian');
	assert.equal(code, 0);
	assert.match(stderr, /\n[0-9a-f]{12} has exited with exit-code 0\n$/);
	const [container] = await host.kleeJson<{ name: string; running: boolean; jid: number }[]>('lsc');
	assert.equal(container?.name, 'thin');
	assert.equal(container?.running, true);
	assert.match(await host.kleeOutput('exec', 'thin', '/bin/sh', '-c', 'cat /proc/[0-9]*/cmdline'), /syslogd/);
	await host.kleeOutput('stop', 'thin');
	assert.deepEqual(await host.kleeJson<unknown[]>('lsc'), []);
});

test('the container ends when the last of its processes does', async () => {
	await host.kleeOutput('run', '--name', 'short', ...shell('until [ -e /tmp/gate ]; do sleep 0.1; done &'));
	const running = () => host.kleeJson<{ jid: number }[]>('lsc');
	const [short, ...more] = await running();
	assert.deepEqual([short?.jid !== undefined, more], [true, []]);
	// Not by klee exec, whose process might be the last one.
	writeFileSync(`/proc/${short?.jid}/root/tmp/gate`, '');
	await eventually('the container ends', async () => (await running()).length === 0, { within: 10_000, every: 100 });
	assert.deepEqual(await host.lastingLeftovers(), []);
});

test('orphans are reaped, zombies do not pile up', async () => {
	await host.kleeOutput('run', '-d', '--name', 'reaper', 'Debian', 'sleep', '600');
	// One that has just ended is a zombie until the init comes to it, so it is those that stay who count.
	const orphans = `for i in 1 2 3 4 5; do (sleep 0.05 &) ; done; sleep 0.4; tries=0
		while grep -l "State:.*zombie" /proc/[0-9]*/status 2>/dev/null; do
			tries=$((tries + 1)); [ $tries -lt 100 ] || exit 1; sleep 0.1
		done`;
	const { stdout, code } = await host.klee('exec', 'reaper', '/bin/sh', '-c', orphans);
	assert.equal(code, 0, stdout);
});

test('what isolates a container', async () => {
	const script = `hostname; cat /proc/1/cmdline | tr '\\0' ' '; echo; ls /dev; grep -c ' / / .* - overlay ' /proc/self/mountinfo;
		cat /proc/kcore 2>&1 | head -c 1; echo x > /proc/sysrq-trigger; grep -E 'Seccomp:|NoNewPrivs|CapBnd' /proc/self/status`;
	const { stdout, stderr } = await host.klee('run', '--name', 'inner', ...shell(`${script} 2>&1`));
	const [id = ''] = stderr.split('\n');
	assert.match(stdout, new RegExp(`^${id}\\n`), 'the host name is the id');
	for (const device of ['full', 'null', 'ptmx', 'pts', 'random', 'shm', 'tty', 'urandom', 'zero'])
		assert.match(stdout, new RegExp(`^${device}$`, 'm'));
	for (const device of ['kmsg', 'mem', 'sda', 'vda', 'kvm', 'loop0'])
		assert.doesNotMatch(stdout, new RegExp(`^${device}$`, 'm'));
	assert.match(stdout, /Seccomp:\s+2/);
	assert.match(stdout, /^1$/m);
	const bounding = BigInt(`0x${/CapBnd:\s+([0-9a-f]+)/.exec(stdout)?.[1]}`);
	// Docker's default set; host-network containers have neither NET_ADMIN (bit 12) nor SYS_ADMIN (bit 21).
	assert.equal(bounding & ~0xa80425fbn, 0n, bounding.toString(16));
});

test('user, environment and root file system', async () => {
	const { stdout } = await host.klee(
		'run',
		'-u',
		'nobody',
		'-e',
		'COLOUR=blue',
		'--name',
		'env',
		...shell('id -un; echo $COLOUR'),
	);
	assert.equal(stdout, 'nobody\nblue\n');
	await host.kleeOutput('run', '--name', 'writer', ...shell('echo kept >/root/file'));
	assert.equal(await host.kleeOutput('start', 'writer'), '');
	const other = await host.klee('run', '--name', 'reader', ...shell('cat /root/file'));
	assert.notEqual(other.code, 0, 'containers do not see the files of each other');
});

test('a client that is killed leaves the container running', async () => {
	const talk = host.converse(['run', '--name', 'left', ...shell('echo begun; sleep 600')]);
	await talk.until(/begun/);
	talk.child.kill('SIGKILL');
	await talk.ended;
	await new Promise((resolve) => setTimeout(resolve, 300));
	assert.equal((await host.kleeJson<unknown[]>('lsc')).length, 1);
});

test('containers on the machine stay few: stop ends a process that ignores SIGTERM', async () => {
	await host.kleeOutput('run', '-d', '--name', 'deaf', ...shell("trap '' TERM; sleep 600 & wait; sleep 600"));
	await host.kleeOutput('rmc', '-f', 'deaf');
	assert.deepEqual(await host.lastingLeftovers(), []);
});
