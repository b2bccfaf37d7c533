/** Which network of a container gives its default route: the open one whatever the order, and the one that is asked for. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { outputOf } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { FlowEnd, losses } from '#test/testbed/traffic/flows.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import type { Place } from '#test/testbed/traffic/peer.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
});
after(() => land.close());
afterEach(() => land.clear());

const OUT = [FAR.address, FAR.address6].map((address) => ({ address, port: 90 }));
const SEEN = [`outside sees ${UPLINK.host}`, `outside sees ${UPLINK.host6}`];
const IN = [UPLINK.host, UPLINK.host6].map((address) => ({ address, port: 8080 }));

async function network(number: number, ...options: readonly string[]): Promise<void> {
	const blocks = ['--subnet', `10.4.${number}.0/24`, '--subnet6', `fd00:4:${number}::/64`];
	await land.network('-t', 'bridge', ...blocks, '--nat6', ...options);
}

async function routedBy(place: Place): Promise<string[]> {
	const text = await outputOf([...place, 'sh', '-c', 'ip -4 route show default; ip -6 route show default']);
	return [...text.matchAll(/ dev (\S+)/g)].map(([, name]) => name ?? '');
}

for (const driver of ['vnet', 'ipnet']) {
	test(`an ${driver} container on an internal network and an open one leaves by the open one, whatever the order`, async () => {
		await network(6, '--internal', 'closed');
		await network(7, 'open');
		await land.listen(land.outside.place, 'outside', 'tcp/90');
		await land.host.kleeOutput(
			'create',
			'--name',
			'one',
			'-l',
			driver,
			'-n',
			'closed',
			'-p',
			'8080:80',
			'Debian',
			'sleep',
			'600',
		);
		await land.host.kleeOutput('network', 'connect', 'open', 'one');
		for (let round = 0; round < 2; round += 1) {
			await land.host.kleeOutput('start', '-d', 'one');
			const { place } = await land.of('one');
			await land.listen(place, 'one', 'tcp/80');
			assert.deepEqual(await land.ask(place, ...OUT), SEEN);
			assert.deepEqual(await land.ask(land.outside.place, ...IN), [
				`one sees ${FAR.address}`,
				`one sees ${FAR.address6}`,
			]);
			await land.host.kleeOutput('stop', '-t', '0', 'one');
		}
	});

	test(`and so does an ${driver} container that runs when the open one comes`, async () => {
		await network(6, '--internal', 'closed');
		await network(7, 'open');
		await land.listen(land.outside.place, 'outside', 'tcp/90');
		const { place } = await land.member('one', '-l', driver, '-n', 'closed', '-p', '8080:80');
		await land.listen(place, 'one', 'tcp/80');
		const closed = await routedBy(place);
		await land.host.kleeOutput('network', 'connect', 'open', 'one');
		assert.deepEqual(await land.ask(place, ...OUT), SEEN);
		assert.deepEqual(await land.ask(land.outside.place, ...IN), [
			`one sees ${FAR.address}`,
			`one sees ${FAR.address6}`,
		]);
		await land.host.kleeOutput('network', 'disconnect', 'open', 'one');
		assert.deepEqual(await routedBy(place), closed);
	});

	test(`--default-route takes effect on a running ${driver} container at once, and connections go on`, async () => {
		await network(6, 'first');
		await network(7, 'second');
		const { place } = await land.member('one', '-l', driver, '-n', 'first');
		const server = await FlowEnd.serve(land.outside.place, ['udp/91', 'tcp/91']);
		const flows = [FAR.address, FAR.address6].flatMap((address) =>
			(['udp', 'tcp'] as const).map((protocol) => {
				return { name: `${protocol}-${address}`, protocol, address, port: 91, speaks: 'both' as const };
			}),
		);
		const calls = await FlowEnd.call(place, flows);
		const before = await routedBy(place);
		const { stdout } = await land.host.klee('network', 'connect', '--dry-run', '--default-route', 'second', 'one');
		assert.match(stdout, /route replace default/);
		await land.host.kleeOutput('network', 'connect', '--default-route', 'second', 'one');
		const now = await routedBy(place);
		assert.equal(now.length, 2);
		assert.notDeepEqual(now, before);
		await land.listen(land.outside.place, 'outside', 'tcp/90');
		assert.deepEqual(await land.ask(place, ...OUT), SEEN);
		await calls.hush();
		await server.hush();
		let lost: string[] = [];
		const quiet = async () => {
			lost = losses(await calls.tallies(), await server.tallies());
			return lost.length === 0;
		};
		await eventually('every packet arrived', quiet, { within: 3000 }).catch(() => assert.deepEqual(lost, []));
		await calls.stop();
		await server.stop();
		assert.equal((await land.host.klee('network', 'doctor')).code, 0);
		// The next start chooses the same.
		await land.host.kleeOutput('stop', '-t', '0', 'one');
		await land.host.kleeOutput('start', '-d', 'one');
		assert.deepEqual(await routedBy((await land.of('one')).place), now);
		await land.host.kleeOutput('network', 'disconnect', 'second', 'one');
		assert.deepEqual(await routedBy((await land.of('one')).place), before);
	});
}
