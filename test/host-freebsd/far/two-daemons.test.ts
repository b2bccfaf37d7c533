/** Two kleeneds, each with a root and a dataset of its own, and one host: the second is refused, and a later one touches nothing. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { FarTestHost } from './far-test-host.ts';

let one: FarTestHost;
before(async () => {
	one = await FarTestHost.start();
	await one.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
	const run = ['run', '-d', '-n', 'testnet', '-p', '18080:80'];
	await one.kleeOutput(...run, '-l', 'vnet', '--name', 'web', one.image, 'sleep', '600');
	await one.kleeOutput('run', '-d', '-n', 'testnet', '-l', 'ipnet', '--name', 'beside', one.image, 'sleep', '600');
});
after(() => one.close());

/** What the first daemon has on the host. */
function present(): string {
	const { host, jails, anchors, mounts } = one.far.world;
	return JSON.stringify([[...host.interfaces], [...jails.keys()], [...anchors], mounts]);
}

test('while the first one lives, the second does not start', async () => {
	const before = present();
	const other = one.beside();
	await assert.rejects(other.startDaemon(), (error: Error) => {
		assert.match(error.message, /cannot manage this FreeBSD host/);
		assert.match(error.message, new RegExp(`process ${one.daemonPid} on \\S+, --root ${one.root}, since 20`));
		return true;
	});
	assert.equal(present(), before);
	assert.match(await one.kleeOutput('lsn'), /testnet/);
});

test('after it is gone, another one names what is there, and repairs nothing of it', async () => {
	await one.stopDaemon('SIGKILL');
	const before = present();
	const other = one.beside();
	await other.startDaemon();
	try {
		const { stdout, code } = await other.klee('network', 'doctor');
		assert.notEqual(code, 0);
		assert.match(stdout, /interface kleene0 was made by another kleened \(store [0-9a-f]{8}\)/);
		assert.match(stdout, /rules of another kleened \(store [0-9a-f]{8}\) in kleene\/from\./);
		await other.klee('network', 'doctor', '--repair');
		assert.equal(present(), before);
	} finally {
		await other.stopDaemon();
	}
	await one.startDaemon();
	assert.equal(present(), before);
	const { stdout, code } = await one.klee('network', 'doctor');
	assert.equal(code, 0, stdout);
});
