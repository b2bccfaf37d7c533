/** An address gets another holder: its neighbours find it at once, though they knew it under another MAC address. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { encodeAdvertisement, encodeArp } from '#os/linux/neighbours/announcement.ts';
import { within } from '#os/linux/netns.ts';
import { answers, ping } from '#test/os/linux/packets.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { bridge, gateways, type Host, host, ipnet, make, unmake, vnet, type Wanted } from './containers.ts';

const ADDRESSES = ['10.4.6.2', 'fd00:4:6::2'];
const first: Wanted = { container: 'one', unit: 1, addresses: ADDRESSES };
const second: Wanted = { container: 'two', unit: 2, addresses: ADDRESSES };
const asker: Wanted = { container: 'ask', unit: 3, addresses: ['10.4.6.3', 'fd00:4:6::3'] };
/** Milliseconds: an announcement is made after all else. */
const SAID = 100;
/** Much below the 20 seconds after which a neighbour would doubt what it knows, and ask. Milliseconds. */
const AT_ONCE = 5000;

function stack({ network }: Host, container: string): number {
	return network.stackOf(container)?.fd ?? assert.fail(`${container} has no stack`);
}

type Parts = ReturnType<typeof vnet>;
const CHANGES: readonly [string, Parts, Parts][] = [
	['from a vnet container to another with a MAC address of its own', vnet(first), vnet(second)],
	['from a vnet to an ipnet container', vnet(first), ipnet(second)],
	['from an ipnet to a vnet container', ipnet(first), vnet(second)],
];
for (const [change, from, to] of CHANGES)
	test(`an address goes ${change}, and its neighbours know at once`, async (t) => {
		const there = host(t);
		make(there, bridge, ...gateways, ...vnet(asker), ...from);
		const neighbour = stack(there, 'ask');
		for (const address of ADDRESSES) await answers(neighbour, address);
		await unmake(there, ...from);
		make(there, ...to);
		// Only asked for: what the new holder itself sent would tell its neighbours where it is.
		const found = (address: string) => ping(neighbour, address) !== undefined;
		for (const address of ADDRESSES) await eventually(`${address} is found`, () => found(address), { within: AT_ONCE });
	});

/** Packets that left a container by its inner end. */
function saidBy(there: Host, container: string): number {
	const text = within(stack(there, container), () => readFileSync('/proc/thread-self/net/dev', 'utf8'));
	return Number(/epair0b:(\s+\d+){9}\s+(\d+)/.exec(text)?.[2] ?? assert.fail(text));
}

test('one that comes back with the same MAC address says nothing to anybody, without IPv6', async (t) => {
	const there = host(t);
	const parts = vnet({ ...first, addresses: ['10.4.6.2'] });
	make(there, bridge, ...parts);
	await eventually('it says where it is', () => saidBy(there, 'one') > 0);
	await sleep(SAID);
	assert.equal(saidBy(there, 'one'), 1, 'nobody knows who had it before the daemon was started');
	await unmake(there, ...parts);
	make(there, ...parts);
	await sleep(SAID);
	assert.equal(saidBy(there, 'one'), 0);
});

test('announcements are made as the standards have them', () => {
	const arp = encodeArp('02:00:00:00:00:07', '10.4.6.2').toString('hex');
	assert.equal(arp, '00010800060400010200000000070a0406020000000000000a040602');
	const advertisement = encodeAdvertisement('02:00:00:00:00:07', 'fd00:4:6::2');
	assert.equal(advertisement.length, 72);
	assert.equal(advertisement.subarray(0, 8).toString('hex'), '6000000000203aff');
	const pseudo = Buffer.concat([
		advertisement.subarray(8, 40),
		Buffer.from([0, 32, 0, 58]),
		advertisement.subarray(40),
	]);
	let sum = 0;
	for (let offset = 0; offset < pseudo.length; offset += 2) sum += pseudo.readUInt16BE(offset);
	assert.equal((sum & 0xffff) + (sum >>> 16), 0xffff, 'the checksum makes the sum of all words a negative zero');
});
