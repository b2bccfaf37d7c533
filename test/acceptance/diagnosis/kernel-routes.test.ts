/** What the host does with packets apart from our rules: doctor and trace ask the kernel, and say what they did not ask. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Trace } from '#api/diagnosis.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, Outside, SECOND, UPLINK, WORLD } from '#test/testbed/traffic/outside.ts';
import { SILENCE } from '#test/testbed/traffic/peer.ts';

let land: Landscape;
let second: Outside | undefined;
before(async () => {
	land = await Landscape.start();
	await land.outside.haveWorld();
});
after(() => land.close());
afterEach(async () => {
	await land.clear();
	await second?.close();
	second = undefined;
	await ip(`route replace default via ${FAR.address}`);
});

const ip = (line: string) => land.host.insideOutput('ip', ...line.split(' '));
const sysctl = (setting: string) => land.host.insideOutput('sysctl', '-qw', setting);

async function traced(source: string, destination: string): Promise<Trace> {
	const { stdout, stderr } = await land.host.klee('network', 'trace', source, destination, '--json');
	assert.notEqual(stdout, '', stderr);
	return JSON.parse(stdout) as Trace;
}

async function network(): Promise<void> {
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'net');
}

test('a route that somebody adds inside the subnet is found by the doctor and by trace, until it is gone', async () => {
	await network();
	const app = await land.member('app', '-l', 'vnet', '-n', 'net', '-p', '8080:80');
	await land.listen(app.place, 'app', 'tcp/80');
	assert.equal((await traced('host', 'app')).verdict, 'reachable');
	await ip(`route add 10.4.6.0/28 via ${FAR.address}`);
	const answer = await land.ask(land.outside.place, { address: UPLINK.host, port: 8080, timeout: SILENCE });
	assert.notEqual(answer[0], `app sees ${FAR.address}`, 'the port is dead');
	const doctor = await land.host.klee('network', 'doctor');
	assert.equal(doctor.code, 1);
	assert.match(doctor.stdout, /the host routes 10\.4\.6\.0\/28 to uplink0, inside the subnet of the network/);
	for (const source of ['host', 'outside']) {
		const { verdict, reason } = await traced(source, '10.4.6.2');
		if (source === 'host') assert.equal(verdict, 'unreachable', reason);
		if (source === 'host') assert.match(reason, /sends packets for 10\.4\.6\.2 out of uplink0, not kleene0/);
	}
	await ip('route delete 10.4.6.0/28');
	assert.equal((await land.host.klee('network', 'doctor')).code, 0);
	assert.equal((await traced('host', 'app')).verdict, 'reachable');
});

test('an address that somebody adds inside the subnet is found, too', async () => {
	await network();
	await ip('address add 10.4.6.77/28 dev uplink0');
	try {
		const doctor = await land.host.klee('network', 'doctor');
		assert.match(doctor.stdout, /interface uplink0 of the host has the address 10\.4\.6\.77\/28/);
		assert.match(doctor.stdout, /the host routes 10\.4\.6\.64\/28 to uplink0/);
	} finally {
		await ip('address delete 10.4.6.77/28 dev uplink0');
	}
});

test('trace tells the interface that the kernel takes, and marks what was not probed', async () => {
	await network();
	await land.member('app', '-l', 'vnet', '-n', 'net');
	second = await Outside.behind(land.host.namespace);
	const way = async () => (await traced('app', WORLD.address)).hops.find(({ what }) => what.includes(' by '))?.what;
	assert.equal(await way(), `${WORLD.address} by uplink0`);
	await ip(`route add ${WORLD.address}/32 via ${SECOND.far.address}`);
	await eventually('it is translated there', async () => (await way()) === `${WORLD.address} by uplink1`);
	const { hops } = await traced('app', WORLD.address);
	assert.ok(hops.some(({ what }) => what === 'the sender becomes the host, on uplink1'));
	const shown = await land.host.klee('network', 'trace', 'app', WORLD.address);
	assert.match(shown.stdout, /\? app reaches .*\(model only, not probed\)/);
	assert.doesNotMatch(shown.stdout.split('\n').at(-2) ?? '', /✓/);
	await ip(`route add unreachable ${FAR.address}/32`);
	const lost = await traced('app', FAR.address);
	await ip(`route delete unreachable ${FAR.address}/32`);
	assert.equal(lost.verdict, 'unreachable');
});

const SETTINGS = [
	['IPv4', FAR.address, 'net.ipv4.conf.uplink0.forwarding'],
	['IPv6', FAR.address6, 'net.ipv6.conf.uplink0.force_forwarding'],
] as const;
for (const [family, far, setting] of SETTINGS)
	test(`forwarding of ${family} that stays off is told by trace, outward and inward, before and after`, async (t) => {
		const isOn = async () => (await land.host.insideOutput('sysctl', '-n', setting)).trim() === '1';
		await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64', '--nat6', 'net');
		await land.member('app', '-l', 'vnet', '-n', 'net', '-p', '8080:80');
		if (!(await isOn().catch(() => false))) return t.skip(`this kernel has no ${setting}`);
		await land.host.stopDaemon();
		await land.host.startDaemon();
		for (let turn = 0; turn < 5; turn += 1) {
			await sysctl(`${setting}=0`);
			await eventually('it is restored', isOn);
		}
		await sysctl(`${setting}=0`);
		const given = new RegExp(`${setting}[^\n]*again and again|again and again[^\n]*${setting}`);
		await eventually('it is given up', () => given.test(land.host.log));
		const port = family === 'IPv4' ? 'host:8080' : `[${UPLINK.host6}]:8080`;
		for (const [source, destination] of [
			['app', far],
			['outside', port],
		] as const) {
			const { verdict, reason } = await traced(source, destination);
			assert.equal(verdict, 'unreachable');
			assert.match(reason, /forwarding on uplink0 is off/);
		}
		await land.host.klee('network', 'doctor', '--repair');
		assert.equal((await traced('app', far)).verdict, 'reachable');
		assert.equal((await traced('outside', port)).verdict, 'reachable');
	});
