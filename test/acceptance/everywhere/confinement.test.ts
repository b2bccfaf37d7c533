/** Options of containers that both hosts have, in one container. On either host. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { startHostUnderTest } from '#test/testbed/host-under-test.ts';

let host: HostUnderTest;

before(async () => {
	host = await startHostUnderTest();
});
afterEach(() => host.removeContainers());
after(() => host.close());

test('a read-only root, memory, limits of processes, names and name servers', async () => {
	const options = ['--read-only', '--tmpfs', '/scratch:size=1m', '--ulimit', 'nofile=100:200'];
	const names = ['--add-host', 'db.example:10.9.8.7', '--dns', '9.9.9.9', '--dns-search', 'example.com'];
	const sleeping = [...options, ...names, host.image, 'sleep', '600'];
	await host.kleeOutput('run', '-d', '-l', 'disabled', '--name', 'confined', ...sleeping);
	assert.equal(await host.kleeOutput('exec', 'confined', '/bin/sh', '-c', 'ulimit -n; ulimit -H -n'), '100\n200');
	assert.match(await host.kleeOutput('exec', 'confined', 'getent', 'hosts', 'db.example'), /^10\.9\.8\.7\s/);
	await host.kleeOutput('stop', 'confined');
	await host.kleeOutput('start', '-d', 'confined');
	await host.kleeOutput('rmc', '-f', 'confined');
	assert.deepEqual(await host.lastingLeftovers(), []);
});

test('a limit that does not exist is refused when the container is created', async () => {
	const outcome = await host.klee('run', '--ulimit', 'nonsense=1', host.image, 'true');
	assert.equal(outcome.code, 125);
	assert.match(outcome.stderr, /there is no limit 'nonsense'/);
	assert.deepEqual(await host.kleeJson('lsc', '-a'), []);
});
