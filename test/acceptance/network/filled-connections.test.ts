/** A container that begins connections without end takes no more than its share of what the host can track. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { outputOf } from '#test/testbed/command.ts';
import { FlowEnd, losses } from '#test/testbed/traffic/flows.ts';
import { Landscape, type Member } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import type { Place } from '#test/testbed/traffic/peer.ts';

let land: Landscape;
const ends: FlowEnd[] = [];
before(async () => {
	land = await Landscape.start();
});
after(() => land.close());
afterEach(async () => {
	for (const end of ends.splice(0)) await end.stop();
	await land.clear();
});

async function withLimit(connections: number): Promise<void> {
	await land.host.stopDaemon();
	await land.host.startDaemon('--max-connections', `${connections}`);
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64', '--nat6', 'net');
}

/** Sends a datagram to each of so many ports, from each of these addresses. */
async function flood(
	place: Place,
	to: string,
	{ ports, from }: { ports: number; from: readonly string[] },
): Promise<void> {
	const family = to.includes(':') ? 6 : 4;
	const script = `const { createSocket } = require('node:dgram'); const from = ${JSON.stringify(from)};
		const one = (address, done) => { const s = createSocket('udp${family}').on('error', () => {}); let port = 10000;
			const some = () => { for (let n = 0; n < 50 && port < ${10_000 + ports}; n += 1) s.send('x', port++, '${to}', () => {});
				if (port < ${10_000 + ports}) setTimeout(some, 2); else setTimeout(() => { s.close(); done(); }, 20); };
			s.bind(0, address, some); };
		const next = () => { const address = from.shift(); if (address) one(address, next); }; next();`;
	await outputOf([...place, process.execPath, '-e', script]);
}

/** Connections that the host tracks, by the beginning of the address that they came from. */
async function trackedFrom(prefix: string): Promise<number> {
	const lines = (await land.host.insideOutput('cat', '/proc/net/nf_conntrack')).split('\n');
	return lines.filter((line) => /src=(\S+)/.exec(line)?.[1]?.startsWith(prefix)).length;
}

/** As the kernel writes it there. */
const SIX = 'fd00:0004:0006:0000:0000:0000:0000:';

for (const driver of ['vnet', 'ipnet'])
	test(`an ${driver} container has its limit, keeps what it has, and is in nobody's way`, async () => {
		await withLimit(300);
		const options = ['-l', driver, '-n', 'net', '--ip', '10.4.6.2', '--ip6', 'fd00:4:6::2', '-p', '8080:80'];
		const busy = await land.member('busy', ...options);
		const calm = await land.member('calm', '-l', driver, '-n', 'net', '--ip', '10.4.6.3', '--ip6', 'fd00:4:6::3');
		const server = await FlowEnd.serve(land.outside.place, ['udp/90', 'tcp/90']);
		ends.push(server);
		const flows = (['udp', 'tcp'] as const).flatMap((protocol) =>
			[FAR.address, FAR.address6].map((address) => {
				return { name: `busy>${protocol}/${address}`, protocol, address, port: 90, speaks: 'both' } as const;
			}),
		);
		const talk = await FlowEnd.call(busy.place, flows);
		ends.push(talk);
		await flood(busy.place, FAR.address, { ports: 2000, from: ['10.4.6.2'] });
		await flood(busy.place, FAR.address6, { ports: 2000, from: ['fd00:4:6::2'] });
		const [four, six] = [await trackedFrom('10.4.6.2'), await trackedFrom(`${SIX}0002`)];
		for (const count of [four, six]) assert.ok(count > 250 && count <= 310, `${four} and ${six} are tracked`);
		await land.listen(land.outside.place, 'outside', 'tcp/91');
		const questions = [FAR.address, FAR.address6].map((address) => ({ address, port: 91 }));
		assert.deepEqual(await land.ask(calm.place, ...questions), [
			`outside sees ${UPLINK.host}`,
			`outside sees ${UPLINK.host6}`,
		]);
		// What comes in by a published port was not begun by the container.
		await land.listen(busy.place, 'busy', 'tcp/80');
		const published = { address: UPLINK.host, port: 8080 };
		assert.deepEqual(await land.ask(land.outside.place, published), [`busy sees ${FAR.address}`]);
		for (const end of [talk, server]) await end.hush();
		await new Promise((resolve) => setTimeout(resolve, 500));
		assert.equal(losses(await talk.tallies(), await server.tallies()).join('\n'), '');
		assert.equal((await land.host.klee('network', 'doctor')).code, 0);
	});

/** Gives itself a part of its subnet, as root in a vnet container may. */
async function borrow({ place }: Member, addresses: readonly string[]): Promise<void> {
	const lines = addresses.map((address) => `ip address add ${address}/32 dev epair0b`);
	await outputOf([...place, 'sh', '-ec', lines.join('\n')]);
}

test("addresses that are nobody's have one limit together, and a limit that is not counted one by one holds about", async () => {
	await withLimit(4000);
	const busy = await land.member('busy', '-l', 'vnet', '-n', 'net', '--ip', '10.4.6.2');
	const others = Array.from({ length: 20 }, (_, index) => `10.4.6.${200 + index}`);
	await borrow(busy, others);
	await flood(busy.place, FAR.address, { ports: 1000, from: others });
	const [all, first] = [await trackedFrom('10.4.6.2'), await trackedFrom('10.4.6.200')];
	assert.equal(first, 1000);
	assert.ok(all > 3000 && all < 6000, `${all} are tracked`);
	// Its own address has a limit of its own, and is not blocked with the others.
	await flood(busy.place, FAR.address, { ports: 1000, from: ['10.4.6.2'] });
	assert.equal((await trackedFrom('10.4.6.2')) - all, 1000);
});

test('room that is given back can be had again, also by the next daemon', async () => {
	await withLimit(100);
	await land.host.insideOutput('sysctl', '-qw', 'net.netfilter.nf_conntrack_udp_timeout=2');
	const busy = await land.member('busy', '-l', 'vnet', '-n', 'net', '--ip', '10.4.6.2');
	for (const round of [1, 2, 3]) {
		await flood(busy.place, FAR.address, { ports: 400, from: ['10.4.6.2'] });
		const count = await trackedFrom('10.4.6.2');
		assert.ok(count > 80 && count <= 105, `${count} are tracked in round ${round}`);
		await new Promise((resolve) => setTimeout(resolve, 3500));
		if (round < 2) continue;
		await land.host.stopDaemon('SIGKILL');
		await land.host.startDaemon();
	}
	await land.host.insideOutput('sysctl', '-qw', 'net.netfilter.nf_conntrack_udp_timeout=30');
});
