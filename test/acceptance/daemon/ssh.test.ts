/** A daemon behind a real sshd, which klee reaches with ssh(1): no klee is needed there, and no ssh is left here. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { freePort, TestSshd, withoutSshd } from '#test/os/shell/sshd.ts';
import { type Outcome, outputOf, run } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { providePage } from '#test/testbed/prepared/page.ts';
import { fillRoot } from '#test/testbed/prepared/root.ts';
import { runInThread } from '#test/testbed/programs/threads.ts';
import { KLEE, TestHost } from '#test/testbed/test-host.ts';

const options = { skip: withoutSshd };
/** For temporary files of klee. */
const folder = mkdtempSync(join(tmpdir(), 'far-'));
const undo: (() => void | Promise<void>)[] = [];
let host: TestHost;
let sshd: TestSshd;
let env: NodeJS.ProcessEnv;

before(async () => {
	if (withoutSshd) return;
	host = await TestHost.start({ prepare: (_, root) => fillRoot(root) });
	sshd = await TestSshd.start({ after: (action) => void undo.push(action) });
	// What a user has in ~/.ssh/config.
	const { configFile, key } = sshd.access();
	mkdirSync(join(folder, 'bin'));
	mkdirSync(join(folder, 'tmp'));
	const script = `#!/bin/sh\nexec /usr/bin/ssh -F ${configFile} -o IdentitiesOnly=yes -i ${key} "$@"\n`;
	writeFileSync(join(folder, 'bin/ssh'), script, { mode: 0o755 });
	const { KLEE_HOST: _, PATH, ...others } = host.environment;
	env = { ...others, PATH: `${join(folder, 'bin')}:${PATH}`, TMPDIR: join(folder, 'tmp'), HOME: folder };
	await outputOf([KLEE, 'context', 'create', 'far', '--host', url(), '--use'], { env });
});
after(async () => {
	await host?.close();
	for (const action of undo) await action();
	rmSync(folder, { recursive: true });
});

const url = (port = sshd.port, path = host.socket) => `ssh://root@127.0.0.1:${port}${path}`;
const klee = (...words: readonly string[]): Promise<Outcome> => run([KLEE, ...words], { env });

/** Processes of ssh(1) and its guard that klee started: they have the directory of the socket in their arguments. */
function processes(): string[] {
	return readdirSync('/proc')
		.filter((pid) => /^\d+$/.test(pid))
		.map((pid) => {
			try {
				return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
			} catch {
				return '';
			}
		})
		.filter((command) => command.includes(join(folder, 'tmp/klee-')));
}

async function nothingIsLeft(): Promise<void> {
	await eventually('ssh ends', () => processes().length === 0);
	await eventually('its socket is removed', () => readdirSync(join(folder, 'tmp')).length === 0);
	await eventually('the far side ends', () => sshd.connections().length === 0);
}

test(
	'requests and streams go through: lists, run, exec with input, builds with a context, logs -f',
	options,
	async () => {
		assert.match((await klee('image', 'ls')).stdout, /Debian/);
		const echoed = await run([KLEE, 'run', '--rm', '-i', 'Debian', 'cat'], { env, input: 'over ssh\n' });
		assert.deepEqual([echoed.code, echoed.stdout], [0, 'over ssh\n']);
		assert.equal((await klee('run', '--rm', 'Debian', 'sh', '-c', 'exit 7')).code, 7);
		const context = join(folder, 'context');
		mkdirSync(context);
		writeFileSync(
			join(context, 'Dockerfile'),
			'FROM Debian\nCOPY greeting /greeting\nCMD cat /greeting; exec sleep 60\n',
		);
		writeFileSync(join(context, 'greeting'), 'built from afar\n');
		const built = await klee('build', '-t', 'far', context);
		assert.equal(built.code, 0, built.stderr);
		await klee('run', '-d', '--name', 'box', 'far');
		const follower = spawn(KLEE, ['logs', '-f', 'box'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
		const [first] = (await once(follower.stdout, 'data')) as [Buffer];
		assert.equal(String(first), 'built from afar\n');
		follower.kill('SIGINT');
		await once(follower, 'exit');
		await nothingIsLeft();
	},
);

test('several connections share one ssh', options, async () => {
	const follower = spawn(KLEE, ['stats'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
	await once(follower.stdout, 'data');
	assert.equal(sshd.connections().length, 1);
	follower.kill('SIGINT');
	await once(follower, 'exit');
	await nothingIsLeft();
});

test(
	'a klee that is killed takes ssh with it, and one that is interrupted passes that on to the container',
	options,
	async () => {
		const start = (words: readonly string[]) =>
			spawn(KLEE, words, { env, stdio: ['pipe', 'pipe', 'ignore'], detached: true });
		const killed = start(['run', '--rm', '-i', 'Debian', 'cat']);
		killed.stdin.write('there\n');
		await once(killed.stdout, 'data');
		assert.ok(processes().length > 0);
		killed.kill('SIGKILL');
		await nothingIsLeft();
		const script = 'trap "echo interrupted; exit 3" INT; echo ready; while :; do sleep 0.05; done';
		const interrupted = start(['run', '--rm', 'Debian', 'sh', '-c', script]);
		let said = '';
		interrupted.stdout.on('data', (chunk) => {
			said += chunk;
		});
		await eventually('it runs', () => said.includes('ready'));
		// As Ctrl-C does: to all processes of the job, ssh among them.
		process.kill(-(interrupted.pid ?? 0), 'SIGINT');
		const [code] = (await once(interrupted, 'exit')) as [number];
		assert.deepEqual([code, said], [3, 'ready\ninterrupted\n']);
		await nothingIsLeft();
	},
);

test('the directory of the socket is removed also where nobody reads the errors of ssh any more', options, async () => {
	for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
		const klee = spawn(KLEE, ['stats'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
		await once(klee.stdout, 'data');
		klee.kill(signal);
		await once(klee, 'exit');
		await nothingIsLeft();
	}
});

test('reasons of ssh are told with a hint', options, async () => {
	const cases: [host: string, why: RegExp, hint: RegExp, path?: string][] = [
		[url(sshd.port, '/nowhere/kleened.sock'), /no connection to \/nowhere\/kleened\.sock there/, /start kleened there/],
		[url(await freePort()), /no sshd listens there/, /start sshd/],
		[`ssh://nobody@127.0.0.1:${sshd.port}`, /does not accept the login/, /"ssh -p \d+ nobody@127\.0\.0\.1" work/],
		['ssh://name.invalid', /the name name\.invalid has no address/, /correct the host/],
	];
	for (const [place, why, hint] of cases)
		for (const [words, expected] of [
			[['network', 'ls'], 1],
			[['exec', 'box', 'true'], 125],
		] as const) {
			const { code, stdout, stderr } = await klee('--host', place, ...words);
			assert.deepEqual([code, stdout], [expected, ''], stderr);
			assert.match(stderr, /^error: unable to connect to kleened: ssh to /);
			assert.match(stderr, why);
			assert.match(stderr, hint);
		}
	const bin = join(folder, 'without-ssh');
	mkdirSync(bin);
	for (const program of ['sh', 'rm']) symlinkSync(`/bin/${program}`, join(bin, program));
	const missing = await runInThread({ words: ['network', 'ls'], env: { ...env, PATH: bin } });
	assert.match(missing.stderr, /there is no ssh program on this machine/);
	await nothingIsLeft();
});

test('a host with an unknown key is refused, and completion asks nothing', options, async () => {
	const known = join(sshd.directory, 'known');
	const saved = readFileSync(known);
	rmSync(known);
	try {
		const { code, stderr } = await klee('network', 'ls');
		assert.equal(code, 1);
		assert.match(stderr, /its host key is not known/);
		const completed = await klee('__complete', '--', 'network', 'rm', '');
		assert.deepEqual([completed.code, completed.stdout, completed.stderr], [0, '', '']);
		assert.ok(!existsSync(known));
	} finally {
		writeFileSync(known, saved);
	}
	await nothingIsLeft();
});

test('a connection that breaks is reported', options, async () => {
	const cut = spawn(KLEE, ['run', '--rm', '-i', 'Debian', 'cat'], { env, stdio: ['pipe', 'pipe', 'pipe'] });
	let stderr = '';
	cut.stderr.on('data', (chunk) => {
		stderr += chunk;
	});
	cut.stdin.write('there\n');
	await once(cut.stdout, 'data');
	sshd.cut();
	const [code] = (await once(cut, 'exit')) as [number];
	assert.equal(code, 125);
	assert.match(stderr, /the session was cut off/);
	await nothingIsLeft();
});

test('klee console goes through ssh, and connects again after a break', options, async () => {
	await providePage();
	const served = spawn(KLEE, ['console', '--no-open'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
	const [address] = (await once(served.stdout, 'data')) as [Buffer];
	const { origin } = new URL(String(address).trim());
	const curl = async (...args: readonly string[]) => (await run(['curl', '--silent', ...args])).stdout;
	const jar = join(folder, 'cookies');
	await curl('--cookie-jar', jar, String(address).trim());
	const networks = () => curl('--cookie', jar, `${origin}/api/networks/list`);
	assert.deepEqual(JSON.parse(await networks()), []);
	sshd.cut();
	await eventually('it is there again', async () => (await networks()) === '[]');
	served.kill('SIGINT');
	const [code] = (await once(served, 'exit')) as [number];
	assert.equal(code, 0);
	rmSync(jar);
	await nothingIsLeft();
});
