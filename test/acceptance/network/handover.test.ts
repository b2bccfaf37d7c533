/** An address that changes hands: what was on its way to its last holder does not reach the next one. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Landscape, type Member } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import type { Place } from '#test/testbed/traffic/peer.ts';
import { Speaker } from '#test/testbed/traffic/speaker.ts';

let land: Landscape;
const running: Speaker[] = [];
before(async () => {
	land = await Landscape.start();
});
after(() => land.close());
afterEach(async () => {
	for (const speaker of running.splice(0)) await speaker.end();
	await land.clear();
});

function speak(place: Place, script: string): Speaker {
	const speaker = new Speaker(place, script);
	running.push(speaker);
	return speaker;
}

const NET = ['-t', 'bridge', '--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64', '--nat6', 'net'];
const ADDRESSES = ['--ip', '10.4.6.50', '--ip6', 'fd00:4:6::50'];
/** Says what comes to port 5555, and asks the outside from there so that answers come. */
const LISTEN = `const s = createSocket('udp6'); s.bind(5555, '::', () => console.log('ready')); s.on('message', (m) => console.log(String(m)));`;
const ASK = `for (const to of ['::ffff:${FAR.address}', '${FAR.address6}']) setTimeout(() => s.send('?', 7000, to), 200);`;
/** Answers whoever asks, for ever, and sends to a published port all the while, from one port of its own. */
const STREAM = `const s = createSocket('udp6'); const peers = new Map();
	s.bind(7000, '::', () => console.log('ready'));
	s.on('message', (_, from) => { peers.set(from.address, from); console.log('asked by ' + from.address); });
	s.on('error', () => {});
	const c = createSocket('udp6').on('error', () => {});
	setInterval(() => { for (const [address, { port }] of peers) s.send('answer ' + (address.includes('.') ? 4 : 6), port, address, () => {});
		c.send('published 4', 8080, '::ffff:${UPLINK.host}', () => {}); c.send('published 6', 8080, '${UPLINK.host6}', () => {}); }, 25);`;
const FLOWS = ['answer 4', 'answer 6', 'published 4', 'published 6'];

type Leaving = (holder: Member) => Promise<unknown>;

async function assertHandedOver(driver: string, leave: Leaving): Promise<void> {
	await land.network(...NET);
	const outside = speak(land.outside.place, STREAM);
	await outside.hears('ready');
	const last = await land.member('last', '-l', driver, '-n', 'net', ...ADDRESSES, '-p', '8080:5555/udp');
	const holder = speak(last.place, LISTEN + ASK);
	for (const flow of FLOWS) await holder.hears(flow);
	await leave(last);
	await holder.end();
	const next = await land.member('next', '-l', driver, '-n', 'net', ...ADDRESSES);
	const heir = speak(next.place, LISTEN);
	await heir.hears('ready');
	await new Promise((resolve) => setTimeout(resolve, 700));
	assert.equal(heir.heard, 'ready\n');
	assert.match(outside.heard, /asked by ::ffff:192\.0\.2\.1\n/);
	// And it is no deaf one: its own questions are answered.
	const asking = speak(next.place, LISTEN.replace('5555', '5556') + ASK);
	await asking.hears('answer 4');
	await asking.hears('answer 6');
}

for (const driver of ['vnet', 'ipnet']) {
	test(`of an ${driver} container that is removed`, () =>
		assertHandedOver(driver, () => land.host.kleeOutput('rmc', '-f', 'last')));

	test(`of an ${driver} container that leaves the network and goes on`, () =>
		assertHandedOver(driver, () => land.host.kleeOutput('network', 'disconnect', 'net', 'last')));
}

test('of a container that ended while no daemon was there', () =>
	assertHandedOver('vnet', async ({ place }) => {
		await land.host.stopDaemon('SIGKILL');
		process.kill(Number(/--target=(\d+)/.exec(place.join(' '))?.[1]), 'SIGKILL');
		for (const speaker of running.slice(1)) await speaker.end();
		await land.host.startDaemon();
		await land.host.kleeOutput('rmc', '-f', 'last');
	}));
