/** Addresses of running ipnet containers that come and go, on whichever host is under test. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { HostUnderTest } from '../../testbed/host-contract.ts';
import { startHostUnderTest } from '../../testbed/host-under-test.ts';

let host: HostUnderTest;

before(async () => {
	host = await startHostUnderTest();
});
afterEach(() => host.removeEverything());
after(() => host.close());

const network = (name: string, third: number) =>
	host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', `10.4.${third}.0/24`, name);
const member = (name: string, on: string, ...more: readonly string[]) =>
	host.kleeOutput('run', '-d', '-l', 'ipnet', '-n', on, '--name', name, ...more, host.image, 'sleep', '600');
const connect = (name: string, to: string, address: string) =>
	host.kleeOutput('network', 'connect', '--ip', address, to, name);
const healthy = async (what: string) => {
	const { stdout, stderr, code } = await host.klee('network', 'doctor');
	assert.equal(code, 0, `${what}:\n${stdout}${stderr}`);
};

test('an address that a running container gave up is free for another, also the last one', async () => {
	await network('one', 6);
	await network('two', 7);
	await member('moving', 'one', '--ip', '10.4.6.71');
	await host.kleeOutput('network', 'disconnect', 'one', 'moving');
	await healthy('without an address');
	await connect('moving', 'one', '10.4.6.72');
	await connect('moving', 'two', '10.4.7.72');
	await healthy('with two others');
	// Two, because jails with one address each may have it in common.
	await member('other', 'one', '--ip', '10.4.6.71');
	await connect('other', 'two', '10.4.7.71');
	for (const address of ['10.4.6.71', '10.4.6.72', '10.4.7.71', '10.4.7.72'])
		assert.ok(await host.answers(address), address);
	await healthy('with everything');
	const { stdout } = await host.klee('network', 'trace', 'moving', 'other');
	assert.match(stdout, /members of one reach each other \(icc is on\)/, 'they are no services of the host');
});

test('a container goes on from the next of its addresses when the one is gone that it spoke from', async () => {
	for (const [name, third] of [
		['one', 6],
		['two', 7],
		['three', 8],
	] as const)
		await network(name, third);
	await member('moving', 'one', '--ip', '10.4.6.9');
	await connect('moving', 'three', '10.4.8.9');
	await connect('moving', 'two', '10.4.7.9');
	await host.kleeOutput('network', 'disconnect', 'one', 'moving');
	await healthy('it speaks from 10.4.8.9, though 10.4.7.9 is less');
	await host.kleeOutput('network', 'disconnect', 'three', 'moving');
	await healthy('it speaks from the one that is left');
});
