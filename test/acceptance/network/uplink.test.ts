/** What passes the uplink: IPv6 that is translated on request, and a firewall of the host's own. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Trace } from '#api/diagnosis.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import { type Question, SILENCE } from '#test/testbed/traffic/peer.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
});
after(() => land.close());
afterEach(() => land.clear());

const block = (number: number) => ['--subnet', `10.4.${number}.0/24`, '--subnet6', `fd00:4:${number}::/64`];
const out = [FAR.address, FAR.address6].map((address) => ({ address, port: 90 }));
const brief = (question: Question): Question => ({ ...question, timeout: SILENCE });

for (const driver of ['vnet', 'ipnet'])
	test(`IPv6 of an ${driver} container is translated where that was asked for, and only there`, async () => {
		await land.network('-t', 'bridge', ...block(6), '--nat6', 'both');
		await land.network('-t', 'bridge', ...block(7), '--nat6', '--no-nat', 'six');
		await land.network('-t', 'bridge', ...block(8), 'four');
		await land.network('-t', 'bridge', ...block(9), '--nat6', '--internal', 'none');
		await land.network('-t', 'bridge', ...block(10), '--nat6', '--nat-if', UPLINK.interface, 'named');
		await land.listen(land.outside.place, 'outside', 'tcp/90', 'udp/90');
		const questions: Question[] = [...out, { ...out[1]!, protocol: 'udp' }];
		const assertSeen = async (network: string, ...expected: readonly string[]) => {
			const { place } = await land.member(network, '-l', driver, '-n', network);
			const asked = questions.map((one, index) => (expected[index] === 'silence' ? brief(one) : one));
			assert.deepEqual(await land.ask(place, ...asked), expected, network);
		};
		const [v4, v6] = [`outside sees ${UPLINK.host}`, `outside sees ${UPLINK.host6}`];
		await assertSeen('both', v4, v6, v6);
		await assertSeen('six', 'silence', v6, v6);
		await assertSeen('four', v4, 'silence', 'silence');
		await assertSeen('named', v4, v6, v6);
		const { place } = await land.member('none', '-l', driver, '-n', 'none');
		for (const answer of await land.ask(place, ...questions.map(brief))) assert.doesNotMatch(answer, /sees/);
		const { network } = JSON.parse(await land.host.kleeOutput('isn', 'both')) as { network: { nat6: boolean } };
		assert.equal(network.nat6, true);
		for (const [name, said] of [
			['both', /becomes the host/],
			['four', /stays as it is/],
		] as const) {
			const { stdout } = await land.host.klee('network', 'trace', name, `[${FAR.address6}]:90`, '--json');
			const hop = (JSON.parse(stdout) as Trace).hops.find(({ kind }) => kind === 'nat');
			assert.match(hop?.what ?? '', said);
		}
	});

test("a firewall of the host's own that drops is respected, until it lets published ports pass", async () => {
	await land.network('-t', 'bridge', ...block(6), 'net');
	const web = await land.member('web', '-l', 'vnet', '-n', 'net', '-p', '8080:80');
	const app = await land.member('app', '-l', 'ipnet', '-n', 'net', '-p', '8081:80');
	await land.listen(web.place, 'web', 'tcp/80');
	await land.listen(app.place, 'app', 'tcp/80');
	await land.listen(land.outside.place, 'outside', 'tcp/90');
	const inward = [8080, 8081].flatMap((port) => [UPLINK.host, UPLINK.host6].map((address) => ({ address, port })));
	const reached = ['web', 'app'].flatMap((name) => [FAR.address, FAR.address6].map((from) => `${name} sees ${from}`));
	assert.deepEqual(await land.ask(land.outside.place, ...inward), reached);
	const nft = (command: string) => land.host.insideOutput('nft', command);
	await nft(
		'add table inet own; add chain inet own forward { type filter hook forward priority filter; policy drop; }',
	);
	try {
		assert.deepEqual(await land.ask(land.outside.place, ...inward.map(brief)), Array(4).fill('silence'));
		assert.deepEqual(await land.ask(web.place, brief(out[0]!)), ['silence']);
		// As docs/networks.md says it.
		await nft('add rule inet own forward ct state established,related accept');
		await nft('add rule inet own forward ct status dnat accept');
		assert.deepEqual(await land.ask(land.outside.place, ...inward), reached);
		assert.deepEqual(await land.ask(web.place, brief(out[0]!)), ['silence']);
		await nft('add rule inet own forward iifname { "kleene*", "epair*" } accept');
		assert.deepEqual(await land.ask(web.place, out[0]!), [`outside sees ${UPLINK.host}`]);
		assert.deepEqual(await land.ask(app.place, out[0]!), [`outside sees ${UPLINK.host}`]);
	} finally {
		await nft('delete table inet own');
	}
});
