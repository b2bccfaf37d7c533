/** How large a packet may be on a network: on the interfaces, and for packets that may not be cut. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { outputOf, run } from '#test/testbed/command.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import type { Place } from '#test/testbed/traffic/peer.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
});
after(() => land.close());
afterEach(() => land.clear());

/** Headers of an echo request. */
const HEADERS = { 4: 28, 6: 48 };

/** What becomes of a packet of this size that nobody may cut. */
async function fate(from: Place, address: string, size: number): Promise<'arrives' | 'is too long' | 'is lost'> {
	const payload = size - HEADERS[address.includes(':') ? 6 : 4];
	const argv = ['ping', '-n', '-c', '1', '-W', '3', '-M', 'do', '-s', String(payload), address];
	const { code, stdout, stderr } = await run([...from, ...argv]);
	if (code === 0) return 'arrives';
	return /message too long|Frag needed|Packet too big/i.test(stdout + stderr) ? 'is too long' : 'is lost';
}

/** To all addresses at once: ping waits a while for what is never sent. */
async function requireLimit(from: Place, addresses: readonly string[], mtu: number): Promise<void> {
	await Promise.all(
		addresses.map(async (address) => {
			const [fitting, longer] = await Promise.all([fate(from, address, mtu), fate(from, address, mtu + 1)]);
			assert.equal(fitting, 'arrives', `${mtu} bytes to ${address}`);
			assert.equal(longer, 'is too long', `${mtu + 1} bytes to ${address}`);
		}),
	);
}

async function mtuOf(place: Place, name: string): Promise<number> {
	const [link] = JSON.parse(await outputOf([...place, 'ip', '-json', 'link', 'show', name])) as { mtu: number }[];
	return link!.mtu;
}

async function cables(): Promise<{ ifname: string; mtu: number }[]> {
	const all = JSON.parse(await outputOf([...land.hostPlace, 'ip', '-json', 'link'])) as {
		ifname: string;
		mtu: number;
	}[];
	return all.filter(({ ifname }) => /^epair\d+a$/.test(ifname));
}

describe('the MTU of a network', () => {
	test('is that of the uplink, whatever that is, on both ends of each cable', async () => {
		for (const [place, name] of [
			[land.hostPlace, UPLINK.interface],
			[land.outside.place, FAR.interface],
		] as const)
			await outputOf([...place, 'ip', 'link', 'set', name, 'mtu', '1400']);
		await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'slim');
		const { network } = await land.host.kleeJson<{ network: { mtu: number } }>('network', 'inspect', 'slim');
		assert.equal(network.mtu, 1400);
		const vnet = await land.member('vnet', '-l', 'vnet', '-n', 'slim', '--ip', '10.4.6.10');
		const ipnet = await land.member('ipnet', '-l', 'ipnet', '-n', 'slim', '--ip', '10.4.6.20');
		assert.equal(await mtuOf(vnet.place, 'epair0b'), 1400);
		assert.equal(await mtuOf(ipnet.place, 'kleene0'), 1400);
		assert.deepEqual(
			(await cables()).map(({ mtu }) => mtu),
			[1400, 1400],
		);
		for (const { place } of [vnet, ipnet]) await requireLimit(place, [FAR.address], 1400);
		await requireLimit(vnet.place, ['10.4.6.20'], 1400);
		for (const [place, name] of [
			[land.hostPlace, UPLINK.interface],
			[land.outside.place, FAR.interface],
		] as const)
			await outputOf([...place, 'ip', 'link', 'set', name, 'mtu', '1500']);
	});

	for (const mtu of [9000, 1280])
		test(`--mtu ${mtu} is what fits between members and to the host, in both families`, async () => {
			const blocks = ['--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64'];
			await land.network('-t', 'bridge', ...blocks, '--mtu', String(mtu), 'sized');
			const one = await land.member('one', '-l', 'vnet', '-n', 'sized', '--ip', '10.4.6.10', '--ip6', 'fd00:4:6::10');
			await land.member('two', '-l', 'vnet', '-n', 'sized', '--ip', '10.4.6.11', '--ip6', 'fd00:4:6::11');
			const three = await land.member(
				'three',
				'-l',
				'ipnet',
				'-n',
				'sized',
				'--ip',
				'10.4.6.20',
				'--ip6',
				'fd00:4:6::20',
			);
			const [two, host] = [
				['10.4.6.11', 'fd00:4:6::11'],
				['10.4.6.1', 'fd00:4:6::1'],
			];
			await requireLimit(one.place, [...two, '10.4.6.20', 'fd00:4:6::20', ...host], mtu);
			await requireLimit(three.place, [...two, '10.4.6.1'], mtu);
			await requireLimit(land.hostPlace, ['10.4.6.10', '10.4.6.20', 'fd00:4:6::10', 'fd00:4:6::20'], mtu);
		});

	test('holds for who joins while running, and what is too long for the uplink is told', async () => {
		await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', '--mtu', '9000', 'jumbo');
		await land.network('-t', 'bridge', '--subnet', '10.4.7.0/24', '--mtu', '600', 'small');
		const member = await land.member('member', '-l', 'vnet', '-n', 'jumbo');
		await land.member('other', '-l', 'vnet', '-n', 'small', '--ip', '10.4.7.10');
		await land.host.kleeOutput('network', 'connect', 'small', 'member');
		assert.equal(await mtuOf(member.place, 'epair1b'), 600);
		await requireLimit(member.place, ['10.4.7.10'], 600);
		await requireLimit(member.place, ['10.4.6.1'], 9000);
		await requireLimit(member.place, [FAR.address], 1500);
	});
});
