/** Jail parameters of a container that runs: changed at once, or said to come with the next start. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { OriginalClient } from '#test/testbed/original-client.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
});
after(() => host.close());

const inside = (name: string, ...words: string[]) => host.klee('exec', name, ...words);

async function pendingOf(name: string): Promise<readonly string[]> {
	const { container } = JSON.parse(await host.kleeOutput('container', 'inspect', name)) as {
		container: { pending: string[] };
	};
	return container.pending;
}

for (const driver of ['host', 'vnet'] as const)
	test(`the host name of a ${driver} container changes while it runs, and stays over restarts`, async () => {
		const network = driver === 'vnet' ? ['-n', 'testnet'] : [];
		await host.kleeOutput('run', '-d', '-l', driver, ...network, '--name', driver, 'Debian', 'sleep', '600');
		const updated = await host.klee('container', 'update', '-J', 'host.hostname=shop', driver);
		assert.equal(updated.stderr, '');
		assert.equal((await inside(driver, 'hostname')).stdout, 'shop\n');
		assert.deepEqual(await pendingOf(driver), []);
		await host.stopDaemon('SIGKILL');
		await host.startDaemon();
		assert.deepEqual(await pendingOf(driver), []);
		assert.equal((await inside(driver, 'hostname')).stdout, 'shop\n');
		await host.kleeOutput('restart', driver);
		assert.equal((await inside(driver, 'hostname')).stdout, 'shop\n');
		assert.doesNotMatch(host.log, /with other spec/);
	});

test('a parameter that needs a start is said to wait for it, in the answer and in inspect', async () => {
	await host.kleeOutput('run', '-d', '--name', 'web', 'Debian', 'sleep', '600');
	const words = ['container', 'update', '-J', 'allow.nosysvipc', '-J', 'host.hostname=two', '-e', 'A=b', 'web'];
	const { stdout, stderr } = await host.klee(...words);
	assert.match(stdout, /^[0-9a-f]{12}\n$/);
	assert.equal(stderr, 'web runs: env, jail parameters at its next start\n');
	assert.equal((await inside('web', 'hostname')).stdout, 'two\n', 'what can change has changed');
	assert.deepEqual(await pendingOf('web'), ['jail_param']);
	await host.kleeOutput('restart', 'web');
	assert.deepEqual(await pendingOf('web'), []);
	await host.kleeOutput('container', 'update', '-J', 'allow.nosysvipc', '-J', 'host.hostname=three', 'web');
	await host.kleeOutput('stop', '--time', '0', 'web');
	assert.equal((await host.klee('container', 'update', '-J', 'allow.sysvipc', 'web')).stderr, '', 'nothing waits');
	assert.deepEqual(await pendingOf('web'), []);
	const client = new OriginalClient(host.socket);
	const { status, text } = await client.call('POST /containers/web/update', { jail_param: [], env: [] });
	assert.deepEqual([status, Object.keys(JSON.parse(text))], [201, ['id']]);
});
