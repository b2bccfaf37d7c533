/** What jail parameters come to: commands that go along with a container, and what its processes may not. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;
/** Where commands on the host write what they did, by line. */
let notes: string;

before(async () => {
	host = await startHostWithImage();
	mkdirSync(join(host.folder, 'notes'));
	notes = join(host.folder, 'notes/all');
});
afterEach(async () => {
	await host.removeContainers();
	rmSync(notes, { force: true });
});
after(() => host.close());

const parameters = (...texts: readonly string[]) => texts.flatMap((text) => ['-J', text]);
const shell = (script: string) => ['Debian', '/bin/sh', '-c', script];
const noted = () => (existsSync(notes) ? readFileSync(notes, 'utf8').trimEnd().split('\n') : []);
const note = (text: string) => `echo ${text} >>${notes}`;
const isRunning = async () => (await host.kleeJson<unknown[]>('lsc')).length > 0;

describe('commands inside', () => {
	test('exec.start runs in order as root before the command, in its session, and the command as its user', async () => {
		const start = parameters('exec.start=id -un; echo $HOME >/first', 'exec.start=cat /first >&2; cat');
		const words = ['run', '-i', '-u', 'nobody', '-e', 'A=1', ...start, ...shell('id -un; cat; echo $A')];
		const { stdout, stderr, code } = await host.kleeWith({ input: 'typed\n' }, ...words);
		assert.equal(code, 0, stdout + stderr);
		assert.equal(stdout, 'root\nnobody\ntyped\n1\n', 'the input is for the command');
		assert.match(stderr, /\n\/root\n\n/);
	});

	test('the command keeps its terminal and its exit code', async () => {
		// conmon sets the size when it comes to it, and tells the process by SIGWINCH.
		const sized = 'until [ "$(stty size)" != "0 0" ]; do sleep 0.05; done';
		const command = shell(`tty; ${sized}; stty size; exit 7`);
		const words = ['run', '-it', ...parameters('exec.start=[ -t 1 ] && ! tty'), ...command];
		const talk = host.converse(words, { rows: 33, columns: 101 });
		await talk.until(/not a tty\r*\n\/dev\/pts\/0\r*\n33 101\r*\n/);
		assert.equal((await talk.ended).code, 7);
	});

	test('an exec.start that fails is named, and nothing after it runs', async () => {
		const start = parameters('exec.start=exit 3', 'exec.start=echo never');
		const { stdout, stderr, code } = await host.klee('run', ...start, ...shell('echo never'));
		assert.equal(code, 3);
		assert.doesNotMatch(stdout, /never/);
		assert.match(stderr, /\nexec\.start: exit 3: failed with exit code 3\n/);
		assert.equal(await isRunning(), false);
	});

	test('exec.jail_user is who they run as, in an image that has this user', async () => {
		const start = parameters('exec.jail_user=nobody', 'exec.start=id -un');
		assert.match(await host.kleeOutput('run', ...start, ...shell('id -un')), /^nobody\nnobody$/);
	});

	test('exec.stop runs before the processes are asked to end, and a stop that gives them no time leaves it out', async () => {
		const script = 'trap "echo TERM >>/tmp/log; exit" TERM; touch /tmp/up; while :; do sleep 0.1; done';
		const stop = parameters('exec.stop=echo stop1 >>/tmp/log', 'exec.stop=exit 1', 'exec.stop=echo never >>/tmp/log');
		await host.kleeOutput('run', '-d', '--name', 'stopped', ...stop, ...shell(script));
		const upper = await upperOf('stopped');
		// The start is answered before the shell has read its first word.
		await eventually('the trap is set', () => existsSync(join(upper, 'tmp/up')));
		await host.kleeOutput('stop', 'stopped');
		assert.equal(
			readFileSync(join(upper, 'tmp/log'), 'utf8'),
			'stop1\nTERM\n',
			'one that fails does not keep the container',
		);
		assert.match(host.log, /exec\.stop.*exit 1.*ended with exit code 1/);
		await host.kleeOutput('start', '-d', 'stopped');
		await host.kleeOutput('stop', '-t', '0', 'stopped');
		assert.equal(readFileSync(join(upper, 'tmp/log'), 'utf8'), 'stop1\nTERM\n');
	});

	test('an exec.stop that does not end is ended by exec.timeout', async () => {
		const stop = parameters('exec.stop=sleep 600', 'exec.timeout=1');
		await host.kleeOutput('run', '-d', '--name', 'slow', ...stop, 'Debian', 'sleep', '600');
		const start = Date.now();
		await host.kleeOutput('stop', 'slow');
		assert.ok(Date.now() - start < 8000);
		assert.deepEqual(await host.lastingLeftovers(), []);
	});

	/** Where the files are that a container has written. */
	async function upperOf(name: string): Promise<string> {
		const { container } = await host.kleeJson<{ container: { dataset: string } }>('isc', name);
		return join(host.root, container.dataset, 'upper');
	}
});

describe('commands on the host', () => {
	test('are refused by a daemon that does not allow them, which says how to', async () => {
		for (const stage of ['prestart', 'poststart', 'prestop', 'poststop']) {
			const { stderr, code } = await host.klee('create', ...parameters(`exec.${stage}=${note('no')}`), 'Debian');
			assert.notEqual(code, 0);
			assert.match(stderr, new RegExp(`exec\\.${stage}`));
			assert.match(stderr, /--allow-host-hooks.*allow_host_hooks: true/);
		}
		assert.deepEqual(await host.kleeJson('lsc', '-a'), []);
		await host.kleeOutput('create', '--name', 'plain', 'Debian');
		const update = await host.klee('container', 'update', ...parameters('exec.prestop=true'), 'plain');
		assert.match(update.stderr, /NOT_ALLOWED|does not allow/);
	});

	describe('with --allow-host-hooks', () => {
		const restart = async (...options: string[]) => {
			await host.stopDaemon();
			await host.startDaemon(...options);
		};
		before(() => restart('--allow-host-hooks'));
		after(() => restart());

		const all = () =>
			parameters(
				...['prestart', 'poststart', 'prestop', 'poststop'].map((stage) => `exec.${stage}=${note(stage)}`),
				`exec.prestart=${note('second $KLEENE_CONTAINER')}`,
			);

		test('all run in the order of jail(8), on the host and in its network', async () => {
			const network = `ip netns identify $$ | sed s/^/in:/ >>${notes}; stat -Lc %i /proc/self/ns/net >>${notes}`;
			const words = [
				'run',
				'-d',
				'--name',
				'hooked',
				...all(),
				...parameters('exec.start=sleep 0.5; echo start >/tmp/x'),
			];
			const id = await host.kleeOutput(...words, ...parameters(`exec.poststart=${network}`), 'Debian', 'sleep', '600');
			const inode = await host.insideOutput('stat', '-Lc', '%i', '/proc/self/ns/net');
			const begun = ['prestart', `second ${id}`, 'poststart', `in:${host.namespace}`, inode.trim()];
			assert.deepEqual(noted(), begun);
			assert.equal(await host.kleeOutput('exec', 'hooked', 'cat', '/tmp/x'), 'start');
			await host.kleeOutput('stop', 'hooked');
			assert.deepEqual(noted().slice(begun.length), ['prestop', 'poststop']);
		});

		test('a container that ends by itself has its poststop, and no prestop', async () => {
			const { code } = await host.klee('run', ...all(), ...shell('exit 4'));
			assert.equal(code, 4);
			assert.deepEqual([noted().at(-2), noted().at(-1)], ['poststart', 'poststop']);
		});

		test('a prestart that fails stops the start, says why, and leaves nothing', async () => {
			await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'net');
			// Names alone: whether a bridge has a carrier, the kernel says some time later.
			const links = async () => (await host.interfaces()).map(({ name }) => name);
			const before = await links();
			const failing = parameters('exec.prestart=echo the reason >&2; exit 9', `exec.poststop=${note('poststop')}`);
			const { stdout, stderr, code } = await host.klee('run', '-l', 'vnet', '-n', 'net', ...failing, 'Debian', 'true');
			assert.notEqual(code, 0);
			assert.match(stdout + stderr, /exec\.prestart/);
			assert.match(stdout + stderr, /exit code 9: the reason/);
			assert.equal(await isRunning(), false);
			assert.deepEqual(await links(), before);
			assert.deepEqual(await host.lastingLeftovers(), []);
			assert.deepEqual(noted(), ['poststop']);
			await host.removeContainers();
			await host.kleeOutput('rmn', 'net');
		});

		test('a poststart that fails, or does not end in time, ends the container', async () => {
			for (const bad of ['false', 'sleep 60']) {
				const words = ['run', '-d', ...all(), ...parameters('exec.timeout=1', `exec.poststart=${bad}`)];
				const { stdout, stderr, code } = await host.klee(...words, 'Debian', 'sleep', '600');
				assert.notEqual(code, 0);
				assert.match(stdout + stderr, /exec\.poststart/);
				assert.equal(await isRunning(), false);
				assert.deepEqual(await host.lastingLeftovers(), []);
				assert.equal(noted().at(-1), 'poststop');
			}
		});

		test('a failed exec.start has no poststart', async () => {
			const { code } = await host.klee('run', ...all(), ...parameters('exec.start=exit 5'), 'Debian', 'true');
			assert.equal(code, 5);
			assert.ok(!noted().includes('poststart'));
			assert.equal(noted().at(-1), 'poststop');
		});

		test('a daemon that dies in a prestart undoes the start; one that dies later still ends what it began', async () => {
			const gate = join(host.folder, 'gate');
			const wait = parameters(`exec.prestart=${note('begun')}; until [ -e ${gate} ]; do sleep 0.1; done`);
			const dying = host.klee('run', ...wait, `-J`, `exec.poststop=${note('over')}`, 'Debian', 'sleep', '600');
			await eventually('the hook runs', () => noted().includes('begun'));
			await host.stopDaemon('SIGKILL');
			assert.notEqual((await dying).code, 0);
			writeFileSync(gate, '');
			await host.startDaemon('--allow-host-hooks');
			assert.deepEqual(await host.kleeJson('lsc', '-a'), [], 'of a run nothing is left');
			assert.deepEqual(noted(), ['begun', 'over']);
			await host.kleeOutput('run', '-d', '--name', 'going', ...all(), 'Debian', 'sleep', '600');
			await host.stopDaemon('SIGKILL');
			await host.startDaemon('--allow-host-hooks');
			assert.equal(await isRunning(), true);
			await host.kleeOutput('stop', 'going');
			assert.deepEqual(noted().slice(-3), ['poststart', 'prestop', 'poststop']);
		});
	});
});

describe('what processes may', () => {
	const run = async (options: readonly string[], script: string) => {
		const { stdout, stderr } = await host.klee('run', ...options, ...shell(script));
		return `\n${stdout}${stderr}`;
	};

	/** Seconds that are never waited for where a port is refused as it is to be. */
	const REFUSED = 5;

	test('allow.reserved_ports=false refuses ports below 1024 to root, and no others', async () => {
		// Bound it waits, and is ended with 124.
		const listen = (port: number, seconds = 0.3) => `timeout ${seconds} nc -l ${port}; echo "${port}: $?"`;
		const script = `${listen(80)}; ${listen(8080)}`;
		// A refusal ends it by itself, given the time to begin.
		const refused = `${listen(80, REFUSED)}; ${listen(8080)}`;
		for (const driver of ['disabled', 'vnet', 'ipnet']) {
			assert.match(await run(['-l', driver], script), /\n80: 124\n8080: 124\n/, driver);
			const denied = await run(['-l', driver, ...parameters('allow.reserved_ports=false')], refused);
			assert.match(denied, /\n80: 1\n8080: 124\n/, driver);
			assert.match(denied, /nc: Permission denied/);
		}
	});

	test('on the network of the host that depends on the host, and is refused where everybody may have them', async () => {
		const denied = ['-l', 'host', ...parameters('allow.reserved_ports=false')];
		assert.match(await run(denied, `timeout ${REFUSED} nc -l 80; echo "80: $?"`), /\n80: 1\n/);
		await host.insideOutput('sysctl', '-w', 'net.ipv4.ip_unprivileged_port_start=80');
		assert.match(await run(denied, 'true'), /lets every user bind ports from 80 on/);
		await host.insideOutput('sysctl', '-w', 'net.ipv4.ip_unprivileged_port_start=1024');
		assert.deepEqual(await host.lastingLeftovers(), []);
	});

	test('allow.sysvipc=false refuses System V IPC', async () => {
		const script = 'ipcmk -M 4096; ipcmk -Q; ipcmk -S 1';
		assert.match(await run([], script), /Shared memory id: 0\nMessage queue id: 0\nSemaphore id: 0\n/);
		const denied = await run(parameters('allow.nosysvipc'), script);
		assert.equal(denied.match(/Operation not permitted/g)?.length, 3, denied);
		assert.doesNotMatch(denied, / id: /);
	});

	test('allow.mlock=false leaves no memory to lock, to processes of klee exec neither', async () => {
		assert.match(await run(parameters('allow.mlock=false'), 'ulimit -l; ulimit -l 64'), /\n0\n.*not permitted/s);
		await host.kleeOutput('run', '-d', '--name', 'locked', ...parameters('allow.nomlock'), 'Debian', 'sleep', '600');
		assert.match(await host.kleeOutput('exec', 'locked', '/bin/sh', '-c', 'ulimit -l'), /^0$/);
	});

	test('raw sockets can be kept from a vnet container', async () => {
		const script = 'grep CapEff /proc/self/status';
		const bits = async (...texts: string[]) =>
			BigInt(`0x${/CapEff:\s+(\w+)/.exec(await run(['-l', 'vnet', ...parameters(...texts)], script))?.[1]}`);
		const both = 0x3000n;
		assert.equal((await bits()) & both, both);
		assert.equal((await bits('allow.raw_sockets=false')) & both, 0x1000n);
	});

	test('host.hostname and host.domainname are what a container calls itself', async () => {
		const named = parameters('host.hostname=web', 'host.domainname=lab.example');
		assert.match(await run(named, 'hostname; cat /proc/sys/kernel/domainname'), /\nweb\nlab\.example\n/);
	});

	test('exec.clean=false lets the environment of the daemon through, below what was asked for', async () => {
		const script = 'echo "<$KLEE_HOST|$TERM|$A>"; env | wc -l';
		const clean = await run(['-e', 'A=1'], script);
		const all = await run(['-e', 'A=1', '-e', 'TERM=mine', ...parameters('exec.noclean')], script);
		const count = (text: string) => Number(/\n(\d+)\n/.exec(text)?.[1]);
		assert.match(all, /\|mine\|1>/);
		assert.ok(count(all) > count(clean), `${clean}${all}`);
	});

	test('what cannot be had here is refused by name', async () => {
		for (const parameter of ['allow.set_hostname', 'children.max=1', 'allow.raw_socket']) {
			const { stderr, code } = await host.klee('create', '-J', parameter, 'Debian');
			assert.notEqual(code, 0);
			assert.ok(stderr.includes(parameter), stderr);
		}
	});
});
