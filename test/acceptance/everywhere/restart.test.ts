/** The daemon may die at any moment: containers never notice, and the next daemon knows them. On either host. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { startHostUnderTest } from '#test/testbed/host-under-test.ts';

let host: HostUnderTest;

before(async () => {
	host = await startHostUnderTest();
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
});
afterEach(() => host.removeContainers());
after(() => host.close());

interface Listed {
	readonly name: string;
	readonly running: boolean;
	readonly jid: number | null;
	readonly end: { readonly exit_code: number; readonly at: string; readonly reason: string } | null;
}
const listed = () => host.kleeJson<Listed[]>('lsc', '-a');
/** Without link-local addresses, which come by themselves some time after an interface is up. */
const cables = async () =>
	(await host.interfaces()).map((one) => ({
		...one,
		addresses: one.addresses.filter((address) => !address.startsWith('fe80')),
	}));

test('containers go on while no daemon runs, and the next one adopts them', async () => {
	const vnet = ['-l', 'vnet', '-n', 'testnet', '--ip', '10.4.6.2', '--name', 'one'];
	await host.kleeOutput('run', '-d', ...vnet, host.image, 'sleep', '600');
	const ipnet = ['-l', 'ipnet', '-J', 'allow.raw_sockets', '-n', 'testnet', '--ip', '10.4.6.3', '--name', 'two'];
	await host.kleeOutput('run', '-d', ...ipnet, host.image, 'sleep', '600');
	const before = [await listed(), await cables()];
	await host.stopDaemon('SIGKILL');
	for (const address of ['10.4.6.2', '10.4.6.3']) assert.ok(await host.answers(address), address);
	await host.startDaemon();
	assert.deepEqual([await listed(), await cables()], before, 'same processes, same cables');
	for (const [from, to] of [
		['one', '10.4.6.3'],
		['two', '10.4.6.2'],
	] as const)
		assert.equal((await host.klee('exec', from, ...host.ping(to))).code, 0);
	await host.kleeOutput('network', 'disconnect', 'testnet', 'two');
	await host.kleeOutput('stop', 'one', 'two');
	assert.deepEqual(await host.lastingLeftovers(), []);
	assert.ok(!(await host.interfaces()).some(({ name }) => name.startsWith('epair')));
});

test('a process that writes is not hurt when the daemon dies', async () => {
	const script = 'i=0; while [ $i -lt 100 ]; do echo "still here $i"; i=$((i+1)); sleep 0.1; done; sleep 600';
	const talk = host.converse(['run', '--name', 'chatty', host.image, '/bin/sh', '-c', script]);
	await talk.until(/still here 3/);
	await host.stopDaemon('SIGKILL');
	await talk.ended;
	await new Promise((resolve) => setTimeout(resolve, 1500));
	await host.startDaemon();
	assert.deepEqual(
		(await listed()).map(({ name, running }) => [name, running]),
		[['chatty', true]],
	);
});

test('a container that ends while no daemon runs is cleared away at the next start, and its end is known', async () => {
	const brief = ['/bin/sh', '-c', 'sleep 1; exit 6'];
	await host.kleeOutput('run', '-d', '-l', 'vnet', '-n', 'testnet', '--name', 'brief', host.image, ...brief);
	await host.stopDaemon('SIGKILL');
	await new Promise((resolve) => setTimeout(resolve, 4000));
	const back = Date.now();
	await host.startDaemon();
	const { running, end } = (await listed()).find(({ name }) => name === 'brief')!;
	assert.deepEqual([running, end?.exit_code, end?.reason], [false, 6, 'exited']);
	assert.ok(Date.parse(end!.at) < back, 'the time of its end');
	assert.ok(!(await host.interfaces()).some(({ name }) => name.startsWith('epair')));
	assert.deepEqual(await host.lastingLeftovers(), []);
});
