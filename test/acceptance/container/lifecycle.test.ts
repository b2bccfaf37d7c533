/** Every command of the list, with its options, as a user meets it. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { difference, snapshotOfNetwork } from '#test/testbed/snapshot.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

const ID = /^[0-9a-f]{12}$/;
let host: TestHost;

before(async () => {
	host = await startHostWithImage();
});
beforeEach(async () => {
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
});
afterEach(() => host.removeEverything());
after(() => host.close());

interface Listed {
	readonly id: string;
	readonly name: string;
	readonly running: boolean;
}

const names = async (...words: string[]) => (await host.kleeJson<Listed[]>(...words)).map(({ name }) => name);

test('create, rename, start, restart, stop, rm', async () => {
	const id = await host.kleeOutput('container', 'create', '--name', 'first', 'Debian', 'sleep', '600');
	assert.match(id, ID);
	assert.deepEqual(await names('container', 'ls'), []);
	assert.equal(await host.kleeOutput('container', 'rename', 'first', 'second'), id);
	const { container } = JSON.parse(await host.kleeOutput('isc', 'second')) as { container: Record<string, unknown> };
	assert.deepEqual(container.cmd, ['sleep', '600'], 'rename changes the name alone');
	const started = await host.klee('container', 'start', '-d', 'second');
	assert.match(started.stderr, /^created execution instance [0-9a-f]{12}\n$/);
	assert.deepEqual(await names('container', 'ls'), ['second']);
	assert.equal(await host.kleeOutput('container', 'restart', id.slice(0, 6)), id);
	assert.deepEqual(await names('container', 'ls'), ['second']);
	assert.equal(await host.kleeOutput('container', 'stop', 'second'), id);
	assert.equal(await host.kleeOutput('container', 'rm', 'second'), id);
	assert.deepEqual(await names('container', 'ls', '-a'), []);
});

test('prune removes what is stopped, oldest first, and keeps persistent and running ones', async () => {
	const create = (name: string, ...more: string[]) => host.kleeOutput('create', '--name', name, ...more, 'Debian');
	const old = await create('old');
	await create('kept', '--persist');
	const young = await create('young');
	await host.kleeOutput('run', '-d', '--name', 'busy', 'Debian', 'sleep', '600');
	const declined = await host.kleeWith({ input: 'n\n' }, 'container', 'prune');
	assert.equal(declined.code, 1);
	assert.match(declined.stdout + declined.stderr, /WARNING! This will remove all stopped containers\.[\s\S]*Aborted!/);
	const pruned = await host.kleeOutput('container', 'prune', '-f');
	assert.deepEqual(
		pruned.split('\n').filter((line) => ID.test(line)),
		[old, young],
	);
	assert.deepEqual((await names('lsc', '-a')).sort(), ['busy', 'kept']);
});

test('networks: ls, inspect, connect and disconnect while running, rm with members, prune', async () => {
	await host.kleeOutput(
		'network',
		'create',
		'-t',
		'bridge',
		'--subnet',
		'10.8.0.0/24',
		'--subnet6',
		'fd00:8::/64',
		'both',
	);
	assert.deepEqual(await names('lsn'), ['both', 'testnet']);
	assert.match(await host.kleeOutput('network', 'ls'), /ID +NAME +TYPE +SUBNET[\s\S]*both +bridge +10\.8\.0\.0\/24/);
	await host.kleeOutput('run', '-d', '-l', 'ipnet', '-n', 'testnet', '--name', 'moving', 'Debian', 'sleep', '600');
	assert.equal(await host.kleeOutput('network', 'connect', 'both', 'moving'), '');
	const inside = await host.kleeOutput('exec', 'moving', 'ip', '-o', 'address');
	assert.match(inside, /10\.8\.0\.2\/32[\s\S]*fd00:8::2\/128/);
	assert.match((await host.inside('ping', '-c', '1', '10.8.0.2')).stdout, /1 received/);
	assert.match((await host.inside('ping', '-c', '1', 'fd00:8::2')).stdout, /1 received/);
	assert.equal(await host.kleeOutput('network', 'disconnect', 'both', 'moving'), '');
	assert.doesNotMatch(await host.kleeOutput('exec', 'moving', 'ip', '-o', 'address'), /10\.8\.0\.2/);
	const both = (await host.kleeJson<Listed[]>('lsn')).find(({ name }) => name === 'both')?.id;
	assert.equal(await host.kleeOutput('network', 'prune', '-f'), both);
});

test('a running vnet container may not be connected, but can be disconnected', async () => {
	await host.kleeOutput('run', '-d', '-l', 'vnet', '-n', 'testnet', '--name', 'fixed', 'Debian', 'sleep', '600');
	await host.kleeOutput('network', 'disconnect', 'testnet', 'fixed');
	assert.doesNotMatch(await host.insideOutput('ip', '-o', 'link'), /epair/);
});

test('addresses are given lowest first, kept while stopped, and given again after removal', async () => {
	const add = (name: string) => host.kleeOutput('create', '-l', 'vnet', '-n', 'testnet', '--name', name, 'Debian');
	const addressOf = async (name: string) => {
		const found = JSON.parse(await host.kleeOutput('isc', name)) as { container_endpoints: { ip_address: string }[] };
		return found.container_endpoints[0]?.ip_address;
	};
	for (const name of ['aa', 'bb', 'cc']) await add(name);
	assert.deepEqual(await Promise.all(['aa', 'bb', 'cc'].map(addressOf)), ['10.4.6.2', '10.4.6.3', '10.4.6.4']);
	await host.kleeOutput('rmc', 'bb');
	await add('dd');
	assert.equal(await addressOf('dd'), '10.4.6.3');
});

test('a MAC address comes with the address: at every start, and to whoever has it next', async () => {
	const mac = async (...words: string[]) =>
		/^02(:[0-9a-f]{2}){5}$/m.exec(await host.kleeOutput(...words))?.[0] ?? assert.fail('there is no MAC address');
	const run = (name: string, address: string) => [
		...['run', '-l', 'vnet', '-n', 'testnet', '--ip', address],
		...['--name', name, 'Debian', 'cat', '/sys/class/net/epair0b/address'],
	];
	const first = await mac(...run('first', '10.4.6.77'));
	assert.equal(await mac('start', 'first'), first);
	assert.notEqual(await mac(...run('other', '10.4.6.78')), first);
	await host.kleeOutput('rmc', 'first');
	assert.equal(await mac(...run('next', '10.4.6.77')), first);
});

describe('--dry-run prints the plan in the words of the host and changes nothing', () => {
	const cases: readonly (readonly [readonly string[], RegExp])[] = [
		[['network', 'create', '-t', 'bridge', '--subnet', '10.9.0.0/24', 'dry'], /ip link add .*kleene1.* type bridge/],
		[['network', 'rm', 'testnet'], /ip link (del|delete) .*kleene0/],
		[['network', 'prune', '-f'], /ip link (del|delete) .*kleene0/],
	];
	for (const [words, plan] of cases)
		test(`klee ${words.join(' ')} --dry-run`, async () => {
			const before = await snapshotOfNetwork(host.namespace);
			assert.match(await host.kleeOutput(...words, '--dry-run'), plan);
			assert.deepEqual(difference(before, await snapshotOfNetwork(host.namespace)), []);
			assert.deepEqual(await names('lsn'), ['testnet']);
		});

	test('klee network connect and disconnect --dry-run of a running container', async () => {
		await host.kleeOutput('run', '-d', '-l', 'ipnet', '--name', 'dry', 'Debian', 'sleep', '600');
		const before = await snapshotOfNetwork(host.namespace);
		assert.match(await host.kleeOutput('network', 'connect', '--dry-run', 'testnet', 'dry'), /ip .*epair/);
		assert.deepEqual(difference(before, await snapshotOfNetwork(host.namespace)), []);
		await host.kleeOutput('network', 'connect', 'testnet', 'dry');
		const connected = await snapshotOfNetwork(host.namespace);
		assert.match(await host.kleeOutput('network', 'disconnect', '--dry-run', 'testnet', 'dry'), /ip link del.*epair/);
		assert.deepEqual(difference(connected, await snapshotOfNetwork(host.namespace)), []);
	});
});

test('every shortcut takes what its command takes', async () => {
	const id = await host.kleeOutput('create', '--name', 'short', 'Debian', 'sleep', '600');
	assert.equal(await host.kleeOutput('isc', 'short'), await host.kleeOutput('container', 'inspect', 'short'));
	assert.equal(await host.kleeOutput('lsn'), await host.kleeOutput('network', 'ls'));
	assert.equal(await host.kleeOutput('isn', 'testnet'), await host.kleeOutput('network', 'inspect', 'testnet'));
	assert.equal(await host.kleeOutput('isi', 'Debian'), await host.kleeOutput('image', 'inspect', 'Debian'));
	await host.kleeOutput('start', '-d', 'short');
	assert.match(await host.kleeOutput('restart', 'short'), new RegExp(`^${id}`));
	assert.match(await host.kleeOutput('exec', 'short', 'hostname'), new RegExp(`^${id}$`, 'm'));
	assert.equal(await host.kleeOutput('stop', 'short'), id);
	assert.equal(await host.kleeOutput('rmc', 'short'), id);
	assert.equal(await host.kleeOutput('run', 'Debian', 'true'), '');
});

test('--json gives what inspection gives, and help and version succeed', async () => {
	assert.deepEqual(
		await host.kleeJson('network', 'inspect', 'testnet'),
		JSON.parse(await host.kleeOutput('network', 'inspect', 'testnet')),
	);
	const [image] = await host.kleeJson<Record<string, unknown>[]>('image', 'ls');
	assert.deepEqual(image, await host.kleeJson('image', 'inspect', 'Debian'));
	for (const words of [[], ['--help'], ['network'], ['network', 'create', '--help'], ['--version']]) {
		const { stdout, code } = await host.klee(...words);
		assert.equal(code, 0, words.join(' '));
		assert.match(stdout, /\w/);
	}
	assert.match(await host.kleeOutput('--help'), /lsn/);
});

test('an image in use is not removed', async () => {
	const id = await host.kleeOutput('create', '--name', 'user', 'Debian');
	const { stdout, stderr, code } = await host.klee('rmi', 'Debian');
	assert.equal(code, 1);
	assert.match(stdout + stderr, new RegExp(`since it is used for containers:\\s+${id}`));
});
