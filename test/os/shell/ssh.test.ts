import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { isKleeneError } from '#errors/kleene-error.ts';
import type { HostShellOptions } from '#os/shell/host-shell.ts';
import { type Script, sh } from '#os/shell/quote.ts';
import { ConnectionLost } from '#os/shell/shell.ts';
import { SshShell } from '#os/shell/ssh.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { freePort, TestSshd, withoutSshd } from './sshd.ts';

const TCSH = '/usr/bin/tcsh';
const skip = withoutSshd;

interface Logged {
	readonly lines: string[];
	readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
}

function logged(): Logged {
	const lines: string[] = [];
	const add = (_fields: object, message: string) => void lines.push(message);
	return { lines, log: { warn: add, info: add } };
}

async function connect(t: TestContext, sshd: TestSshd, options: HostShellOptions = {}, { log } = logged()) {
	const shell = await SshShell.connect(sshd.access(), log, options);
	t.after(() => shell.close());
	return shell;
}

const section = (name: string, script: Script) => ({ name, script });

for (const shell of [undefined, TCSH])
	test(`exchanges and sessions where people log in with ${shell ?? 'sh'}`, {
		skip: skip || (shell !== undefined && !existsSync(shell) && `${shell} is not installed here: apt-get install tcsh`),
	}, async (t) => {
		const sshd = await TestSshd.start(t, shell === undefined ? {} : { shell });
		const there = await connect(t, sshd);
		const awkward = `it's "$HOME" \`x\` !! \\ 100% {a,b} *\n~ ü`;
		const results = await there.exchange([
			section('words', sh`printf ${'%s'} ${awkward}; printf ${'%s'} ${awkward} >&2`),
			section('fails', sh`exit 3`),
		]);
		assert.deepEqual(results, [
			{ name: 'words', code: 0, stdout: awkward, stderr: awkward },
			{ name: 'fails', code: 3, stdout: '', stderr: '' },
		]);
		const session = await there.open(sh`printf ${'%s'} ${awkward} >&2; cat; exit 7`);
		const out: Buffer[] = [];
		const err: Buffer[] = [];
		session.stdout.on('data', (chunk: Buffer) => out.push(chunk));
		session.stderr.on('data', (chunk: Buffer) => err.push(chunk));
		const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * 7) % 256));
		session.stdin.end(bytes);
		assert.equal(await session.exited, 7);
		await eventually('end of output', () => session.stdout.closed && session.stderr.closed);
		assert.ok(Buffer.concat(out).equals(bytes));
		assert.equal(Buffer.concat(err).toString(), awkward);
		assert.equal(sshd.connections().length, 1);
	});

test('more sessions than one connection may carry', { skip }, async (t) => {
	const sshd = await TestSshd.start(t, { maxSessions: 2 });
	const there = await connect(t, sshd);
	const sessions = await Promise.all([1, 2, 3].map((n) => there.open(sh`echo ${n}; cat`)));
	const [result] = await there.exchange([section('more', sh`echo more`)]);
	assert.deepEqual(result, { name: 'more', code: 0, stdout: 'more\n', stderr: '' });
	for (const session of sessions) {
		session.stdout.resume();
		session.stdin.end();
		assert.equal(await session.exited, 0);
	}
});

test('a connection that breaks: what was under way is not known, and found by the next one', { skip }, async (t) => {
	const sshd = await TestSshd.start(t);
	const directory = mkdtempSync(join(tmpdir(), 'kleene-far-'));
	t.after(() => rmSync(directory, { recursive: true, force: true }));
	const { lines, log } = logged();
	const there = await connect(t, sshd, { batch: join(directory, 'batch') }, { lines, log });
	const states: string[] = [];
	there.onConnection((state) => states.push(state));
	const session = await there.open(sh`cat`);
	session.stdout.resume();
	const begun = Promise.withResolvers<void>();
	const far = there.exchange(
		[section('first', sh`echo done`), section('far', sh`echo begun; sleep 4; date +%s%N >${directory}/far`)],
		{ onOutput: (name) => name === 'far' && begun.resolve() },
	);
	await begun.promise;
	sshd.cut();
	await assert.rejects(far, (error) => {
		assert.ok(error instanceof ConnectionLost);
		assert.equal(error.started, true);
		assert.deepEqual(
			error.done.map(({ name }) => name),
			['first'],
		);
		return true;
	});
	await assert.rejects(session.exited, ConnectionLost);
	// The next one does not begin before the other has ended.
	const [after] = await there.exchange([section('after', sh`cat ${directory}/far; date +%s%N`)]);
	const [ended, began] = after!.stdout.trim().split('\n').map(BigInt);
	assert.ok(ended! < began!);
	assert.deepEqual(states, ['lost', 'back']);
	assert.equal(lines.length, 2);
	assert.match(lines[0]!, /lost the connection/);
	assert.match(lines[1]!, /reconnected/);
});

test('who only looks is answered once the host is back; who changes something is told at once', { skip }, async (t) => {
	const sshd = await TestSshd.start(t);
	const there = await connect(t, sshd);
	const states: string[] = [];
	there.onConnection((state) => states.push(state));
	await sshd.stop();
	await eventually('loss', () => states.length === 1);
	await assert.rejects(there.exchange([section('change', sh`echo changed`)]), (error) => {
		assert.ok(isKleeneError(error));
		assert.equal(error.code, 'HOST_UNREACHABLE');
		assert.match(error.why, /refused/);
		return true;
	});
	const looking = there.exchange([section('look', sh`echo seen`)], { repeatable: true });
	await delay(600);
	await sshd.start();
	const [seen] = await looking;
	assert.equal(seen!.stdout, 'seen\n');
	assert.deepEqual(states, ['lost', 'back']);
});

test('it comes back by itself', { skip }, async (t) => {
	const sshd = await TestSshd.start(t);
	const there = await connect(t, sshd);
	const states: string[] = [];
	there.onConnection((state) => states.push(state));
	sshd.cut();
	await eventually('reconnection', () => states.join() === 'lost,back');
	assert.equal(sshd.connections().length, 1);
});

test('a daemon that is killed leaves no connection', { skip }, async (t) => {
	const sshd = await TestSshd.start(t);
	const program = `
		import { SshShell } from ${JSON.stringify(new URL('../../../src/os/shell/ssh.ts', import.meta.url).href)};
		const log = { warn() {}, info() {} };
		await SshShell.connect(${JSON.stringify(sshd.access())}, log);
		console.log('connected');
		setInterval(() => {}, 1000);`;
	const daemon = spawn(process.execPath, ['--input-type=module', '-e', program], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	await new Promise((resolve) => daemon.stdout.once('data', resolve));
	assert.equal(sshd.connections().length, 1);
	daemon.kill('SIGKILL');
	await eventually('end of the connection', () => sshd.connections().length === 0);
});

test('refusals name the reason and what to do', { skip }, async (t) => {
	const sshd = await TestSshd.start(t);
	const { log } = logged();
	const refused = async (access: Parameters<typeof SshShell.connect>[0]) => {
		const error = await SshShell.connect(access, log).then(
			() => assert.fail('it connected'),
			(error: unknown) => error,
		);
		assert.ok(isKleeneError(error));
		return [error.code, `${error.why}; ${error.hint}`] as const;
	};
	const stranger = await refused(sshd.access({ key: join(sshd.directory, 'stranger') }));
	assert.equal(stranger[0], 'CONFIG_INVALID');
	assert.match(stranger[1], /Permission denied .*publickey.*--ssh-key/);
	const missing = await refused(sshd.access({ key: '/nowhere/key' }));
	assert.equal(missing[0], 'CONFIG_INVALID');
	const nobody = await refused(sshd.access({ port: await freePort() }));
	assert.equal(nobody[0], 'HOST_UNREACHABLE');
	assert.match(nobody[1], /Connection refused/);
	renameSync(join(sshd.directory, 'known'), join(sshd.directory, '100% known'));
	const unknown = await refused(sshd.access());
	assert.equal(unknown[0], 'CONFIG_INVALID');
	assert.match(
		unknown[1],
		/host key.*accept its key; or .*--ssh-known-hosts FILE: "ssh-keyscan -p \d+ 127\.0\.0\.1 >FILE"/i,
	);
	const told = { ...sshd.access(), knownHosts: join(sshd.directory, '100% known') };
	await (await SshShell.connect(told, { warn() {}, info() {} })).close();
	const deep = join(sshd.directory, 'd'.repeat(90));
	mkdirSync(deep);
	const long = await refused({ ...sshd.access(), directory: deep });
	assert.equal(long[0], 'CONFIG_INVALID');
	assert.match(long[1], /shorter --root/);
});
