/** Containers find each other by name and by alias, asked for the way programs ask: through the C library. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	const create = ['network', 'create', '-t', 'bridge'];
	await host.kleeOutput(...create, '--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64', 'net');
	await host.kleeOutput(...create, '--subnet', '10.4.7.0/24', 'other');
});
afterEach(() => host.removeContainers());
after(() => host.close());

async function member(name: string, driver: 'vnet' | 'ipnet', network: string, ...options: readonly string[]) {
	const words = ['run', '-d', '--name', name, '-l', driver, '-n', network, ...options];
	await host.kleeOutput(...words, 'Debian', 'sleep', '3600');
}

/** Addresses of a name, as a container has them, in the order of the answer. */
async function addresses(container: string, name: string, family: 4 | 6 = 4): Promise<string[]> {
	const { stdout } = await host.klee('exec', container, 'getent', `ahostsv${family}`, name);
	return [...stdout.matchAll(/^(\S+)\s+STREAM/gm)].map(([, address]) => address!);
}

test('several containers share an alias on their network, in both families, and others do not know it', async () => {
	await member('asks', 'vnet', 'net', '--ip', '10.4.6.10');
	await member(
		'one',
		'vnet',
		'net',
		'--ip',
		'10.4.6.11',
		'--ip6',
		'fd00:4:6::11',
		'--alias',
		'db',
		'--alias',
		'One-DB',
	);
	await member('two', 'ipnet', 'net', '--ip', '10.4.6.12', '--ip6', 'fd00:4:6::12', '--alias', 'db');
	await member('away', 'vnet', 'other');
	assert.deepEqual((await addresses('asks', 'db')).sort(), ['10.4.6.11', '10.4.6.12']);
	assert.deepEqual((await addresses('two', 'db.kleene', 6)).sort(), ['fd00:4:6::11', 'fd00:4:6::12']);
	assert.deepEqual(await addresses('asks', 'one-db'), ['10.4.6.11']);
	assert.deepEqual(await addresses('asks', 'one'), ['10.4.6.11']);
	assert.deepEqual(await addresses('away', 'db'), []);
	assert.match(await host.kleeOutput('exec', 'asks', 'getent', 'hosts', '10.4.6.12'), /^10\.4\.6\.12 +two\.kleene$/m);
	assert.match(await host.kleeOutput('exec', 'asks', 'ping', '-c', '1', '-W', '2', 'one-db'), /1 received/);
	const { container_endpoints } = await host.kleeJson<{ container_endpoints: { aliases: string[] }[] }>('isc', 'one');
	assert.deepEqual(container_endpoints[0]?.aliases, ['db', 'one-db']);
	await host.kleeOutput('stop', 'one');
	assert.deepEqual(await addresses('asks', 'db'), ['10.4.6.12'], 'one that stopped is not answered');
});

test('an alias comes and goes with a connection while both run, and outlives the daemon', async () => {
	await member('asks', 'vnet', 'net');
	await member('late', 'vnet', 'other');
	assert.deepEqual(await addresses('asks', 'queue'), []);
	await host.kleeOutput('network', 'connect', '--ip', '10.4.6.20', '--alias', 'queue', 'net', 'late');
	assert.deepEqual(await addresses('asks', 'queue'), ['10.4.6.20']);
	await host.stopDaemon('SIGKILL');
	await host.startDaemon();
	assert.deepEqual(await addresses('asks', 'queue'), ['10.4.6.20']);
	await host.kleeOutput('network', 'disconnect', 'net', 'late');
	assert.deepEqual(await addresses('asks', 'queue'), []);
});

test('an alias that is no name is refused, and without a network it is said to count for nothing', async () => {
	await host.kleeOutput('create', '--name', 'idle', '-l', 'vnet', 'Debian');
	for (const bad of ['a.b', '-x', '10', 'a_b']) {
		const { stderr, code } = await host.klee('network', 'connect', `--alias=${bad}`, 'net', 'idle');
		assert.notEqual(code, 0);
		assert.ok(stderr.includes(`'${bad}' as an alias`), stderr);
	}
	assert.match((await host.klee('create', '--alias', 'db', 'Debian')).stderr, /--alias count with --network only/);
});
