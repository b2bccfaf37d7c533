/** The daemon may die at any moment: containers never notice, and the next daemon knows them. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { startHostWithImage } from '../host/base-image.ts';
import type { TestHost } from '../host/test-host.ts';

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

async function eventually(holds: () => Promise<boolean>): Promise<void> {
	for (let tries = 0; tries < 80; tries += 1) {
		if (await holds()) return;
		await new Promise((resolve) => setTimeout(resolve, 100));
	}
	assert.fail('it did not come true within 8 seconds');
}

describe('two running containers', () => {
	after(() => host.removeContainers());

	test('containers go on while no daemon runs, and the next one adopts them', async () => {
		await host.kleeOutput('run', '-d', '-l', 'vnet', '-n', 'testnet', '--ip', '10.4.6.2', '--name', 'one', 'Debian');
		const second = ['-l', 'ipnet', '-J', 'allow.raw_sockets', '-n', 'testnet', '--ip', '10.4.6.3', '--name', 'two'];
		await host.kleeOutput('run', '-d', ...second, 'Debian', 'sleep', '600');
		const before = await listed();
		const links = await host.insideOutput('ip', '-o', 'link');

		await host.stopDaemon('SIGKILL');
		assert.equal((await host.klee('lsc')).code, 1);
		for (const address of ['10.4.6.2', '10.4.6.3'])
			assert.match((await host.inside('ping', '-c', '1', '-W', '2', address)).stdout, /1 received/);
		await host.startDaemon();

		assert.deepEqual(await listed(), before, 'same containers, same process ids');
		assert.equal(await host.insideOutput('ip', '-o', 'link'), links, 'same epairs, same indexes');
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
		assert.deepEqual(host.leftovers(), []);
		await host.kleeOutput('start', '-d', 'one');
		assert.match(await host.kleeOutput('exec', 'one', 'ip', '-o', 'address'), /epair0b +inet 10\.4\.6\.2\/24/);
		await host.kleeOutput('stop', 'one');
	});
});

describe('the end of a container, and of the daemon', () => {
	afterEach(() => host.removeContainers());

	test('a container that ends while no daemon runs is cleared away at the next start', async () => {
		await host.kleeOutput('run', '-d', '-l', 'vnet', '-n', 'testnet', '--name', 'brief', 'Debian', 'sleep', '1');
		await host.stopDaemon('SIGKILL');
		await new Promise((resolve) => setTimeout(resolve, 1600));
		await host.startDaemon();
		assert.equal((await listed()).find(({ name }) => name === 'brief')?.running, false);
		assert.doesNotMatch(await host.insideOutput('ip', '-o', 'link'), /epair/);
		assert.deepEqual(host.leftovers(), []);
	});

	test('a container that ends after the restart is cleared away too', async () => {
		await host.kleeOutput('run', '-d', '-l', 'vnet', '-n', 'testnet', '--name', 'later', 'Debian', 'sleep', '5');
		await host.stopDaemon('SIGKILL');
		await host.startDaemon();
		assert.equal((await listed()).find(({ name }) => name === 'later')?.running, true);
		await eventually(async () => (await listed()).find(({ name }) => name === 'later')?.running === false);
		assert.doesNotMatch(await host.insideOutput('ip', '-o', 'link'), /epair/);
		assert.deepEqual(host.leftovers(), []);
	});

	test('SIGTERM ends the daemon with code 0 and leaves containers alone', async () => {
		await host.kleeOutput('run', '-d', '--name', 'kept', 'Debian', 'sleep', '600');
		assert.equal(await host.stopDaemon('SIGTERM'), 0);
		assert.equal(host.leftovers().filter((line) => /^\+ process: \d+ sleep 600$/.test(line)).length, 1);
		await host.startDaemon();
		assert.equal((await listed()).find(({ name }) => name === 'kept')?.running, true);
	});

	test('on-startup containers are started, and running ones not a second time', async () => {
		const script = 'echo start >>/root/starts; sleep 600';
		await host.kleeOutput('create', '--restart', 'on-startup', '--name', 'boot', 'Debian', '/bin/sh', '-c', script);
		for (let restart = 0; restart < 2; restart += 1) {
			await host.stopDaemon('SIGKILL');
			await host.startDaemon();
			await eventually(async () => (await listed()).find(({ name }) => name === 'boot')?.running === true);
		}
		const starts = await host.kleeOutput('exec', 'boot', 'cat', '/root/starts');
		assert.equal(starts.match(/^start$/gm)?.length, 1);
	});

	test('killed in the middle of its work, the daemon leaves nothing behind', { timeout: 120_000 }, async () => {
		for (const delay of [5, 15, 30, 45, 60, 90]) {
			const busy = host.klee('run', '-l', 'vnet', '-n', 'testnet', 'Debian', 'true');
			const network = host.klee('network', 'create', '-t', 'bridge', '--subnet', '10.7.0.0/24', 'half');
			// klee itself takes some 50 ms to start.
			await new Promise((resolve) => setTimeout(resolve, 40 + delay));
			await host.stopDaemon('SIGKILL');
			await Promise.all([busy, network]);
			await host.startDaemon();
			await eventually(async () => (await host.kleeJson<Listed[]>('lsc')).length === 0);
			assert.doesNotMatch(await host.insideOutput('ip', '-o', 'link'), /epair/, `killed after ${delay} ms`);
			const bridges = (await host.insideOutput('ip', '-o', 'link', 'show', 'type', 'bridge')).trim().split('\n').length;
			assert.equal(bridges, (await host.kleeJson<unknown[]>('lsn')).length);
			assert.deepEqual(host.leftovers(), [], `killed after ${delay} ms`);
			await host.klee('rmn', 'half');
		}
	});
});
