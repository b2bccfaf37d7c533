import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseRefusal } from '#host/freebsd/refusals.ts';
import { FreebsdSandboxes } from '#host/freebsd/sandbox/sandbox.ts';
import { FreebsdStacks, jailWords } from '#host/freebsd/sandbox/stacks.ts';
import type { Mount } from '#model/mount.ts';
import type { SandboxPart } from '#model/parts/sandbox.ts';
import type { SandboxSpec } from '#model/sandbox.ts';
import type { Script } from '#os/shell/quote.ts';
import { JailHost } from '../jail-host/jail-host.ts';

const ID = 'aaaabbbbcccc';

function spec(driver: SandboxSpec['driver'], parameters: readonly string[] = [], rawSockets = false): SandboxSpec {
	const process = { argv: ['true'], env: [], user: 'root', tty: false, stdin: false };
	const network = driver === 'host' ? 'host' : 'own';
	return { driver, hostname: ID, network, rawSockets, netAdmin: driver === 'vnet', parameters, process };
}

function sandbox(of: SandboxSpec, mounts: readonly Mount[] = []): SandboxPart {
	return { kind: 'sandbox', container: ID, spec: of, mounts };
}

function setUp(t: TestContext) {
	const host = new JailHost(t);
	mkdirSync(host.paths.containerRoot(ID));
	return { host, stacks: new FreebsdStacks(host.paths), sandboxes: new FreebsdSandboxes(host.paths) };
}

const OK = { code: 0, stdout: '', stderr: '' };
/** No jail, and nothing known of a run. */
const RESTARTED = { ...OK, stdout: 'kleene-end - - host-restarted\n' };

test('the words for jail(8): those of the driver, and defaults only where nothing else is said', (t) => {
	const { paths } = new JailHost(t);
	const words = (of: SandboxSpec) => jailWords(paths, ID, of).slice(2).join(' ');
	const common = `persist host.hostname=${ID} mount.devfs=true devfs_ruleset=`;
	assert.deepEqual(jailWords(paths, ID, spec('host')).slice(0, 2), [`name=${ID}`, `path=${paths.containerRoot(ID)}`]);
	assert.equal(words(spec('vnet', [], true)), `vnet ${common}5`);
	assert.equal(words(spec('ipnet', [], true)), `ip4=new ip6=new ${common}4 allow.raw_sockets=true`);
	assert.equal(words(spec('disabled')), `ip4=disable ip6=disable ${common}4`);
	assert.equal(words(spec('host')), `ip4=inherit ip6=inherit ${common}4`);
	const own = ['host.hostname=web one', 'mount.nodevfs', 'allow.noraw_sockets', 'exec.prestart=x', 'exec.clean'];
	const rest = 'persist host.hostname=web one mount.nodevfs allow.noraw_sockets exec.clean';
	assert.equal(words(spec('ipnet', own, true)), `ip4=new ip6=new ${rest}`);
	assert.equal(
		words(spec('vnet', ['devfs_ruleset=9'])),
		`vnet persist host.hostname=${ID} mount.devfs=true devfs_ruleset=9`,
	);
});

test('a stack is a jail that is made once, stays while it is the same, and leaves nothing mounted', async (t) => {
	const { host, stacks } = setUp(t);
	const part = { kind: 'stack', container: ID, spec: spec('vnet') } as const;
	const root = host.paths.containerRoot(ID);
	host.state.mounts.push({ source: 'devfs', target: `${root}/dev`, type: 'devfs' });
	for (const _ of [1, 2]) assert.deepEqual(await host.run(stacks.make(part)), OK);
	assert.equal(host.state.mounts.length, 1, 'what an earlier run left mounted was unmounted before');
	const calls = host.calls();
	assert.deepEqual(
		calls.filter((call) => call.startsWith('jail ')),
		[`jail -c ${jailWords(host.paths, ID, part.spec).join(' ')}`],
	);
	assert.equal(calls.at(-1), `jexec ${ID} ifconfig lo0 inet 127.0.0.1/8 up`);
	const jail = host.state.jails[ID];
	assert.ok(jail);
	jail.path = '/elsewhere';
	const { code, stderr } = await host.run(stacks.make(part));
	assert.equal(code, 1);
	assert.match(stderr, /^KLEENE-REFUSAL HOST_FAILED\t.*with its root at \/elsewhere\t/);
	for (const _ of [1, 2]) assert.deepEqual(await host.run(stacks.unmake(part, {})), OK);
	assert.deepEqual([host.state.jails, host.state.mounts], [{}, []]);
});

test('no jail is made where the rules for /dev are missing, or the host refuses a parameter', async (t) => {
	const { host, stacks } = setUp(t);
	host.state.rulesets = [4];
	const vnet = { kind: 'stack', container: ID, spec: spec('vnet') } as const;
	assert.match((await host.run(stacks.make(vnet))).stderr, /no devfs ruleset 5, and without it/);
	const bad = { ...vnet, spec: spec('ipnet', ['allow.nonsense=true']) };
	const { code, stderr } = await host.run(stacks.make(bad));
	assert.deepEqual([code, stderr], [1, 'jail: unknown parameter: allow.nonsense\n']);
	const hooked = { ...vnet, spec: spec('ipnet', ['exec.created=echo no; exit 3']) };
	assert.match((await host.run(stacks.make(hooked))).stderr, /^no\necho no; exit 3: exit code 3\n$/);
	assert.deepEqual([host.state.jails, host.state.mounts], [{}, []]);
});

test('mounts are made once, files need a FreeBSD that can, and volumes lie below our root', async (t) => {
	const { host, sandboxes } = setUp(t);
	const source = join(host.directory, "it's");
	mkdirSync(source);
	writeFileSync(join(host.directory, 'file'), '');
	const nullfs = { type: 'nullfs', source, destination: '/mnt/a b', readOnly: true } as const;
	const volume = { type: 'volume', source: 'data', destination: '/data', readOnly: false } as const;
	mkdirSync(host.paths.volume('data'));
	const part = sandbox(spec('host'), [nullfs, volume]);
	for (const _ of [1, 2]) assert.deepEqual(await host.run(sandboxes.make(part)), OK);
	const root = host.paths.containerRoot(ID);
	const mounts = host.state.mounts.map((one) => [one.source, one.target]);
	const data = [host.paths.volume('data'), `${root}/data`];
	assert.deepEqual(mounts, [['devfs', `${root}/dev`], [source, `${root}/mnt/a b`], data]);
	assert.ok(host.calls().includes(`mount -t nullfs -o ro ${source} ${root}/mnt/a b`));
	const file = { ...nullfs, source: join(host.directory, 'file'), destination: '/etc/motd' };
	const refused = await host.run(sandboxes.make(sandbox(spec('host'), [nullfs, file])));
	assert.match(refused.stderr, /^KLEENE-REFUSAL UNSUPPORTED_HERE\t.*mounts directories only: .*Not a directory\t/);
	assert.deepEqual([host.state.jails, host.state.mounts], [{}, []], 'a sandbox that fails leaves nothing');
	assert.ok(!existsSync(`${root}/etc/motd`));
	host.state.mountsFiles = true;
	assert.deepEqual(await host.run(sandboxes.make(sandbox(spec('host'), [file]))), OK);
	const gone = { ...nullfs, source: '/nosuch/place' };
	host.state.jails = {};
	assert.match(
		(await host.run(sandboxes.make(sandbox(spec('host'), [gone])))).stderr,
		/the host has no \/nosuch.*mkdir -p \/nosuch/,
	);
});

test('a way to a mount that a link of the container is part of is refused', async (t) => {
	const { host, stacks, sandboxes } = setUp(t);
	const outside = join(host.directory, 'outside');
	mkdirSync(outside);
	symlinkSync(outside, join(host.paths.containerRoot(ID), 'home'));
	await host.run(stacks.make({ kind: 'stack', container: ID, spec: spec('ipnet') }));
	for (const destination of ['/home', '/home/user']) {
		const mount = { type: 'nullfs', source: '/tmp', destination, readOnly: false } as const;
		const { code, stderr } = await host.run(sandboxes.make(sandbox(spec('ipnet'), [mount])));
		assert.equal(code, 1);
		assert.match(stderr, new RegExp(`/home is a symbolic link to ${outside}, and the host does not follow links`));
	}
	assert.ok(!existsSync(join(outside, 'user')));
	assert.deepEqual(
		host.state.mounts.map(({ type }) => type),
		['devfs'],
	);
	assert.ok(host.state.jails[ID], 'the jail belongs to the stack');
});

test('the hooks of a jail run once, those of a start when the process is there, and a failing one takes the sandbox back', async (t) => {
	const { host, stacks, sandboxes } = setUp(t);
	const trace = join(host.directory, 'trace');
	const hooks = ['prestart', 'created', 'start', 'poststart', 'prestop', 'stop', 'poststop'];
	const parameters = hooks.map((hook) => `exec.${hook}=echo ${hook} >>${trace}`);
	const of = spec('ipnet', parameters);
	await host.run(stacks.make({ kind: 'stack', container: ID, spec: of }));
	for (const _ of [1, 2]) assert.deepEqual(await host.run(sandboxes.make(sandbox(of))), OK);
	assert.equal(readFileSync(trace, 'utf8'), 'prestart\ncreated\n');
	assert.deepEqual(await host.run(sandboxes.afterStart(ID, of) ?? assert.fail()), OK);
	assert.equal(readFileSync(trace, 'utf8'), 'prestart\ncreated\npoststart\n');
	(host.state.jails[ID] ?? assert.fail()).processes = 1;
	assert.deepEqual(await host.run(sandboxes.unmake(sandbox(of), { grace: 2000 })), OK);
	assert.deepEqual(await host.run(sandboxes.unmake(sandbox(of), { grace: 2000 })), RESTARTED);
	assert.equal(readFileSync(trace, 'utf8').split('\n').slice(3).join(' '), 'prestop stop poststop ');
	assert.ok(!existsSync(host.paths.hooked(ID)));
	const failing = sandbox(spec('host', ['exec.created=echo sorry; exit 4']));
	const { code, stderr } = await host.run(sandboxes.make(failing));
	assert.deepEqual([code, stderr], [1, 'sorry\necho sorry; exit 4: exit code 4\n']);
	assert.deepEqual([host.state.jails, host.state.mounts], [{}, []]);
});

test('the end of a sandbox: asked, killed, interfaces given back, jail removed, everything unmounted', async (t) => {
	const { host, stacks, sandboxes } = setUp(t);
	const part = sandbox(spec('vnet'));
	await host.run(stacks.make({ kind: 'stack', container: ID, spec: part.spec }));
	const root = host.paths.containerRoot(ID);
	const dev = { source: 'devfs', target: `${root}/dev`, type: 'devfs' };
	host.state.mounts.push(dev, { source: '/srv', target: `${root}/srv`, type: 'nullfs' });
	Object.assign(host.state.jails[ID] ?? assert.fail(), { processes: 2, takesTerm: false });
	host.state.interfaces = [
		'epair3a: flags=8943<UP> metric 0 mtu 1500\n\tdescription: kleene:aaaabbbbcccc\n\tether 02:00:00:00:00:0a',
		'epair4a: flags=8943<UP> metric 0 mtu 1500\n\tdescription: kleene:ffffbbbbcccc',
		'kleene0: flags=8843<UP> metric 0 mtu 1500\n\tdescription: kleene:aaaabbbbcccc',
	].join('\n');
	host.calls();
	assert.deepEqual(await host.run(sandboxes.unmake(part, { grace: 300 })), OK);
	const verbs = /^(jexec|pkill|ifconfig e|jail|umount)/;
	assert.deepEqual(
		host.calls().filter((call) => verbs.test(call)),
		[
			'jexec 1 /bin/sh -c /bin/sh /etc/rc.shutdown',
			'pkill -TERM -j 1',
			'pkill -KILL -j 1',
			'ifconfig epair3b -vnet 1',
			'jail -R 1',
			`umount ${root}/srv ${root}/dev ${root}/dev`,
		],
	);
	assert.deepEqual(await host.run(sandboxes.unmake(part, { grace: 300 })), RESTARTED);
});

test('grace 0 kills at once, and what is half gone is no hindrance', async (t) => {
	const { host, stacks, sandboxes } = setUp(t);
	const part = sandbox(spec('ipnet'));
	await host.run(stacks.make({ kind: 'stack', container: ID, spec: part.spec }));
	(host.state.jails[ID] ?? assert.fail()).processes = 1;
	host.calls();
	assert.deepEqual(await host.run(sandboxes.unmake(part, { grace: 0 })), OK);
	assert.deepEqual(
		host.calls().filter((call) => /^(jexec|pkill)/.test(call)),
		['pkill -KILL -j 1'],
	);
	host.state.mounts.push({ source: 'devfs', target: `${host.paths.containerRoot(ID)}/dev`, type: 'devfs' });
	assert.deepEqual(await host.run(sandboxes.unmake(part, {})), RESTARTED);
	assert.deepEqual(host.state.mounts, []);
});

test('observed are jails of ours only, running while a process of them or of a jail in them lives', async (t) => {
	const { host, sandboxes } = setUp(t);
	const jail = (jid: number, id: string, processes: number, path = host.paths.containerRoot(id)) => ({
		[id]: { jid, path, processes, takesTerm: true, words: [] },
	});
	const others = {
		...jail(3, 'web', 1),
		...jail(4, 'ccccddddeeee', 1, '/usr/jails/x'),
		...jail(6, 'bbbbccccdddd.sub', 1, '/y'),
	};
	Object.assign(host.state.jails, jail(1, ID, 0), jail(2, 'bbbbccccdddd', 0), jail(5, 'ddddeeeeffff', 2), others);
	assert.deepEqual(sandboxes.observation.parse((await host.run(sandboxes.observation.script)).stdout), [
		{ container: ID, running: false, pid: 0 },
		{ container: 'bbbbccccdddd', running: true, pid: 2 },
		{ container: 'ddddeeeeffff', running: true, pid: 5 },
	]);
	assert.equal(
		sandboxes.observation.parse('{"__version": "2", "jail-information": {"jail": []}}\n\n\n    0 Is\n').length,
		0,
	);
});

test('settings of a jail that runs are changed by jail -m, and its refusal is told in the words of the original', async (t) => {
	const { sandboxes } = setUp(t);
	const jail = (reply: string) => {
		const folder = mkdtempSync(join(tmpdir(), 'kleene-jail-'));
		t.after(() => rmSync(folder, { recursive: true }));
		const log = join(folder, 'log');
		writeFileSync(join(folder, 'jail'), `#!/bin/sh\nprintf '%s|' "$@" >>${log}\n${reply}\n`, { mode: 0o755 });
		return { log, run: (script: Script) => spawnSync('sh', ['-c', `PATH=${folder}:$PATH; ${script.text}`]) };
	};
	assert.equal(sandboxes.modify(ID, { permissions: [] }), undefined);
	const script = sandboxes.modify(ID, { hostname: 'shop', permissions: ['allow.nosysvipc', 'allow.mlock=1'] })!;
	const good = jail('exit 0');
	assert.equal(good.run(script).status, 0);
	assert.equal(readFileSync(good.log, 'utf8'), `-m|name=${ID}|host.hostname=shop|allow.nosysvipc|allow.mlock=1|`);
	const bad = jail('echo "jail: unknown parameter: allow.x" >&2; exit 3').run(script);
	assert.equal(bad.status, 1);
	const refusal = parseRefusal(String(bad.stderr));
	assert.equal(refusal?.why, 'jail(8) refused them: jail: unknown parameter: allow.x');
	const text = `an error ocurred while updating the container: '/usr/sbin/jail' returned non-zero exitcode 3 when attempting to modify the container 'jail: unknown parameter: allow.x'`;
	assert.equal(refusal?.message, text);
});
