/** Forwarding that somebody turns off: network managers, hardening roles, `sysctl -p`. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import { type Place, type Question, SILENCE } from '#test/testbed/traffic/peer.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
});
after(() => land.close());
afterEach(() => land.clear());

const BLOCK = ['--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64', '--nat6'];
const OUT: Question[] = [FAR.address, FAR.address6].map((address) => ({ address, port: 90, timeout: SILENCE }));
const SEEN = [`outside sees ${UPLINK.host}`, `outside sees ${UPLINK.host6}`];
const sysctl = (...settings: readonly string[]) => land.host.insideOutput('sysctl', '-qw', ...settings);
const read = async (name: string) => (await land.host.insideOutput('sysctl', '-n', name)).trim();

async function assertReached(place: Place, what: string): Promise<void> {
	let seen: string[] = [];
	const reached = async () => {
		seen = await land.ask(place, ...OUT);
		return seen.join() === SEEN.join();
	};
	await eventually(what, reached, { within: 5000 }).catch(() => assert.deepEqual(seen, SEEN, what));
}

for (const driver of ['vnet', 'ipnet'])
	test(`forwarding that was opened for ${driver} containers comes back, and the log says so`, async () => {
		await land.network('-t', 'bridge', ...BLOCK, 'net');
		await land.listen(land.outside.place, 'outside', 'tcp/90');
		const { place } = await land.member('app', '-l', driver, '-n', 'net');
		await assertReached(place, 'before');
		for (const closing of [
			['net.ipv4.conf.uplink0.forwarding=0'],
			['net.ipv6.conf.uplink0.force_forwarding=0'],
			['net.ipv4.conf.kleene0.forwarding=0', 'net.ipv6.conf.kleene0.force_forwarding=0'],
			['net.ipv4.ip_forward=1', 'net.ipv4.ip_forward=0'],
			['net.ipv6.conf.all.forwarding=1', 'net.ipv6.conf.all.forwarding=0'],
		]) {
			await sysctl(...closing);
			await assertReached(place, closing.join());
		}
		assert.match(land.host.log, /turned forwarding off, which containers need: restored it/);
		await land.clear();
		assert.deepEqual(await land.host.changes(), []);
	});

test('what was off while the daemon was away is on again when it comes back', async () => {
	await land.network('-t', 'bridge', ...BLOCK, 'net');
	await land.listen(land.outside.place, 'outside', 'tcp/90');
	const { place } = await land.member('app', '-l', 'ipnet', '-n', 'net');
	await land.host.stopDaemon();
	await sysctl('net.ipv4.ip_forward=1', 'net.ipv4.ip_forward=0', 'net.ipv6.conf.all.forwarding=1');
	await sysctl('net.ipv6.conf.all.forwarding=0');
	await land.host.startDaemon();
	await assertReached(place, 'after the restart');
});

test('a program that takes it away again and again gets its way, and the log says what to do', async () => {
	// What other tests did counts, too.
	await land.host.stopDaemon();
	await land.host.startDaemon();
	await land.network('-t', 'bridge', ...BLOCK, 'net');
	await land.listen(land.outside.place, 'outside', 'tcp/90');
	const { place } = await land.member('app', '-l', 'vnet', '-n', 'net');
	const name = 'net.ipv4.conf.uplink0.forwarding';
	for (let turn = 0; turn < 5; turn += 1) {
		await sysctl(`${name}=0`);
		await eventually(`it is on again, turn ${turn}`, async () => (await read(name)) === '1', { within: 5000 });
	}
	await sysctl(`${name}=0`);
	await eventually('it is given up', () => /again and again/.test(land.host.log));
	assert.equal(await read(name), '0');
	assert.match(land.host.log, /klee network doctor --repair/);
	assert.equal((await land.ask(place, OUT[0]!))[0], 'silence');
	const found = await land.host.klee('network', 'doctor');
	assert.equal(found.code, 1);
	assert.match(found.stdout, /net\.ipv4\.conf\.uplink0\.forwarding is 0, not 1/);
	const { stdout, code } = await land.host.klee('network', 'doctor', '--repair');
	assert.equal(code, 0, stdout);
	await assertReached(place, 'repaired');
});

test('a user who makes the host a router later has one, and keeps it', async () => {
	await land.network('-t', 'bridge', ...BLOCK, 'net');
	await land.member('app', '-l', 'vnet', '-n', 'net');
	await land.host.insideOutput('ip', 'link', 'add', 'lan0', 'type', 'veth', 'peer', 'name', 'lan1');
	await land.host.insideOutput('ip', 'link', 'set', 'lan0', 'up');
	const held = () => land.host.insideOutput('nft', 'list', 'set', 'inet', 'kleene', 'ingress_interfaces4');
	assert.match(await held(), /uplink0/);
	await sysctl('net.ipv4.ip_forward=1');
	await eventually('nothing is held back for IPv4', async () => !/uplink0/.test(await held()));
	await land.clear();
	assert.equal(await read('net.ipv4.conf.uplink0.forwarding'), '1');
	await sysctl('net.ipv4.ip_forward=0');
	await land.host.insideOutput('ip', 'link', 'delete', 'lan0');
});
