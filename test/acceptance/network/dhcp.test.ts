/** `--ip dhcp`: a real DHCP server on a LAN, and containers that have addresses from it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { outputOf, run } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { createLan, type Lan, PORT } from '#test/testbed/traffic/lan.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';

const SUBNET = ['--subnet', '192.168.7.0/24', '--gw', '192.168.7.1'];
const NETWORK = ['-t', 'bridge', '--parent', PORT, ...SUBNET, '--host-ip', '192.168.7.9', 'lan'];
const LEASED = ['-l', 'vnet', '-n', 'lan', '--ip', 'dhcp'];

let land: Landscape;
let lan: Lan;
let directory: string;
before(async () => {
	directory = mkdtempSync(join(tmpdir(), 'kleene-dhcp-'));
	land = await Landscape.start();
	lan = await createLan(land, ['192.168.7.1/24']);
});
after(async () => {
	await land.host.removeEverything();
	await endServer();
	await lan.remove();
	await land.close();
	await rm(directory, { recursive: true });
});
afterEach(() => land.clear());

/** @param range first and last address @param seconds of a lease */
async function serve(range: readonly [string, string], seconds = 3600): Promise<void> {
	await endServer();
	const file = (name: string) => join(directory, name);
	for (const name of ['leases', 'pid']) writeFileSync(file(name), '');
	const lines = [
		...[
			`start ${range[0]}`,
			`end ${range[1]}`,
			'interface eth0',
			`lease_file ${file('leases')}`,
			`pidfile ${file('pid')}`,
		],
		...['min_lease 2', 'option subnet 255.255.255.0', 'option router 192.168.7.1', 'option dns 192.168.7.1'],
		`option lease ${seconds}`,
	];
	writeFileSync(file('conf'), `${lines.join('\n')}\n`);
	await outputOf([...lan.peer, 'udhcpd', file('conf')]);
	await eventually('udhcpd runs', () => readFileSync(file('pid'), 'utf8') !== '');
}

/** Pids of processes whose command line matches. */
async function pidsOf(pattern: string): Promise<string[]> {
	const { stdout } = await run(['pgrep', '-f', pattern]);
	return stdout.split('\n').filter((line) => line !== '');
}

async function endServer(): Promise<void> {
	const servers = () => pidsOf(`^udhcpd ${directory}`);
	for (const pid of await servers()) process.kill(Number(pid), 'SIGKILL');
	await eventually('udhcpd has ended', async () => (await servers()).length === 0);
}

async function addressOf(name: string): Promise<string> {
	type Inspected = { container_endpoints: { ip_address: string }[] };
	const { container_endpoints: own } = await land.host.kleeJson<Inspected>('isc', name);
	return own[0]?.ip_address ?? '';
}

/** Pids of clients of this test host. */
const clients = () => pidsOf(`^/sbin/udhcpc .*${land.host.root}`);

test('an address comes from the LAN, works there and with names', async () => {
	await serve(['192.168.7.100', '192.168.7.110']);
	await land.network(...NETWORK);
	const one = await land.member('one', ...LEASED);
	const address = await addressOf('one');
	assert.match(address, /^192\.168\.7\.1(0\d|10)$/);
	const inside = await land.host.klee('exec', 'one', 'ip', '-4', 'address', 'show', 'dev', 'epair0b');
	assert.match(inside.stdout, new RegExp(`inet ${address}/24 `));
	const route = await land.host.klee('exec', 'one', 'ip', 'route', 'show', 'default');
	assert.match(route.stdout, /^default via 192\.168\.7\.1 dev epair0b/);
	await land.listen(one.place, 'one', 'tcp/80');
	await land.listen(lan.peer, 'peer', 'tcp/90');
	assert.deepEqual(await land.ask(lan.peer, { address, port: 80 }), ['one sees 192.168.7.1']);
	assert.deepEqual(await land.ask(one.place, { address: '192.168.7.1', port: 90 }), [`peer sees ${address}`]);
	await land.member('two', '-l', 'vnet', '-n', 'lan', '--ip', '192.168.7.20');
	const names = await land.host.klee('exec', 'two', 'getent', 'ahostsv4', 'one');
	assert.ok(names.stdout.startsWith(`${address} `), names.stdout + names.stderr);
	assert.equal((await land.host.klee('network', 'doctor')).code, 0);
});

test('an address is given back at the end of a run, and is the same in the next one', async () => {
	await serve(['192.168.7.100', '192.168.7.110']);
	await land.network(...NETWORK);
	await land.member('one', ...LEASED);
	const address = await addressOf('one');
	await land.host.kleeOutput('stop', 'one');
	assert.equal(await addressOf('one'), '');
	assert.deepEqual(await clients(), []);
	await land.host.kleeOutput('restart', 'one');
	assert.equal(await addressOf('one'), address);
});

test('the client outlives the daemon, and what changes meanwhile is known afterwards', async () => {
	await serve(['192.168.7.100', '192.168.7.100'], 4);
	await land.network(...NETWORK);
	await land.member('one', ...LEASED);
	assert.equal(await addressOf('one'), '192.168.7.100');
	const before = await clients();
	assert.equal(before.length, 1);
	await land.host.stopDaemon('SIGKILL');
	await serve(['192.168.7.120', '192.168.7.120'], 4);
	await land.host.startDaemon();
	assert.deepEqual(await clients(), before);
	await eventually('the new address', async () => (await addressOf('one')) === '192.168.7.120');
	const inside = await land.host.klee('exec', 'one', 'ip', '-4', '-o', 'address', 'show', 'dev', 'epair0b');
	assert.match(inside.stdout, /^.* inet 192\.168\.7\.120\/24 .*\n$/);
	process.kill(Number(before[0]), 'SIGKILL');
	await eventually('the client is gone', async () => (await clients()).length === 0);
	const found = await land.host.klee('network', 'doctor');
	assert.match(found.stdout, /the DHCP client on epair0b is not running/);
	await land.host.klee('network', 'doctor', '--repair');
	assert.equal((await clients()).length, 1);
	await land.host.kleeOutput('rmc', '-f', 'one');
	assert.deepEqual(await clients(), []);
});

test('a container that runs gets one too', async () => {
	await serve(['192.168.7.100', '192.168.7.100']);
	await land.network(...NETWORK);
	await land.network('-t', 'bridge', '--subnet', '10.4.9.0/24', 'own');
	await land.member('one', '-l', 'vnet', '-n', 'own');
	await land.host.kleeOutput('network', 'connect', '--ip', 'dhcp', 'lan', 'one');
	const inside = await land.host.klee('exec', 'one', 'ip', '-4', '-o', 'address', 'show', 'dev', 'epair1b');
	assert.match(inside.stdout, / inet 192\.168\.7\.100\/24 /);
	const route = await land.host.klee('exec', 'one', 'ip', 'route', 'show', 'default');
	assert.match(route.stdout, /^default via 10\.4\.9\.1 dev epair0b/);
	await land.host.kleeOutput('network', 'disconnect', 'lan', 'one');
	assert.deepEqual(await clients(), []);
});

test('without a server the start is refused after a while, and nothing is left', async () => {
	await endServer();
	await land.network(...NETWORK);
	const { code, stderr } = await land.host.klee('run', '--name', 'one', ...LEASED, 'Debian', 'true');
	assert.equal(code, 125);
	assert.match(stderr, /no DHCP server gave it an address within 6 seconds\n hint: /);
	assert.deepEqual(await clients(), []);
	assert.deepEqual(await land.host.kleeJson('lsc', '-a'), []);
	assert.equal((await land.host.klee('network', 'doctor')).code, 0);
});

test('where no client can be, it is refused by name', async () => {
	await land.network(...NETWORK);
	await land.network('-t', 'bridge', '--subnet', '10.4.9.0/24', 'own');
	const refusals: [string[], RegExp][] = [
		[['-l', 'ipnet', '-n', 'lan'], /which ipnet containers do not have\n hint: use "-l vnet"/],
		[['-l', 'vnet', '-n', 'own'], /it is not on an interface of the host\n hint: .*--parent/],
		[['-l', 'vnet', '-n', 'lan', '-p', '8080:80'], /published ports lead to an address that is known before/],
		[['-l', 'host', '-n', 'lan'], /host/],
		[['-l', 'disabled', '-n', 'lan'], /disabled/],
	];
	for (const [words, expected] of refusals) {
		const { code, stderr } = await land.host.klee('create', ...words, '--ip', 'dhcp', 'Debian');
		assert.equal(code, 1, words.join(' '));
		assert.match(stderr, expected);
	}
});
