/** A restart of the daemon costs no packet: every one is counted, in both directions, through every kind of published port. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ruleset } from '#test/testbed/ruleset.ts';
import { type Flow, FlowEnd, losses, type Tallies } from '#test/testbed/traffic/flows.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';

let land: Landscape;
const ends: FlowEnd[] = [];
before(async () => {
	land = await Landscape.start();
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64', 'net');
	await land.network('-t', 'bridge', '--subnet', '10.4.7.0/24', '--subnet6', 'fd00:4:7::/64', 'other');
});
after(async () => {
	for (const end of ends) await end.stop();
	await land.close();
});

const DRIVERS = { vnet: 8000, ipnet: 9000 } as const;
type Driver = keyof typeof DRIVERS;
const EVERYWHERE = [UPLINK.host, UPLINK.host6];

/** Every address, one address, an interface, a range. */
const publishedBy = (base: number) => [
	...['-p', `${base + 1}:81`, '-p', `${base + 1}:81/udp`],
	...['-p', `${UPLINK.host}:${base + 2}:82/udp`, '-p', `[${UPLINK.host6}]:${base + 2}:82/udp`],
	...['-p', `${UPLINK.interface}:${base + 3}:83/udp`],
	...['-p', `${base + 100}-${base + 119}:${base + 100}-${base + 119}/udp`],
];

/** One in which both speak, and one in which only the server does, for each address. */
function flowsTo(who: string, protocol: 'tcp' | 'udp', port: number, addresses: readonly string[]): Flow[] {
	return addresses.flatMap((address) =>
		(['both', 'server'] as const).map((speaks) => {
			return { name: `${who}>${protocol}/${address}/${port}/${speaks}`, protocol, address, port, speaks };
		}),
	);
}

const fromOutside = (base: number): Flow[] => [
	...flowsTo('outside', 'tcp', base + 1, EVERYWHERE),
	...[1, 2, 3, 4, 100, 119].flatMap((offset) => flowsTo('outside', 'udp', base + offset, EVERYWHERE)),
];

const fromInside = (who: string, base: number, ...more: readonly string[]): Flow[] =>
	(['tcp', 'udp'] as const).flatMap((protocol) => flowsTo(who, protocol, base + 1, [...EVERYWHERE, ...more]));

async function serve(driver: Driver): Promise<FlowEnd[]> {
	const base = DRIVERS[driver];
	const web = await land.member(driver, '-l', driver, '-n', 'net', ...publishedBy(base));
	const guarded = ['-p', `${base + 4}:84/udp`, '--publish-from', FAR.address, '--publish-from', FAR.address6];
	const friend = await land.member(`${driver}-guarded`, '-l', driver, '-n', 'net', ...guarded);
	const range = [100, 119].map((offset) => `udp/${base + offset}`);
	return [
		await FlowEnd.serve(web.place, ['tcp/81', 'udp/81', 'udp/82', 'udp/83', ...range]),
		await FlowEnd.serve(friend.place, ['udp/84']),
	];
}

async function callAll(): Promise<FlowEnd[]> {
	const bases = Object.values(DRIVERS);
	const near = await land.member('near', '-l', 'vnet', '-n', 'net');
	const far = await land.member('far', '-l', 'ipnet', '-n', 'other');
	const places = [
		[land.outside.place, bases.flatMap(fromOutside)],
		[land.hostPlace, bases.flatMap((base) => fromInside('host', base, '127.0.0.1'))],
		[near.place, bases.flatMap((base) => fromInside('near', base))],
		[far.place, bases.flatMap((base) => fromInside('far', base))],
		...(await Promise.all(
			(Object.keys(DRIVERS) as Driver[]).map(async (driver) => {
				return [(await land.of(driver)).place, fromInside(`itself-${driver}`, DRIVERS[driver])] as const;
			}),
		)),
	] as const;
	return Promise.all(places.map(([place, flows]) => FlowEnd.call(place, flows)));
}

/** By their handles, and without counts: a rule that was made anew has another. */
const rules = () => land.host.insideOutput('nft', '-a', '-s', 'list', 'table', 'inet', 'kleene');
const all = async (some: readonly FlowEnd[]): Promise<Tallies> =>
	Object.assign({}, ...(await Promise.all(some.map((end) => end.tallies()))));
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('nothing is lost, however the daemon ends, and no rule is made anew', { timeout: 240_000 }, async (t) => {
	const servers = [...(await serve('vnet')), ...(await serve('ipnet'))];
	ends.push(...servers);
	const callers = await callAll();
	ends.push(...callers);
	const before = await rules();
	for (const signal of ['SIGTERM', 'SIGKILL', 'SIGTERM', 'SIGKILL'] as const) {
		await land.host.stopDaemon(signal);
		await pause(200);
		await land.host.startDaemon();
		await pause(500);
	}
	for (const end of [...callers, ...servers]) await end.hush();
	await pause(1000);
	const [called, served] = [await all(callers), await all(servers)];
	assert.equal(losses(called, served).join('\n'), '');
	const packets = [...Object.values(called), ...Object.values(served)].reduce((sum, { sent }) => sum + sent, 0);
	t.diagnostic(`${packets} packets sent, over ${Object.keys(called).length} flows and four restarts`);
	assert.ok(packets > 10_000, `${packets} packets`);
	assert.equal(await rules(), before);
	assert.equal((await land.host.klee('network', 'doctor')).code, 0);
});

test('what was taken away while no daemon ran is there again, however much of it', async () => {
	const whole = await ruleset(land.host);
	await land.host.stopDaemon('SIGKILL');
	await land.host.insideOutput('nft', 'flush', 'chain', 'inet', 'kleene', 'guard');
	await land.host.insideOutput('nft', 'delete', 'element', 'inet', 'kleene', 'published_ports4', '{ udp . 8001 }');
	await land.host.startDaemon();
	assert.equal(await ruleset(land.host), whole);
	await land.host.stopDaemon('SIGTERM');
	await land.host.insideOutput('nft', 'delete', 'table', 'inet', 'kleene');
	await land.host.startDaemon();
	assert.equal(await ruleset(land.host), whole);
});
