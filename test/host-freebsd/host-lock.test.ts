/** One kleened per FreeBSD host, by a lock there: real shells and a real sshd, lockf(1) by flock(1). */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { isKleeneError } from '#errors/kleene-error.ts';
import { HostLock, holdScript } from '#host/freebsd/host-lock.ts';
import { LocalShell } from '#os/shell/local.ts';
import { sh } from '#os/shell/quote.ts';
import type { Shell } from '#os/shell/shell.ts';
import { SshShell } from '#os/shell/ssh.ts';
import { lastFirst, TestSshd, withoutSshd } from '#test/os/shell/sshd.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { FarHost } from './far/far-host.ts';

const LOG = { warn() {}, info() {} };
let far: FarHost;
before(async () => {
	far = await FarHost.start();
});
after(() => far.close());

/** A directory of each test's own stands for the host's /var/run/kleene. */
function lockFor(t: TestContext, root: string): HostLock {
	const directory = join(far.runDirectory, t.name.replaceAll(/\W+/g, '-'));
	return new HostLock({ directory, root, log: LOG, beat: 100, stale: 3 });
}

function local(t: TestContext, root: string): LocalShell {
	const shell = new LocalShell({ path: far.bin, precondition: lockFor(t, root) });
	t.after(() => shell.close());
	return shell;
}

async function works(shell: Shell): Promise<boolean> {
	const [result] = await shell.exchange([{ name: 'echo', script: sh`echo works` }]);
	return result?.stdout === 'works\n';
}

async function refusal(shell: Shell): Promise<string> {
	const error = await works(shell).then(
		() => assert.fail('it may do what it wants'),
		(thrown: unknown) => thrown,
	);
	assert.ok(isKleeneError(error) && error.code === 'CONFIG_INVALID', String(error));
	return `${error.what}: ${error.why}`;
}

test('the second is told which one manages the host and since when, until that lets go', async (t) => {
	const [one, other] = [local(t, '/var/lib/one'), local(t, '/var/lib/other')];
	assert.ok(await works(one));
	const why = await refusal(other);
	assert.match(why, /^cannot manage this FreeBSD host: another kleened manages it already: /);
	assert.match(
		why,
		new RegExp(`process ${process.pid} on \\S+, --root /var/lib/one, since 20\\d\\d-\\d\\d-\\d\\dT[\\d:]+Z$`),
	);
	await assert.rejects(other.open(sh`echo`), { code: 'CONFIG_INVALID' });
	assert.ok(await works(one), 'it was not disturbed');
	await one.close();
	assert.ok(await works(other));
});

const DAEMON = `
	import { LocalShell } from '#os/shell/local.ts';
	import { HostLock } from '#host/freebsd/host-lock.ts';
	const [path, directory] = process.argv.slice(1);
	const log = { warn() {}, info() {} };
	const precondition = new HostLock({ directory, root: '/killed', log });
	await new LocalShell({ path, precondition }).exchange([]);
	console.log('there');
`;

/** Another program that holds the host. */
async function daemon(t: TestContext): Promise<ChildProcess> {
	const directory = join(far.runDirectory, t.name.replaceAll(/\W+/g, '-'));
	const cwd = new URL('../..', import.meta.url).pathname;
	const child = spawn(process.execPath, ['--input-type=module', '-e', DAEMON, far.bin, directory], {
		cwd,
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	t.after(() => child.kill('SIGKILL'));
	await once(child.stdout, 'data');
	return child;
}

test('a daemon that is killed holds nothing', async (t) => {
	const child = await daemon(t);
	assert.match(await refusal(local(t, '/later')), new RegExp(`process ${child.pid} on \\S+, --root /killed`));
	child.kill('SIGKILL');
	const started = performance.now();
	assert.ok(await works(local(t, '/later')));
	assert.ok(performance.now() - started < 3000, 'without waiting until it is stale');
});

test('a holder whose daemon went silent is ended', async (t) => {
	const directory = join(far.runDirectory, t.name.replaceAll(/\W+/g, '-'));
	const bare = new LocalShell({ path: far.bin });
	t.after(() => bare.close());
	const silent = await bare.open(holdScript({ directory, root: '/silent', log: LOG, token: 'silent' }));
	await once(silent.stdout, 'data');
	assert.ok(await works(local(t, '/other')));
	assert.notEqual(await silent.exited, 0);
	assert.match(readFileSync(join(directory, 'holder'), 'utf8'), /--root \/other/);
});

test('a holder that is ended on the host is replaced', async (t) => {
	const shell = local(t, '/mine');
	assert.ok(await works(shell));
	const note = join(far.runDirectory, t.name.replaceAll(/\W+/g, '-'), 'holder');
	const holder = () => (existsSync(note) ? readFileSync(note, 'utf8').split('\n')[0] : undefined);
	const first = holder();
	process.kill(Number(first), 'SIGKILL');
	await eventually('another holds the lock', () => ![undefined, '', first].includes(holder()));
	assert.match(await refusal(local(t, '/other')), /--root \/mine/);
});

test('a connection that is cut lets go, and when it is back it holds the host again', {
	skip: withoutSshd,
}, async (t) => {
	const undo = lastFirst(t);
	const sshd = await TestSshd.start(undo);
	const mine = await SshShell.connect(sshd.access(), LOG, { path: far.bin, precondition: lockFor(t, '/mine') });
	undo.after(() => mine.close());
	assert.ok(await works(mine));
	assert.match(await refusal(local(t, '/other')), /--root \/mine/);
	await sshd.stop();
	const other = local(t, '/other');
	assert.ok(await works(other), 'nothing holds it');
	await sshd.start();
	// Until it is connected again, it is told so.
	const refused = async () => /--root \/other/.test(await refusal(mine).catch(() => ''));
	await eventually('it is refused', refused);
	await other.close();
	assert.ok(await works(mine));
});
