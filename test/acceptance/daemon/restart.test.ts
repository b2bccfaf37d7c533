/** The daemon may die at any moment: containers never notice, and the next daemon knows them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { snapshotOfNetwork } from '#test/testbed/snapshot.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
});
after(() => host.close());

interface Listed {
	readonly id: string;
	readonly name: string;
	readonly running: boolean;
	readonly jid: number | null;
}

const listed = () => host.kleeJson<Listed[]>('lsc', '-a');
const find = async (wanted: string) => (await listed()).find(({ name }) => name === wanted);
/** Without their operational state, which the kernel may tell some time later. */
const links = async () => (await snapshotOfNetwork(host.namespace)).get('link');

/** A container that ends by itself, but no sooner than its gate is opened. */
async function runGated(name: string): Promise<{ open(): void }> {
	const script = 'until [ -e /tmp/gate ]; do sleep 0.1; done';
	await host.kleeOutput('run', '-d', '-l', 'vnet', '-n', 'testnet', '--name', name, 'Debian', '/bin/sh', '-c', script);
	const jid = (await find(name))?.jid;
	// Needs no daemon.
	return { open: () => writeFileSync(`/proc/${jid}/root/tmp/gate`, '') };
}

describe('two running containers', () => {
	after(() => host.removeContainers());

	test('containers go on while no daemon runs, and the next one adopts them', async () => {
		await host.kleeOutput('run', '-d', '-l', 'vnet', '-n', 'testnet', '--ip', '10.4.6.2', '--name', 'one', 'Debian');
		const second = ['-l', 'ipnet', '-J', 'allow.raw_sockets', '-n', 'testnet', '--ip', '10.4.6.3', '--name', 'two'];
		await host.kleeOutput('run', '-d', ...second, 'Debian', 'sleep', '600');
		const before = await listed();
		const cables = await links();

		await host.stopDaemon('SIGKILL');
		assert.equal((await host.klee('lsc')).code, 1);
		for (const address of ['10.4.6.2', '10.4.6.3'])
			assert.match((await host.inside('ping', '-c', '1', '-W', '2', address)).stdout, /1 received/);
		await host.startDaemon();

		assert.deepEqual(await listed(), before, 'same containers, same process ids');
		assert.deepEqual(await links(), cables, 'same epairs, same indexes');
		assert.match(await host.kleeOutput('exec', 'one', 'ping', '-c', '1', '10.4.6.3'), /1 received/);
		assert.match(await host.kleeOutput('exec', 'two', 'ping', '-c', '1', '10.4.6.2'), /1 received/);
	});

	test('a new container gets a free epair and a free address beside the adopted ones', async () => {
		const { stdout, code } = await host.klee('run', '-l', 'vnet', '-n', 'testnet', 'Debian', 'ifconfig');
		assert.equal(code, 0, stdout);
		assert.match(stdout, /inet 10\.4\.6\.4 /);
	});

	test('adopted containers can be disconnected, stopped and started again', async () => {
		await host.kleeOutput('network', 'disconnect', 'testnet', 'two');
		await host.kleeOutput('stop', 'one', 'two');
		assert.doesNotMatch(await host.insideOutput('ip', '-o', 'link'), /epair/);
		assert.deepEqual(await host.lastingLeftovers(), []);
		await host.kleeOutput('start', '-d', 'one');
		assert.match(await host.kleeOutput('exec', 'one', 'ip', '-o', 'address'), /epair0b +inet 10\.4\.6\.2\/24/);
		await host.kleeOutput('stop', 'one');
	});
});

describe('the end of a container, and of the daemon', () => {
	afterEach(() => host.removeContainers());

	test('a container that ends while no daemon runs is cleared away at the next start', async () => {
		const gate = await runGated('brief');
		await host.stopDaemon('SIGKILL');
		gate.open();
		const processes = () => host.leftovers().filter((line) => line.startsWith('+ process'));
		await eventually('the container has ended', () => processes().length === 0);
		await host.startDaemon();
		assert.equal((await find('brief'))?.running, false);
		assert.doesNotMatch(await host.insideOutput('ip', '-o', 'link'), /epair/);
		assert.deepEqual(await host.lastingLeftovers(), []);
	});

	test('a container that ends after the restart is cleared away too', async () => {
		const gate = await runGated('later');
		await host.stopDaemon('SIGKILL');
		await host.startDaemon();
		assert.equal((await find('later'))?.running, true);
		gate.open();
		await eventually('the container has ended', async () => (await find('later'))?.running === false, { every: 100 });
		assert.doesNotMatch(await host.insideOutput('ip', '-o', 'link'), /epair/);
		assert.deepEqual(await host.lastingLeftovers(), []);
	});

	test('SIGTERM ends the daemon with code 0 and leaves containers alone', async () => {
		await host.kleeOutput('run', '-d', '--name', 'kept', 'Debian', 'sleep', '600');
		assert.equal(await host.stopDaemon('SIGTERM'), 0);
		const sleepers = () => host.leftovers().filter((line) => /^\+ process: \d+ sleep 600$/.test(line));
		await eventually('the command runs', () => sleepers().length === 1);
		await host.startDaemon();
		assert.equal((await find('kept'))?.running, true);
	});

	test('on-startup containers are started, and running ones not a second time', async () => {
		const script = 'echo start >>/root/starts; sleep 600';
		await host.kleeOutput('create', '--restart', 'on-startup', '--name', 'boot', 'Debian', '/bin/sh', '-c', script);
		for (let restart = 0; restart < 2; restart += 1) {
			await host.stopDaemon('SIGKILL');
			await host.startDaemon();
			await eventually('it is started', async () => (await find('boot'))?.running === true, { every: 100 });
		}
		const read = 'until [ -s /root/starts ]; do sleep 0.1; done; cat /root/starts';
		const starts = await host.kleeOutput('exec', 'boot', '/bin/sh', '-c', read);
		assert.equal(starts.match(/^start$/gm)?.length, 1);
	});

	test('killed in the middle of its work, the daemon leaves nothing behind', { timeout: 240_000 }, async () => {
		for (const delay of [5, 15, 30, 45, 60, 90]) {
			const busy = host.klee('run', '-l', 'vnet', '-n', 'testnet', 'Debian', 'true');
			const network = host.klee('network', 'create', '-t', 'bridge', '--subnet', '10.7.0.0/24', 'half');
			await new Promise((resolve) => setTimeout(resolve, delay));
			await host.stopDaemon('SIGKILL');
			await Promise.all([busy, network]);
			await host.startDaemon();
			const running = () => host.kleeJson<Listed[]>('lsc');
			await eventually('nothing runs', async () => (await running()).length === 0, { every: 100 });
			assert.doesNotMatch(await host.insideOutput('ip', '-o', 'link'), /epair/, `killed after ${delay} ms`);
			const bridges = (await host.insideOutput('ip', '-o', 'link', 'show', 'type', 'bridge')).trim().split('\n').length;
			assert.equal(bridges, (await host.kleeJson<unknown[]>('lsn')).length);
			assert.deepEqual(await host.lastingLeftovers(), [], `killed after ${delay} ms`);
			await host.klee('rmn', 'half');
		}
	});
});
