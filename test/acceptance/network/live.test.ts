/** Running containers that join and leave networks: the others of their connections never notice. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { outputOf } from '#test/testbed/command.ts';
import { snapshotOfNetwork } from '#test/testbed/snapshot.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import { type Place, SILENCE } from '#test/testbed/traffic/peer.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
	await land.outside.route('fd00:4::/32');
});
after(() => land.close());
afterEach(() => land.clear());

async function networks(...numbers: readonly number[]): Promise<void> {
	for (const number of numbers) {
		const blocks = ['--subnet', `10.4.${number}.0/24`, '--subnet6', `fd00:4:${number}::/64`];
		await land.network('-t', 'bridge', ...blocks, `net${number}`);
	}
}

/** Per family, e.g. `10.4.6.1 10.4.6.2`: next hop or interface of the default route. */
async function defaultRoutes(place: Place): Promise<string[]> {
	const text = await outputOf([...place, 'sh', '-c', 'ip -4 route show default; ip -6 route show default']);
	return text
		.trim()
		.split('\n')
		.map((line) => line.trim());
}

async function assertReachesOut(place: Place): Promise<void> {
	const questions = [FAR.address, FAR.address6].map((address) => ({ address, port: 90 }));
	for (const answer of await land.ask(place, ...questions)) assert.match(answer, /^outside sees /);
}

const ECHOES = 150;

/**
 * Numbers of the first echoes that are answered. With -w it waits for the last one as for the others, and may have sent
 * more by then: without, it would wait 20 ms.
 */
async function echoes(place: Place, address: string): Promise<number[]> {
	const times = ['-i', '0.02', '-c', `${ECHOES}`, '-w', '30'];
	const text = await outputOf([...place, 'ping', '-n', ...times, address]);
	// Not of the lines that tell of errors.
	return [...text.matchAll(/ bytes from .*icmp_seq=(\d+)/g)].map(([, number]) => Number(number));
}

for (const driver of ['vnet', 'ipnet']) {
	test(`a running ${driver} container joins and leaves networks while it talks on another one`, async () => {
		await networks(6, 7);
		const { place } = await land.member('one', '-l', driver, '-n', 'net6');
		const peer = await land.member('peer', '-l', 'vnet', '-n', 'net7', '--ip', '10.4.7.9', '--ip6', 'fd00:4:7::9');
		await land.listen(peer.place, 'peer', 'tcp/80', 'udp/80');
		const addresses = ['10.4.6.1', 'fd00:4:6::1'];
		const pings = addresses.map((address) => echoes(place, address));
		for (let round = 0; round < 3; round += 1) {
			await land.host.kleeOutput('network', 'connect', '--ip', '10.4.7.5', '--ip6', 'fd00:4:7::5', 'net7', 'one');
			const questions = ['10.4.7.9', 'fd00:4:7::9'].map((address) => ({ address, port: 80 }));
			const expected = ['peer sees 10.4.7.5', 'peer sees fd00:4:7::5'];
			assert.deepEqual(await land.ask(place, ...questions), expected);
			await land.host.kleeOutput('network', 'disconnect', 'net7', 'one');
			const answers = await land.ask(place, ...questions.map((one) => ({ ...one, timeout: SILENCE })));
			assert.ok(
				answers.every((answer) => !answer.includes('sees')),
				answers.join(),
			);
		}
		const every = Array.from({ length: ECHOES }, (_, index) => index + 1);
		for (const numbers of await Promise.all(pings)) assert.deepEqual(numbers, every);
		const links = (await outputOf([...place, 'ip', '-o', 'link'])).trim().split('\n');
		assert.equal(links.length, 2);
	});

	test(`the first network of an ${driver} container gives the default route, over restarts too`, async () => {
		await networks(6, 7, 8);
		await land.listen(land.outside.place, 'outside', 'tcp/90');
		const first = await land.member('one', '-l', driver, '-n', 'net7');
		const routes = await defaultRoutes(first.place);
		assert.equal(routes.length, 2);
		assert.match(routes[0]!, driver === 'vnet' ? /via 10\.4\.7\.1 dev epair0b/ : /dev kleene1 .*src 10\.4\.7\.2/);
		for (const network of ['net6', 'net8']) await land.host.kleeOutput('network', 'connect', network, 'one');
		assert.deepEqual(await defaultRoutes(first.place), routes, 'connecting takes nothing over');
		for (let round = 0; round < 2; round += 1) {
			await land.host.kleeOutput('stop', 'one');
			await land.host.kleeOutput('start', '-d', 'one');
			const { place } = await land.of('one');
			assert.deepEqual(await defaultRoutes(place), routes);
			await assertReachesOut(place);
		}
	});

	test(`when the network goes that gave an ${driver} container its default route, the next one does`, async () => {
		await networks(6, 7, 8);
		await land.listen(land.outside.place, 'outside', 'tcp/90');
		const { place } = await land.member('one', '-l', driver, '-n', 'net6', '-p', '8080:80');
		await land.listen(place, 'one', 'tcp/80');
		for (const network of ['net7', 'net8']) await land.host.kleeOutput('network', 'connect', network, 'one');
		const published = [UPLINK.host, UPLINK.host6].map((address) => ({ address, port: 8080 }));
		const interfaces = driver === 'vnet' ? ['epair1b', 'epair2b'] : ['kleene1', 'kleene2'];
		for (const [index, name] of interfaces.entries()) {
			await land.host.kleeOutput('network', 'disconnect', `net${6 + index}`, 'one');
			const routes = await defaultRoutes(place);
			assert.equal(routes.length, 2);
			for (const route of routes) assert.match(route, new RegExp(`dev ${name}\\b`));
			await assertReachesOut(place);
			const seen = [`one sees ${FAR.address}`, `one sees ${FAR.address6}`];
			assert.deepEqual(await land.ask(land.outside.place, ...published), seen, 'and so do its published ports');
		}
		await land.host.kleeOutput('network', 'disconnect', 'net8', 'one');
		assert.deepEqual(await defaultRoutes(place), ['']);
		assert.deepEqual(await land.ask(land.outside.place, published[0]!), ['ECONNREFUSED']);
		await land.host.kleeOutput('network', 'connect', 'net7', 'one');
		await assertReachesOut(place);
	});
}

test('joining a network is refused as a whole when a port cannot be published that would lead there', async () => {
	await networks(6);
	await land.network('-t', 'bridge', '--subnet6', 'fd00:4:7::/64', 'six');
	await land.network('-t', 'bridge', '--subnet', '10.4.8.0/24', 'four');
	const six = await land.member('holder', '-l', 'vnet', '-n', 'six', '-p', '8080:80');
	const { place } = await land.member('one', '-l', 'vnet', '-n', 'four', '-p', '8080:80');
	await land.listen(six.place, 'holder', 'tcp/80');
	await land.listen(place, 'one', 'tcp/80');
	// Without their operational state, which the kernel may tell some time later.
	const links = async () => (await snapshotOfNetwork(land.host.namespace)).get('link');
	const before = await links();
	const refused = await land.host.klee('network', 'connect', 'six', 'one');
	assert.equal(refused.code, 1);
	assert.match(refused.stdout + refused.stderr, /container holder already holds it/);
	assert.deepEqual(await links(), before);
	const published = [UPLINK.host, UPLINK.host6].map((address) => ({ address, port: 8080 }));
	const seen = [`one sees ${FAR.address}`, `holder sees ${FAR.address6}`];
	assert.deepEqual(await land.ask(land.outside.place, ...published), seen);
	await land.host.kleeOutput('stop', 'holder');
	await land.host.kleeOutput('network', 'connect', 'six', 'one');
	assert.deepEqual(await land.ask(land.outside.place, published[1]!), [`one sees ${FAR.address6}`]);
});
