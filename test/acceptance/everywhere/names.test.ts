/** Containers find each other by name, asked for the way programs ask: through the C library. On either host. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { startHostUnderTest } from '#test/testbed/host-under-test.ts';

let host: HostUnderTest;

before(async () => {
	host = await startHostUnderTest();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'one');
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.7.0/24', 'two');
});
afterEach(() => host.removeContainers());
after(() => host.close());

async function member(name: string, driver: 'vnet' | 'ipnet', network: string, ...more: readonly string[]) {
	const place = ['-l', driver, '-n', network, '--name', name, ...more];
	await host.kleeOutput('run', '-d', ...place, host.image, 'sleep', '600');
}

/** The address that a container has for a name, `''` for none. */
async function addressOf(container: string, name: string): Promise<string> {
	const { stdout } = await host.klee('exec', container, 'getent', 'hosts', name);
	return /^(\d+\.\d+\.\d+\.\d+)\s+\S/m.exec(stdout)?.[1] ?? '';
}

/** Within a second, and what the host needs to look and we to ask. */
async function finds(container: string, name: string, address: string): Promise<void> {
	await eventually(`${container} finds ${name} at '${address}'`, async () => {
		return (await addressOf(container, name)) === address;
	});
}

for (const driver of ['vnet', 'ipnet'] as const)
	test(`${driver}: members of a network know each other by name, id and alias, and nobody else does`, async () => {
		await member('first', driver, 'one', '--ip', '10.4.6.10');
		await member('web', driver, 'one', '--ip', '10.4.6.11', '--alias', 'www');
		await member('away', driver, 'two');
		const [id = ''] = (await host.kleeJson<{ id: string; name: string }[]>('lsc'))
			.filter(({ name }) => name === 'web')
			.map((one) => one.id);
		for (const name of ['web', 'web.kleene', 'www', id]) await finds('first', name, '10.4.6.11');
		assert.equal(await addressOf('web', 'first'), '10.4.6.10', 'who comes later knows at once');
		assert.equal(await addressOf('away', 'web'), '');
		await host.kleeOutput('stop', 'web');
		await finds('first', 'web', '');
	});

test('a name is looked up on the networks of who asks: the same one elsewhere, in another case, is not in the way', async () => {
	await member('DB', 'vnet', 'two', '--ip', '10.4.7.10');
	await member('db', 'vnet', 'one', '--ip', '10.4.6.10');
	await member('asks', 'vnet', 'one', '--ip', '10.4.6.11');
	await member('away', 'vnet', 'two', '--ip', '10.4.7.11');
	for (const name of ['db', 'DB', 'Db.kleene']) {
		await finds('asks', name, '10.4.6.10');
		await finds('away', name, '10.4.7.10');
	}
	await host.kleeOutput('rmc', '-f', 'db');
	await finds('asks', 'db', '');
});

test('two names that differ by case are refused on one network, names that never resolve anywhere', async () => {
	await member('Shop', 'vnet', 'one', '--ip', '10.4.6.10');
	const refused = async (why: RegExp, ...words: readonly string[]) => {
		const { code, stderr } = await host.klee(...words);
		assert.ok(code !== 0, words.join(' '));
		assert.match(stderr, why);
	};
	await refused(/container Shop/, 'run', '-l', 'vnet', '-n', 'one', '--name', 'shop', host.image, 'true');
	await member('shop', 'vnet', 'two');
	await refused(/container Shop/, 'network', 'connect', 'one', 'shop');
	await member('other', 'vnet', 'one');
	await refused(/container Shop/, 'container', 'rename', 'other', 'SHOP');
	for (const name of ['x'.repeat(64), 'a..b', 'web.', 'web.kleene', '10.0.0.1'])
		await refused(/never be found/, 'create', '--name', name, host.image, 'true');
	await host.kleeOutput('create', '--name', `${'x'.repeat(63)}.y`, host.image, 'true');
});

test('the host name of a container is its own', async () => {
	await member('plain', 'vnet', 'one', '--ip', '10.4.6.20');
	const own = async (container: string) => {
		const { stdout } = await host.klee('exec', container, '/bin/sh', '-c', 'echo "name=$(hostname)"');
		return /name=(\S+)/.exec(stdout)?.[1] ?? '';
	};
	assert.equal(await addressOf('plain', await own('plain')), '10.4.6.20');
});

test('the own host name resolves with any driver, beside names of --add-host', async () => {
	const added = ['--add-host', 'far:10.9.8.7'];
	const script = 'getent hosts "$(hostname)"; getent hosts far';
	for (const [words, own] of [
		[['-l', 'vnet', '-n', 'one', '--ip', '10.4.6.21', '-J', 'host.hostname=shop.test'], /^10\.4\.6\.21\s+shop\.test$/m],
		[['-l', 'ipnet', '-n', 'one', '--ip', '10.4.6.22', '-J', 'host.hostname=shop'], /^10\.4\.6\.22\s+shop$/m],
		[['-l', 'host'], /^(127\.0\.0\.1|::1)\s+[0-9a-f]{12}$/m],
		[['-l', 'disabled'], /^(127\.0\.0\.1|::1)\s+[0-9a-f]{12}$/m],
	] as const) {
		const { stdout, stderr } = await host.klee('run', ...words, ...added, host.image, '/bin/sh', '-c', script);
		assert.match(stdout, own, stderr);
		assert.match(stdout, /^10\.9\.8\.7\s+far$/m);
	}
});

test('names come with a connection and go with it, and outlive the daemon', async () => {
	await member('asks', 'vnet', 'one');
	await member('late', 'ipnet', 'two', '--ip', '10.4.7.9');
	assert.equal(await addressOf('asks', 'late'), '');
	await host.kleeOutput('network', 'connect', '--ip', '10.4.6.30', '--alias', 'queue', 'one', 'late');
	await finds('asks', 'late', '10.4.6.30');
	await finds('asks', 'queue', '10.4.6.30');
	await finds('late', 'asks', '10.4.6.2');
	await host.stopDaemon('SIGKILL');
	await host.startDaemon();
	await finds('asks', 'queue', '10.4.6.30');
	await host.kleeOutput('network', 'disconnect', 'one', 'late');
	await finds('asks', 'late', '');
	await finds('late', 'asks', '');
});
