/** Published ports by the loopback addresses of the host. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Trace } from '#api/diagnosis.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import type { Question } from '#test/testbed/traffic/peer.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
});
after(() => land.close());
afterEach(() => land.clear());

const NET = ['-t', 'bridge', '--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64', 'net'];
const PORTS = ['-p', '8080:80', '-p', '8080:80/udp'];
const at = (address: string, port = 8080): Question[] => [
	{ protocol: 'tcp', address, port },
	{ protocol: 'udp', address, port },
];

async function trace(destination: string): Promise<Trace> {
	const { stdout } = await land.host.klee('network', 'trace', 'host', destination, '--json');
	return JSON.parse(stdout) as Trace;
}

test('an ipnet container is reached by ::1, and nobody out there by packets for it', async () => {
	await land.network(...NET);
	const [one, two] = [
		await land.member('one', '-l', 'ipnet', '-n', 'net', ...PORTS),
		await land.member('two', '-l', 'ipnet', '-n', 'net', '-p', '[::1]:8081:80'),
	];
	await land.listen(one.place, 'one', 'tcp/80', 'udp/80');
	await land.listen(two.place, 'two', 'tcp/80');
	await land.listen(land.hostPlace, 'host', 'tcp/70');
	for (const answer of await land.ask(land.hostPlace, ...at('::1'), ...at('127.0.0.1')))
		assert.match(answer, /^one sees /);
	assert.match((await land.ask(land.hostPlace, { address: '::1', port: 8081 }))[0] ?? '', /^two sees /);
	assert.deepEqual(await land.ask(land.hostPlace, { address: '::1', port: 70 }), ['host sees ::1']);
	assert.deepEqual(await land.ask(land.outside.place, { address: UPLINK.host6, port: 8081 }), ['ECONNREFUSED']);
	assert.equal((await trace('[::1]:8080')).verdict, 'reachable');
	assert.equal((await land.host.klee('network', 'doctor')).code, 0);
	await land.host.kleeOutput('stop', '-t', '0', 'one', 'two');
	assert.deepEqual(await land.ask(land.hostPlace, { address: '::1', port: 8080 }), ['ECONNREFUSED']);
	assert.doesNotMatch(await land.host.insideOutput('ip', '-6', 'route', 'show', 'table', 'local'), /::1 dev epair/);
});

test('for a vnet container ::1 says at once that nobody is there, and trace names an address that works', async () => {
	await land.network(...NET);
	const { place } = await land.member('web', '-l', 'vnet', '-n', 'net', ...PORTS);
	await land.listen(place, 'web', 'tcp/80', 'udp/80');
	assert.deepEqual(await land.ask(land.hostPlace, ...at('::1')), ['ECONNREFUSED', 'ECONNREFUSED']);
	for (const answer of await land.ask(land.hostPlace, ...at('127.0.0.1'), ...at(UPLINK.host6)))
		assert.match(answer, /^web sees /);
	assert.deepEqual(await land.ask(land.outside.place, ...at(UPLINK.host6)), Array(2).fill(`web sees ${FAR.address6}`));
	const told = await trace('[::1]:8080');
	assert.notEqual(told.verdict, 'disagreement');
	assert.ok(told.hops.some(({ what }) => what.includes(`no container on a bridge: ask ${UPLINK.host6} instead`)));
	await land.host.kleeOutput('stop', '-t', '0', 'web');
	assert.doesNotMatch(
		await land.host.insideOutput('nft', 'list', 'set', 'inet', 'kleene', 'bridged_ports6'),
		/elements/,
	);
});
