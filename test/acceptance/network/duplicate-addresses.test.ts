/** Addresses that other machines on the physical network have: nobody takes them. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { createLan, type Lan, PORT } from '#test/testbed/traffic/lan.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';

const MAC = '02:00:00:00:07:01';
const NETWORK = ['-t', 'bridge', '--parent', PORT, '--subnet', '192.168.7.0/24', '--subnet6', 'fd00:7::/64'];
const ROUTER = ['--gw', '192.168.7.1', '--gw6', 'fd00:7::1'];

let land: Landscape;
let lan: Lan;
before(async () => {
	land = await Landscape.start();
	lan = await createLan(land, ['192.168.7.2/24', 'fd00:7::2/64', '192.168.7.3/24']);
	await lan.run(`ip link set eth0 address ${MAC}`);
});
after(async () => {
	await land.host.removeEverything();
	await lan.remove();
	await land.close();
});
afterEach(() => land.clear());

async function addressesOf(name: string): Promise<string[]> {
	const { container_endpoints: own } = await land.host.kleeJson<{
		container_endpoints: { ip_address: string; ip_address6: string }[];
	}>('isc', name);
	return own.flatMap((one) => [one.ip_address, one.ip_address6]);
}

const TAKEN = /a machine on the network of lan0 has it \(MAC address 02:00:00:00:07:01\)\n hint: /;

test('an address that another machine has is passed over, and refused where it is named', async () => {
	await land.network(...NETWORK, ...ROUTER, 'lan');
	await land.host.kleeOutput('create', '--name', 'one', '-l', 'vnet', '-n', 'lan', 'Debian');
	assert.deepEqual(await addressesOf('one'), ['192.168.7.4', 'fd00:7::3']);
	const named = ['-l', 'vnet', '-n', 'lan', '--ip', '192.168.7.3'];
	const refused = await land.host.klee('create', '--name', 'two', ...named, 'Debian');
	assert.equal(refused.code, 1);
	assert.match(refused.stderr, /cannot use address 192\.168\.7\.3 on network lan/);
	assert.match(refused.stderr, TAKEN);
	const run = await land.host.klee('run', '--name', 'two', ...named, 'Debian', 'true');
	assert.match(run.stderr, TAKEN);
	const six = await land.host.klee('run', '-l', 'ipnet', '-n', 'lan', '--ip6', 'fd00:7::2', 'Debian', 'true');
	assert.match(six.stderr, TAKEN);
	const names = await land.host.kleeJson<{ name: string }[]>('lsc', '-a');
	assert.deepEqual(
		names.map(({ name }) => name),
		['one'],
	);
});

test('what connects to a network does not take one, running or not', async () => {
	await land.network(...NETWORK, ...ROUTER, 'lan');
	await land.network('-t', 'bridge', '--subnet', '10.4.9.0/24', 'own');
	await land.member('one', '-l', 'vnet', '-n', 'own');
	const refused = await land.host.klee('network', 'connect', '--ip', '192.168.7.2', 'lan', 'one');
	assert.match(refused.stderr, TAKEN);
	await land.host.kleeOutput('network', 'connect', 'lan', 'one');
	assert.deepEqual((await addressesOf('one')).slice(2), ['192.168.7.4', 'fd00:7::3']);
	assert.equal((await land.host.klee('network', 'doctor')).code, 0);
});

test('a container does not start with an address that somebody took meanwhile', async () => {
	await land.network(...NETWORK, ...ROUTER, 'lan');
	await land.host.kleeOutput('create', '--name', 'one', '-l', 'vnet', '-n', 'lan', '--ip', '192.168.7.9', 'Debian');
	await lan.run('ip address add 192.168.7.9/24 dev eth0');
	const refused = await land.host.klee('start', 'one');
	assert.match(refused.stderr, /cannot use address 192\.168\.7\.9 on network lan/);
	assert.match(refused.stderr, TAKEN);
	assert.match(refused.stderr, /klee network disconnect lan one/);
	await lan.run('ip address delete 192.168.7.9/24 dev eth0');
	assert.equal((await land.host.klee('start', 'one')).code, 0);
});
