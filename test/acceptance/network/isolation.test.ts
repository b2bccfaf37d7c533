/** Who reaches whom: the truth table of internal and icc, by packets, with and without the kernel's bridge filter. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import { type Place, type Question, SILENCE } from '#test/testbed/traffic/peer.ts';

let land: Landscape;
const bridgeFilter = (value: 0 | 1) =>
	land.host.insideOutput(
		'sysctl',
		'-w',
		`net.bridge.bridge-nf-call-iptables=${value}`,
		`net.bridge.bridge-nf-call-ip6tables=${value}`,
	);

before(async () => {
	land = await Landscape.start();
	await land.outside.route('10.4.0.0/16');
	await land.outside.route('fd00:4::/32');
});
after(() => land.close());
afterEach(() => land.clear());

const NET = ['-t', 'bridge', '--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64'];
const OTHER = ['-t', 'bridge', '--subnet', '10.4.7.0/24', '--subnet6', 'fd00:4:7::/64'];

/** By name of a member: a listener of its own is on port 80, and 8001 and following lead to it from the host. */
const MEMBERS = {
	vv: { driver: 'vnet', address: '10.4.6.11', address6: 'fd00:4:6::11', port: 8001 },
	ww: { driver: 'vnet', address: '10.4.6.12', address6: 'fd00:4:6::12', port: 8002 },
	plain: { driver: 'vnet', address: '10.4.6.13', address6: 'fd00:4:6::13', port: 0 },
	bare: { driver: 'vnet', address: '10.4.6.14', address6: 'fd00:4:6::14', port: 0 },
	ii: { driver: 'ipnet', address: '10.4.6.21', address6: 'fd00:4:6::21', port: 8003 },
	jj: { driver: 'ipnet', address: '10.4.6.22', address6: 'fd00:4:6::22', port: 0 },
} as const;
type Name = keyof typeof MEMBERS;
const NAMES = Object.keys(MEMBERS) as Name[];

/** Concurrently, since most of the time goes into waiting for silence. */
async function forAll<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
	await Promise.all([...items].map(work));
}

async function populate(...options: readonly string[]): Promise<Map<Name, Place>> {
	await land.network(...NET, ...options, 'net');
	const places = new Map<Name, Place>();
	await forAll(NAMES, async (name) => {
		const { driver, address, address6, port } = MEMBERS[name];
		const publish = port === 0 ? [] : ['-p', `${port}:80`];
		const where = ['-n', 'net', '--ip', address, '--ip6', address6];
		const { place } = await land.member(name, '-l', driver, ...where, ...publish);
		await land.listen(place, name, 'tcp/80', 'udp/80');
		places.set(name, place);
	});
	return places;
}

/** Both protocols and both families. */
function everyWay(address: string, address6: string, port: number): Question[] {
	return [address, address6].flatMap((one) =>
		(['tcp', 'udp'] as const).map((protocol) => ({ protocol, address: one, port })),
	);
}

const toMember = (name: Name) => everyWay(MEMBERS[name].address, MEMBERS[name].address6, 80);
const published = NAMES.filter((name) => MEMBERS[name].port !== 0);

interface Expected {
	readonly who: string;
	readonly by: readonly Question[];
}

async function assertReached(place: Place, ...expected: readonly Expected[]): Promise<void> {
	const questions = expected.flatMap(({ who, by }) => by.map((question) => ({ who, question })));
	const answers = await land.ask(place, ...questions.map(({ question }) => question));
	for (const [index, { who, question }] of questions.entries())
		assert.match(answers[index] ?? '', new RegExp(`^${who} sees `), JSON.stringify(question));
}

async function assertBarred(place: Place, why: string, questions: readonly Question[]): Promise<void> {
	const brief = questions.map((question) => ({ ...question, timeout: SILENCE }));
	for (const [index, answer] of (await land.ask(place, ...brief)).entries())
		assert.doesNotMatch(answer, / sees /, `${why}: ${JSON.stringify(questions[index])}`);
}

const others = (name: Name): Expected[] =>
	NAMES.filter((other) => other !== name).map((who) => ({ who, by: toMember(who) }));
const outside: Expected = { who: 'outside', by: everyWay(FAR.address, FAR.address6, 90) };
const byPorts: Expected[] = published.map((who) => {
	const { port } = MEMBERS[who];
	return { who, by: [UPLINK.host, UPLINK.host6].map((address) => ({ address, port })) };
});

for (const filter of [1, 0] as const)
	describe(`with bridge-nf-call-iptables=${filter}`, () => {
		before(() => bridgeFilter(filter));
		after(() => bridgeFilter(1));

		test('neither internal nor icc off: members reach each other, the outside, and what others publish', async () => {
			const places = await populate();
			await land.listen(land.outside.place, 'outside', 'tcp/90', 'udp/90');
			await forAll(places, ([name, place]) => assertReached(place, ...others(name), outside, ...byPorts));
		});

		test('icc off: members reach each other by published ports only, and the outside', async () => {
			const places = await populate('--icc', 'false');
			await land.listen(land.outside.place, 'outside', 'tcp/90', 'udp/90');
			await forAll(places, async ([name, place]) => {
				await assertReached(place, outside, ...byPorts);
				const direct = others(name).flatMap(({ by }) => by);
				await assertBarred(place, `${name} to members`, direct);
			});
		});

		test('internal: members reach each other, and nothing else reaches or is reached', async () => {
			const places = await populate('--internal');
			await forAll(places, ([name, place]) => assertReached(place, ...others(name)));
			await assertCutOff(places);
		});

		test('internal with icc off: nobody reaches anybody', async () => {
			const places = await populate('--internal', '--icc', 'false');
			await forAll(places, ([name, place]) => {
				const direct = others(name).flatMap(({ by }) => by);
				return assertBarred(place, `${name} to members`, direct);
			});
			await assertCutOff(places);
		});
	});

/** No way out, none to services of the host, none to or by published ports. */
async function assertCutOff(places: ReadonlyMap<Name, Place>): Promise<void> {
	await land.network(...OTHER, 'other');
	const { place: stranger } = await land.member('stranger', '-l', 'vnet', '-n', 'other', '-p', '8010:80');
	await land.listen(stranger, 'stranger', 'tcp/80');
	await land.listen(land.hostPlace, 'host', 'tcp/70', 'udp/70');
	await land.listen(land.outside.place, 'outside', 'tcp/90', 'udp/90');
	await assertReached(land.outside.place, { who: 'stranger', by: [{ address: UPLINK.host, port: 8010 }] });
	await assertReached(stranger, outside, { who: 'host', by: everyWay('10.4.7.1', 'fd00:4:7::1', 70) });
	await forAll(places, ([name, place]) =>
		assertBarred(place, `${name} outward`, [
			...outside.by,
			...everyWay('10.4.6.1', 'fd00:4:6::1', 70),
			...everyWay(UPLINK.host, UPLINK.host6, 70),
			...[8001, 8003, 8010].flatMap((port) => everyWay(UPLINK.host, UPLINK.host6, port)),
		]),
	);
	const inward = [8001, 8003].flatMap((port) => everyWay(UPLINK.host, UPLINK.host6, port));
	const direct = NAMES.flatMap(toMember);
	await assertBarred(land.outside.place, 'from outside', [...inward, ...direct]);
	await assertBarred(stranger, 'from another network', [...inward, ...direct]);
}

test('networks reach each other, and the outside reaches them, by published ports only', async () => {
	const places = await populate();
	await land.network(...OTHER, 'other');
	const addresses = { vnet: ['10.4.7.11', 'fd00:4:7::11'], ipnet: ['10.4.7.21', 'fd00:4:7::21'] } as const;
	const strangers: Place[] = [];
	await forAll(['vnet', 'ipnet'] as const, async (driver) => {
		const [address, address6] = addresses[driver];
		const where = ['-n', 'other', '--ip', address, '--ip6', address6];
		const { place } = await land.member(`stranger-${driver}`, '-l', driver, ...where);
		await land.listen(place, `stranger-${driver}`, 'tcp/80', 'udp/80');
		strangers.push(place);
	});
	await forAll([...strangers, land.outside.place], async (place) => {
		await assertReached(place, ...byPorts);
		await assertBarred(place, 'to the containers', NAMES.flatMap(toMember));
	});
	const back = Object.values(addresses).flatMap(([address, address6]) => everyWay(address, address6, 80));
	await forAll([...places.values(), land.outside.place], (place) => assertBarred(place, 'to another network', back));
});
