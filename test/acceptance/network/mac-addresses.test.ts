/** Two things with one MAC address on a network: refused, whichever comes first. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { outputOf } from '#test/testbed/command.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import type { Place } from '#test/testbed/traffic/peer.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
});
after(() => land.close());
afterEach(() => land.clear());

const START = ['run', '-d', '-l', 'vnet', '-n', 'net'];
const SLEEP = ['Debian', 'sleep', '600'];

async function macAt(place: Place, name: string): Promise<string> {
	const text = await outputOf([...place, 'ip', '-o', 'link', 'show', name]);
	return /ether (\S+)/.exec(text)?.[1] ?? '';
}

async function assertRefused(holder: RegExp, ...command: readonly string[]): Promise<void> {
	const { code, stderr, stdout } = await land.host.klee(...command);
	assert.notEqual(code, 0, command.join(' '));
	assert.match(stderr + stdout, holder);
}

test('a MAC address that a container, its cable or the bridge has is refused, and nothing is left', async () => {
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'net');
	await land.network('-t', 'bridge', '--subnet', '10.4.7.0/24', 'other');
	await land.host.kleeOutput(...START, '--name', 'one', '--mac', '02:00:00:00:00:11', ...SLEEP);
	await land.host.kleeOutput(...START, '--name', 'two', '--ip', '10.4.6.9', ...SLEEP);
	const bridge = await macAt(land.hostPlace, 'kleene0');
	const derived = await macAt((await land.of('two')).place, 'epair0b');
	for (const [mac, holder] of [
		['02:00:00:00:00:11', /02:00:00:00:00:11 belongs to container one/],
		['06:00:00:00:00:11', /belongs to the host's end of the cable of container one/],
		[derived, /belongs to container two/],
		[bridge, /belongs to the bridge kleene0 itself/],
	] as const)
		await assertRefused(holder, ...START, '--name', 'three', '--mac', mac, ...SLEEP);
	assert.equal((await land.host.kleeJson<unknown[]>('lsc', '-a')).length, 2);
	// On another network, and once it is free, it may be had.
	await land.host.kleeOutput('network', 'connect', '--mac', '02:00:00:00:00:11', 'other', 'two');
	await land.host.kleeOutput('network', 'disconnect', 'net', 'one');
	await land.host.kleeOutput('network', 'connect', '--mac', '02:00:00:00:00:11', 'net', 'one');
	// An address whose MAC address somebody has chosen is refused, too.
	await land.host.kleeOutput('network', 'disconnect', 'net', 'two');
	await land.host.kleeOutput(...START, '--name', 'four', '--mac', derived, ...SLEEP);
	await assertRefused(/belongs to container four/, 'network', 'connect', '--ip', '10.4.6.9', 'net', 'two');
	await land.host.kleeOutput('network', 'connect', '--ip', '10.4.6.10', 'net', 'two');
});
