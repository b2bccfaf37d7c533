/** Several ways out of the host: another uplink, a VPN, routes that come later. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, Outside, SECOND, UPLINK, WORLD } from '#test/testbed/traffic/outside.ts';
import { type Place, type Question, SILENCE } from '#test/testbed/traffic/peer.ts';

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
	for (const line of [`route replace default via ${FAR.address}`, `-6 route replace default via ${FAR.address6}`])
		await ip(line);
});

const ip = (line: string) => land.host.insideOutput('ip', ...line.split(' '));
const block = (number: number) => ['--subnet', `10.4.${number}.0/24`, '--subnet6', `fd00:4:${number}::/64`];
const WORLDS: Question[] = [WORLD.address, WORLD.address6].map((address) => ({ address, port: 90 }));
const BY_SECOND = [`two sees ${SECOND.near.host}`, `two sees ${SECOND.near.host6}`];
const BY_FIRST = [`one sees ${UPLINK.host}`, `one sees ${UPLINK.host6}`];

async function haveSecond(): Promise<void> {
	second = await Outside.behind(land.host.namespace);
	await land.listen(land.outside.place, 'one', 'tcp/90', 'udp/90');
	await land.listen(second.place, 'two', 'tcp/90', 'udp/90');
}

/** The daemon has 20 ms to hear of a new interface: until then answers come in nowhere. */
async function assertSeen(place: Place, expected: readonly string[], questions = WORLDS): Promise<void> {
	let seen: string[] = [];
	await eventually(`${expected}`, async () => {
		seen = await land.ask(place, ...questions.map((one) => ({ timeout: SILENCE, ...one })));
		return seen.join() === expected.join();
	}).catch((error: unknown) => {
		assert.deepEqual(seen, expected, String(error));
	});
}

for (const driver of ['vnet', 'ipnet'])
	test(`what an ${driver} container sends by any way out of the host has the address of that way`, async () => {
		await land.network('-t', 'bridge', ...block(6), '--nat6', 'net');
		const { place } = await land.member('app', '-l', driver, '-n', 'net');
		await haveSecond();
		await assertSeen(place, BY_FIRST);
		await ip(`route add ${WORLD.address}/32 via ${SECOND.far.address}`);
		await ip(`-6 route add ${WORLD.address6}/128 via ${SECOND.far.address6}`);
		await assertSeen(place, BY_SECOND);
		// Neighbours on it, too.
		const near = [SECOND.far.address, SECOND.far.address6].map((address) => ({ address, port: 90 }));
		await assertSeen(place, BY_SECOND, near);
		const udp = near.map((question) => ({ ...question, protocol: 'udp' as const }));
		await assertSeen(place, BY_SECOND, udp);
	});

test('two routes of a VPN over the default route, IPv6 by its own way', async () => {
	await land.network('-t', 'bridge', ...block(6), '--nat6', 'net');
	const { place } = await land.member('app', '-l', 'vnet', '-n', 'net');
	await haveSecond();
	for (const half of ['0.0.0.0/1', '128.0.0.0/1']) await ip(`route add ${half} via ${SECOND.far.address}`);
	await assertSeen(place, [BY_SECOND[0]!, BY_FIRST[1]!]);
	await ip(`link delete ${SECOND.near.interface}`);
	await assertSeen(place, BY_FIRST);
});

test('a default route that leaves by another interface, without any event of a link', async () => {
	await land.network('-t', 'bridge', ...block(6), '--nat6', 'net');
	const { place } = await land.member('app', '-l', 'vnet', '-n', 'net', '-p', '8080:80');
	await land.listen(place, 'app', 'tcp/80');
	await haveSecond();
	await ip(`route replace default via ${SECOND.far.address}`);
	await assertSeen(place, [BY_SECOND[0]!, BY_FIRST[1]!]);
	await ip(`-6 route replace default via ${SECOND.far.address6}`);
	await assertSeen(place, BY_SECOND);
	// A published port follows.
	const inward = [{ address: SECOND.near.host, port: 8080 }];
	await assertSeen(second!.place, [`app sees ${SECOND.far.address}`], inward);
	await ip(`route replace default via ${FAR.address}`);
	await assertSeen(place, [BY_FIRST[0]!, BY_SECOND[1]!]);
	await eventually('the daemon knows', async () => {
		const { network } = JSON.parse(await land.host.kleeOutput('isn', 'net')) as { network: { nat: string } };
		return network.nat === UPLINK.interface;
	});
});

test('a default route that comes after the daemon and the containers', async () => {
	await ip('route delete default');
	await ip('-6 route delete default');
	await land.host.stopDaemon();
	await land.host.startDaemon();
	await land.network('-t', 'bridge', ...block(6), '--nat6', 'net');
	const { place } = await land.member('app', '-l', 'vnet', '-n', 'net');
	await haveSecond();
	await ip(`route add default via ${SECOND.far.address}`);
	await ip(`-6 route add default via ${SECOND.far.address6}`);
	await assertSeen(place, BY_SECOND);
});

test('--nat-if restricts: by any other interface the sender stays as it is', async () => {
	await haveSecond();
	await land.network('-t', 'bridge', ...block(6), '--nat6', '--nat-if', SECOND.near.interface, 'net');
	const { place } = await land.member('app', '-l', 'vnet', '-n', 'net');
	await assertSeen(place, ['silence', 'silence']);
	await ip(`route replace default via ${SECOND.far.address}`);
	await assertSeen(place, [BY_SECOND[0]!, 'silence']);
});

test('the host is no router between its ways out for that, and forgets them with the last network', async () => {
	await haveSecond();
	const settings = ['uplink0', 'uplink1'].flatMap((name) => [
		`net.ipv4.conf.${name}.forwarding`,
		`net.ipv6.conf.${name}.force_forwarding`,
		`net.ipv4.conf.${name}.tag`,
	]);
	const values = async () => (await land.host.insideOutput('sysctl', '-n', ...settings)).trim().split('\n').join();
	const before = await values();
	await land.network('-t', 'bridge', ...block(6), '--nat6', 'net');
	const { place } = await land.member('app', '-l', 'vnet', '-n', 'net');
	await ip(`route replace default via ${SECOND.far.address}`);
	await assertSeen(place, [BY_SECOND[0]!], WORLDS.slice(0, 1));
	assert.notEqual(await values(), before);
	// Somebody on one uplink takes the host for the router to the other.
	await land.outside.route(`${SECOND.far.address}/32`);
	const [through] = await land.ask(land.outside.place, { address: SECOND.far.address, port: 90, timeout: SILENCE });
	assert.equal(through, 'silence');
	await land.clear();
	assert.equal(await values(), before);
});
