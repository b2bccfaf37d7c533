/** Root in a container against what kleened put into it: it hurts nobody but itself. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { outputOf } from '#test/testbed/command.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;
before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'net');
	// A node of the host, as an administrator may have mounted it into a container.
	await outputOf(['mknod', '-m', '666', `${host.folder}/tun`, 'c', '10', '200']);
});
after(() => host.close());

const DRIVERS: Readonly<Record<string, readonly string[]>> = {
	vnet: ['-l', 'vnet', '-n', 'net'],
	ipnet: ['-l', 'ipnet', '-n', 'net'],
	host: ['-l', 'host'],
	disabled: ['-l', 'disabled'],
};

/** The rules of the runtime in version 2 hierarchies are its own. */
const hasRules = existsSync('/sys/fs/cgroup/devices');

for (const [driver, options] of Object.entries(DRIVERS))
	describe(`in a container with the driver ${driver}`, () => {
		const name = `in-${driver}`;
		before(async () => {
			const mount = ['-m', `${host.folder}:/given`];
			await host.kleeOutput('run', '-d', '--name', name, ...options, ...mount, host.image, 'sleep', '600');
		});
		after(() => host.kleeOutput('rmc', '-f', name));
		const sh = (script: string) => host.klee('exec', name, 'sh', '-c', script);

		test('device nodes are not made', async () => {
			const { stderr, code } = await sh('mknod /dev/tun c 10 200');
			assert.notEqual(code, 0);
			assert.match(stderr, /Operation not permitted/);
		});

		test('a tunnel is for vnet alone', { skip: !hasRules }, async () => {
			const { stdout, stderr, code } = await sh('exec 3<>/given/tun && echo opened');
			if (driver === 'vnet') assert.match(stdout, /opened/, stderr);
			else {
				assert.notEqual(code, 0);
				assert.match(stderr, /Operation not permitted/);
			}
		});
	});

/** What root does to the file by which its init tells of the first process. */
const ATTACKS: Readonly<Record<string, string>> = {
	emptied: ': >/dev/.kleene/status',
	removed: 'rm -rf /dev/.kleene/status /dev/.kleene',
	directory: 'rm -rf /dev/.kleene/status; mkdir -p /dev/.kleene/status/x',
	fifo: 'rm -f /dev/.kleene/status; mkfifo /dev/.kleene/status',
	link: 'ln -sf /etc/passwd /dev/.kleene/status',
	filled: 'head -c 20000000 /dev/zero >/dev/.kleene/status; chmod 0 /dev/.kleene/status',
	forged: 'printf "1\\n7\\n" >/dev/.kleene/status',
	immutable: 'chattr +i /dev/.kleene/status /dev/.kleene/init',
	moved: 'mv /dev/.kleene /dev/.other',
};

for (const driver of ['vnet', 'ipnet'])
	test(`whatever becomes of its status, a ${driver} container goes on when the daemon starts, and ends as any other`, async () => {
		interface Listed {
			readonly id: string;
			readonly name: string;
			readonly jid: number;
		}
		const names = Object.keys(ATTACKS);
		for (const name of names)
			await host.kleeOutput('run', '-d', '--name', name, ...DRIVERS[driver]!, host.image, 'sleep', '600');
		for (const [name, script] of Object.entries(ATTACKS)) await host.klee('exec', name, 'sh', '-c', script);
		const before = await host.kleeJson<Listed[]>('lsc');
		await host.stopDaemon('SIGKILL');
		await host.startDaemon();
		assert.deepEqual(await host.kleeJson<Listed[]>('lsc'), before, 'the same processes');
		for (const name of names) {
			const { code } = await host.klee('exec', name, 'sh', '-c', 'exit 4');
			// There is nothing left to run a process with: so much it can do to itself.
			assert.equal(code, name === 'moved' ? 125 : 4, name);
			await host.kleeOutput('stop', name);
			const { container } = JSON.parse(await host.kleeOutput('container', 'inspect', name));
			assert.deepEqual([container.end.exit_code, container.end.reason], [143, 'stopped'], name);
			assert.equal(existsSync(`${host.root}/containers/${container.id}/bundle`), false, name);
		}
		await host.kleeOutput('rmc', ...names);
	});
