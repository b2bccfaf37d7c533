/** A container on two networks that publishes by one of them, and is asked from the other. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Trace } from '#api/diagnosis.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import type { Place, Question } from '#test/testbed/traffic/peer.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
});
after(() => land.close());
afterEach(() => land.clear());

const block = (number: number) => ['--subnet', `10.4.${number}.0/24`, '--subnet6', `fd00:4:${number}::/64`];
const PORTS = ['-p', '8080:80', '-p', '8080:80/udp'];

/** Both protocols, each at every address. */
const ways = (...addresses: readonly string[]): Question[] =>
	addresses.flatMap((address) => (['tcp', 'udp'] as const).map((protocol) => ({ protocol, address, port: 8080 })));

async function assertReached(place: Place, who: string, ...addresses: readonly string[]): Promise<void> {
	const questions = ways(...addresses);
	for (const [index, answer] of (await land.ask(place, ...questions)).entries())
		assert.match(answer, /^web sees /, `${who}: ${JSON.stringify(questions[index])}`);
}

for (const driver of ['vnet', 'ipnet'])
	test(`an ${driver} container is reached from everywhere, whichever of its networks gives its default route`, async () => {
		await land.network('-t', 'bridge', ...block(6), 'front');
		await land.network('-t', 'bridge', ...block(7), 'back');
		await land.network('-t', 'bridge', ...block(8), 'third');
		const web = await land.member('web', '-l', driver, '-n', 'front', ...PORTS);
		await land.host.kleeOutput('network', 'connect', 'back', 'web');
		await land.listen(web.place, 'web', 'tcp/80', 'udp/80');
		const clients = new Map<string, { place: Place; gateways: readonly string[] }>();
		for (const [network, number] of [
			['front', 6],
			['back', 7],
			['third', 8],
		] as const)
			for (const kind of ['vnet', 'ipnet']) {
				const { place } = await land.member(`${network}-${kind}`, '-l', kind, '-n', network);
				clients.set(`${network}-${kind}`, { place, gateways: [`10.4.${number}.1`, `fd00:4:${number}::1`] });
			}
		const assertAll = async (place: Place, round: string) => {
			for (const [name, client] of clients)
				await assertReached(client.place, `${name}, ${round}`, UPLINK.host, UPLINK.host6, ...client.gateways);
			await assertReached(
				place,
				'itself',
				UPLINK.host,
				UPLINK.host6,
				'10.4.6.1',
				'fd00:4:6::1',
				'10.4.7.1',
				'fd00:4:7::1',
			);
			const [tcp, udp, tcp6, udp6] = await land.ask(land.outside.place, ...ways(UPLINK.host, UPLINK.host6));
			assert.deepEqual([tcp, udp], Array(2).fill(`web sees ${FAR.address}`));
			assert.deepEqual([tcp6, udp6], Array(2).fill(`web sees ${FAR.address6}`));
		};
		await assertAll(web.place, 'first');
		const { stdout } = await land.host.klee('network', 'trace', 'back-vnet', `${UPLINK.host}:8080`, '--json');
		const told = JSON.parse(stdout) as Trace;
		assert.equal(told.verdict, 'reachable', stdout);
		assert.ok(told.hops.some(({ what }) => what.startsWith('the sender becomes the host')));
		// The other way round: it answers by the network that it does not publish by.
		await land.host.kleeOutput('network', 'disconnect', 'back', 'web');
		await land.host.kleeOutput('network', 'connect', '--default-route', 'back', 'web');
		await land.host.kleeOutput('stop', '-t', '0', 'web');
		await land.host.kleeOutput('start', '-d', 'web');
		const again = await land.of('web');
		await land.listen(again.place, 'web', 'tcp/80', 'udp/80');
		await assertAll(again.place, 'again');
	});
