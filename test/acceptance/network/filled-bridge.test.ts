/** A container that sends frames of thousands of senders, or with the MAC address of another, harms nobody on its bridge. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { outputOf } from '#test/testbed/command.ts';
import { sendFrames } from '#test/testbed/traffic/frames.ts';
import { Landscape, type Member } from '#test/testbed/traffic/landscape.ts';
import type { Place } from '#test/testbed/traffic/peer.ts';
import { Speaker } from '#test/testbed/traffic/speaker.ts';

let land: Landscape;
const ears: Speaker[] = [];
before(async () => {
	land = await Landscape.start();
});
after(() => land.close());
afterEach(async () => {
	for (const ear of ears.splice(0)) await ear.end();
	await land.clear();
});

const CABLE = 'epair0b';
const member = (name: string, last: number) => land.member(name, '-l', 'vnet', '-n', 'net', '--ip', `10.4.6.${last}`);
const entries = async () => {
	const lines = (await land.host.insideOutput('bridge', 'fdb', 'show', 'br', 'kleene0')).trim().split('\n');
	return lines.filter((line) => !/ (33:33|01:00)/.test(` ${line}`));
};
const macOf = async ({ place }: Member) => {
	const [link] = JSON.parse(await outputOf([...place, 'ip', '-j', 'link', 'show', CABLE])) as { address: string }[];
	return link?.address ?? '';
};
const receivedBy = async ({ place }: Member) => {
	const text = await outputOf([...place, 'ip', '-j', '-s', 'link', 'show', CABLE]);
	const [link] = JSON.parse(text) as { stats64: { rx: { packets: number } } }[];
	return link?.stats64.rx.packets ?? 0;
};

/** Counts what comes to a UDP port. */
async function listen(place: Place, port: number): Promise<Speaker> {
	const script = `let n = 0; const s = createSocket('udp4', () => console.log('heard ' + ++n + '.'));
		s.bind(${port}, () => console.log('ready'));`;
	const ear = new Speaker(place, script);
	ears.push(ear);
	await ear.hears('ready');
	return ear;
}

/** Twenty datagrams, from one who is never answered. */
async function sendTwenty(place: Place, address: string, port: number): Promise<void> {
	const script = `const s = require('node:dgram').createSocket('udp4'); let left = 20;
		const next = () => left-- > 0 ? s.send('x', ${port}, '${address}', () => setTimeout(next, 5)) : s.close(); next();`;
	await outputOf([...place, process.execPath, '-e', script]);
}

test('the table of a bridge has its bounds, and members are known whatever is in it', async () => {
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'net');
	const [thief, one, other] = [await member('thief', 2), await member('one', 3), await member('other', 4)];
	const to = await macOf(one);
	await sendFrames(thief.place, { interface: CABLE, to, count: 20_000 });
	const known = (await entries()).length;
	assert.ok(known < 1200, `${known} entries`);
	// Who is connected only now is known as well: nothing that is for it is handed to everybody.
	const late = await member('late', 5);
	const ear = await listen(late.place, 90);
	await sendTwenty(other.place, '10.4.6.5', 90);
	await ear.hears('heard 20.');
	const before = await receivedBy(thief);
	await sendTwenty(other.place, '10.4.6.5', 90);
	await ear.hears('heard 40.');
	const seen = (await receivedBy(thief)) - before;
	assert.ok(seen < 15, `the other one saw ${seen} frames`);
});

test('what is for a member does not go to who uses its MAC address', async () => {
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'net');
	const [thief, owner, other] = [await member('thief', 2), await member('owner', 3), await member('other', 4)];
	const ear = await listen(owner.place, 90);
	await sendTwenty(other.place, '10.4.6.3', 90);
	await ear.hears('heard 20.');
	await sendFrames(thief.place, { interface: CABLE, to: await macOf(other), from: await macOf(owner), count: 50 });
	await sendTwenty(other.place, '10.4.6.3', 90);
	await ear.hears('heard 40.');
	await land.host.stopDaemon('SIGKILL');
	await land.host.startDaemon();
	await sendFrames(thief.place, { interface: CABLE, to: await macOf(other), from: await macOf(owner), count: 50 });
	await sendTwenty(other.place, '10.4.6.3', 90);
	await ear.hears('heard 60.');
});

test('a container that is a bridge itself is reached by what is behind it, also when the table is full', async () => {
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'net');
	const [thief, bridge, other] = [await member('thief', 2), await member('bridge', 3), await member('other', 4)];
	const commands = [
		'ip link add inner0 type bridge',
		'ip link set inner0 address 02:00:00:00:be:ef up',
		`ip address flush dev ${CABLE}`,
		`ip link set ${CABLE} master inner0`,
		'ip address add 10.4.6.99/24 dev inner0',
	];
	await outputOf([...bridge.place, 'sh', '-ec', commands.join('\n')]);
	await land.listen(bridge.place, 'inner', 'tcp/80');
	const question = { address: '10.4.6.99', port: 80 };
	assert.deepEqual(await land.ask(other.place, question), ['inner sees 10.4.6.4']);
	await sendFrames(thief.place, { interface: CABLE, to: '02:00:00:00:00:01', count: 5000 });
	await land.host.insideOutput('ip', 'link', 'set', 'kleene0', 'type', 'bridge', 'fdb_flush');
	await sendFrames(thief.place, { interface: CABLE, to: '02:00:00:00:00:01', count: 5000 });
	assert.deepEqual(await land.ask(other.place, question), ['inner sees 10.4.6.4']);
	assert.deepEqual(await land.ask(land.hostPlace, question), ['inner sees 10.4.6.1']);
});
