/** What a container may send and receive: `--bandwidth`, by transfers that take as long as they have to. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { outputOf } from '#test/testbed/command.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import type { Place } from '#test/testbed/traffic/peer.ts';
import { send, serve } from '#test/testbed/traffic/transfer.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'testnet');
});
after(() => land.close());
afterEach(() => land.host.removeContainers());

const LIMIT = 40;
/** Frame headers are counted too, and a burst goes at once; a busy machine is slower. */
const BOUNDS = { least: 0.4 * LIMIT, most: 1.1 * LIMIT };

/** Mbit/s of a transfer that at the limit takes a second. */
async function rateOf(from: Place, to: { place: Place; address: string }): Promise<number> {
	const end = await serve(to.place, 5001);
	try {
		return 8 * 1.048576 * (await send(from, { address: to.address, port: 5001 }, 5));
	} finally {
		await end();
	}
}

function requireLimited(rate: number, what: string): void {
	assert.ok(rate > BOUNDS.least && rate < BOUNDS.most, `${what}: ${rate.toFixed(1)} Mbit/s`);
}

async function qdisc(place: Place, name: string): Promise<string> {
	return outputOf([...place, 'tc', 'qdisc', 'show', 'dev', name]);
}

for (const driver of ['vnet', 'ipnet'] as const)
	test(`a ${driver} container is held to it in each direction, and its peers are not`, async () => {
		const options = ['-l', driver, '-n', 'testnet'];
		const slow = await land.member('slow', ...options, '--ip', '10.4.6.10', '--bandwidth', `${LIMIT}mbit`);
		const quick = await land.member('quick', ...options, '--ip', '10.4.6.11');
		const other = await land.member('other', ...options, '--ip', '10.4.6.12');
		const inside = driver === 'vnet' ? 'epair0b' : 'kleene0';
		assert.match(await qdisc(slow.place, inside), new RegExp(`tbf .*rate ${LIMIT}Mbit`));
		assert.doesNotMatch(await qdisc(quick.place, inside), /tbf/);
		requireLimited(await rateOf(slow.place, { place: quick.place, address: '10.4.6.11' }), 'it sends');
		requireLimited(await rateOf(quick.place, { place: slow.place, address: '10.4.6.10' }), 'it receives');
		const free = await rateOf(quick.place, { place: other.place, address: '10.4.6.12' });
		assert.ok(free > 2 * LIMIT, `without a limit: ${free.toFixed(1)} Mbit/s`);
	});

test('every network that it joins while running is limited too, and so it is after a restart', async () => {
	await land.network('-t', 'bridge', '--subnet', '10.4.7.0/24', 'second');
	const slow = await land.member('slow', '-l', 'vnet', '-n', 'testnet', '--bandwidth', `${LIMIT}mbit`);
	await land.host.kleeOutput('network', 'connect', 'second', 'slow', '--ip', '10.4.7.10');
	for (const name of ['epair0b', 'epair1b'])
		assert.match(await qdisc(slow.place, name), new RegExp(`rate ${LIMIT}Mbit`));
	const gateway = { place: land.hostPlace, address: '10.4.7.1' };
	requireLimited(await rateOf(slow.place, gateway), 'it sends over the second network');
	requireLimited(await rateOf(land.hostPlace, { place: slow.place, address: '10.4.7.10' }), 'it receives over it');
	await land.host.kleeOutput('restart', 'slow');
	const again = await land.of('slow');
	for (const name of ['epair0b', 'epair1b'])
		assert.match(await qdisc(again.place, name), new RegExp(`rate ${LIMIT}Mbit`));
	const all = await outputOf([...land.hostPlace, 'tc', 'qdisc', 'show']);
	const limits = all.split('\n').filter((line) => /tbf .*dev epair\d+a/.test(line));
	assert.equal(limits.length, 2, limits.join('\n'));
});
