import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import { Fixture, outcome, until, waitingAt, waitingForSize } from './fixture.ts';

const fixture = new Fixture();
after(() => fixture.close());

/** Runs a shell script as the first process of a new container. */
async function script(text: string, more: { input?: string; user?: string; env?: string[] } = {}) {
	const container = fixture.container();
	const stdin = more.input !== undefined;
	const { user = '', env = [] } = more;
	const part = fixture.part(container, { argv: ['sh', '-c', text], stdin, user, env });
	const ran = await fixture.first(part, stdin ? { input: more.input! } : {});
	await fixture.sandboxes.unmake(part);
	return ran;
}

describe('what the first process is given', () => {
	test('its output by stream, and its exit code with the end of the sandbox', async () => {
		const ran = await script('echo out; echo err >&2; exit 7');
		assert.deepEqual(ran, { end: { code: 7, sandboxEnded: true }, stdout: 'out\n', stderr: 'err\n' });
	});

	test('nothing to read without stdin', async () => {
		assert.equal((await script('wc -c')).stdout.trim(), '0');
	});

	test('its whole input, packet by packet, and the end of it', async () => {
		const input = `${'x'.repeat(99)}\n`;
		const ran = await script('wc -c; echo done', { input: input.repeat(10_000) });
		assert.match(ran.stdout, /1000000\s+done/);
	});

	test('a host name, pid namespace, and a network without anything but its own loopback', async () => {
		const ran = await script('hostname; echo $$; ls /sys/class/net');
		assert.match(ran.stdout, /^box\n\d\d?\nlo\n/);
	});

	test('HOME and PATH when they are missing, and not otherwise', async () => {
		assert.equal(
			(await script('echo $HOME $PATH')).stdout,
			'/root /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n',
		);
		assert.equal((await script('echo $HOME $PATH', { env: ['HOME=/x', 'PATH=/bin'] })).stdout, '/x /bin\n');
	});

	test('its user, found in the files of the container', async () => {
		const ran = await script('id -u; id -g; id -G; echo $HOME; echo again > /dev/stdout', { user: 'ana' });
		assert.equal(ran.stdout, '1001\n1002\n1002 1003\n/home/ana\nagain\n');
		assert.equal((await script('id -u; id -g', { user: '7:crew' })).stdout, '7\n1003\n');
	});

	test('output that ends without a newline, all of it', async () => {
		const ran = await script('head -c 3000000 /dev/zero | tr "\\0" x; printf end');
		assert.equal(ran.stdout.length, 3_000_003);
		assert.ok(ran.stdout.endsWith('xend'));
	});

	test('a null device of the host that keeps its owner', async () => {
		const before = statSync('/dev/null').uid;
		await script('true', { user: 'ana' });
		assert.equal(statSync('/dev/null').uid, before);
	});
});

describe('what it is refused', () => {
	test('a user that is not there is named', async () => {
		await assert.rejects(script('true', { user: 'bob' }), /no user bob/);
	});

	test('capabilities and system calls beyond the default', async () => {
		const ran = await script(
			'grep -E "CapBnd|CapEff|Seccomp:|NoNewPrivs" /proc/self/status; mount -t tmpfs x /tmp; unshare -n true; ping -c1 127.0.0.1',
		);
		assert.match(ran.stdout, /CapEff:\s+00000000a00405fb/);
		assert.match(ran.stdout, /CapBnd:\s+00000000a00405fb/);
		assert.match(ran.stdout, /Seccomp:\s+2/);
		assert.match(ran.stdout, /NoNewPrivs:\s+0/);
		assert.match(ran.stderr, /mount:.*permitted|mount:.*denied/);
		assert.match(ran.stderr, /unshare:.*not permitted/);
		assert.match(ran.stderr, /ping:.*(permitted|denied)/);
		assert.notEqual(ran.end.code, 0);
	});

	test('every capability to a user that is not root', async () => {
		const ran = await script('grep -E "CapPrm|CapEff|CapInh|CapAmb" /proc/self/status | tr -d "0\\t\\n"', {
			user: 'ana',
		});
		assert.equal(ran.stdout, 'CapInh:CapPrm:CapEff:CapAmb:');
	});

	test('devices, kernel settings and the memory of the host', async () => {
		const ran = await script(
			'mknod /tmp/d b 254 0 && cat /tmp/d; echo 1 > /proc/sys/kernel/panic; head -c1 /proc/kcore | wc -c; touch /sys/x',
		);
		assert.match(ran.stderr, /d': Operation not permitted|d: Operation not permitted|can't open '\/tmp\/d'/);
		assert.match(ran.stderr, /panic: Read-only file system/);
		assert.equal(ran.stdout.trim(), '0');
		assert.match(ran.stderr, /\/sys\/x: Read-only file system/);
	});

	test('a command that is not there or cannot be executed: 127 and 126, in words', async () => {
		for (const [command, code, message] of [
			['nosuch', 127, 'nosuch: command not found\n'],
			['/no/such', 127, '/no/such: no such file or directory\n'],
			['/etc/passwd', 126, '/etc/passwd: permission denied\n'],
		] as const) {
			const part = fixture.part(fixture.container(), { argv: [command] });
			assert.deepEqual(await fixture.first(part), { end: { code, sandboxEnded: true }, stdout: '', stderr: message });
			await fixture.sandboxes.unmake(part);
		}
	});
});

test('raw sockets and the stack of its own are given to whom they are promised', async () => {
	for (const [spec, mask] of [
		[{ rawSockets: true }, '00000000a00425fb'],
		[{ rawSockets: true, netAdmin: true }, '00000000a00435fb'],
	] as const) {
		const part = fixture.part(fixture.container(), { argv: ['grep', 'CapEff', '/proc/self/status'] }, spec);
		assert.match((await fixture.first(part)).stdout, new RegExp(mask));
		await fixture.sandboxes.unmake(part);
	}
});

describe('with a terminal', () => {
	test('the shell has job control, the window its size, Ctrl-C its effect, and Ctrl-Z cannot strand it', async () => {
		const part = fixture.part(fixture.container(), { argv: ['sh', '-i'], tty: true, stdin: true });
		await fixture.sandboxes.make(part);
		const size = { rows: 33, columns: 111 };
		const shell = await fixture.sandboxes.run({ kind: 'first', container: part.container, attach: true, size });
		shell.write(Buffer.from(`${waitingForSize(33, 111)}; tty\n`));
		assert.match(await until(shell, '/dev/pts/0'), /\bsized\b/);
		shell.resize(44, 99);
		// One process, so that Ctrl-C finds it whatever it is doing.
		shell.write(Buffer.from(`sh -c '${waitingForSize(44, 99)}; exec sleep 100'\n`));
		await until(shell, 'sized');
		shell.write(Buffer.from('\x03'));
		await until(shell, '# ');
		shell.write(Buffer.from('\x1aecho after-$?\n'));
		assert.doesNotMatch(await until(shell, 'after-'), /job control turned off|can't access tty/);
		shell.write(Buffer.from('exit 5\n'));
		assert.deepEqual(await shell.ended, { code: 5, sandboxEnded: true });
		await fixture.sandboxes.unmake(part);
	});
});

describe('the sandbox lives while any of its processes lives', () => {
	test('a command that leaves a daemon behind has ended, its sandbox has not', async () => {
		// The pause is for conmon: it has passed on what was said before the end of the command is noticed.
		const text = `(${waitingAt('gate')}; echo late) & echo started; sleep 0.2; exit 4`;
		const part = fixture.part(fixture.container(), { argv: ['sh', '-c', text] });
		const ended: string[] = [];
		fixture.sandboxes.watch(({ container }) => ended.push(container));
		const ran = await fixture.first(part);
		assert.deepEqual(ran, { end: { code: 4, sandboxEnded: false }, stdout: 'started\n', stderr: '' });
		assert.deepEqual(fixture.sandboxes.observe().filter((sandbox) => sandbox.running).length, 1);
		assert.ok(!ended.includes(part.container));
		fixture.letGo(part.container, 'gate');
		await eventually('the end of the sandbox', () => ended.includes(part.container));
		await new Promise((resolve) => setTimeout(resolve, 100));
		assert.deepEqual(
			ended.filter((container) => container === part.container),
			[part.container],
		);
		await fixture.sandboxes.unmake(part);
	});

	test('signals reach the command, not the init above it', async () => {
		const part = fixture.part(fixture.container(), { argv: ['sh', '-c', 'sleep 30 & echo up; wait; sleep 30'] });
		await fixture.sandboxes.make(part);
		const process = await fixture.sandboxes.run({ kind: 'first', container: part.container, attach: true });
		await until(process, 'up');
		process.kill('SIGKILL');
		assert.deepEqual(await process.ended, { code: 137, sandboxEnded: false });
		await fixture.sandboxes.unmake(part, { grace: 2000 });
	});

	test('a reader that pauses holds the writer, and gets everything', async () => {
		const part = fixture.part(fixture.container(), { argv: ['head', '-c', '4000000', '/dev/zero'] });
		await fixture.sandboxes.make(part);
		const process = await fixture.sandboxes.run({ kind: 'first', container: part.container, attach: true });
		process.pause();
		setTimeout(() => process.resume(), 2500);
		const before = Date.now();
		const ran = await outcome(process);
		assert.equal(ran.stdout.length, 4_000_000);
		assert.deepEqual(ran.end, { code: 0, sandboxEnded: true });
		assert.ok(Date.now() - before >= 2000);
		await fixture.sandboxes.unmake(part);
	});
});
