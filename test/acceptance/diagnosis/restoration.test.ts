/** What happens when somebody else changes what Kleene has on the host: it is noticed and put back. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { assertRestored, ruleset } from '#test/testbed/ruleset.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR, UPLINK } from '#test/testbed/traffic/outside.ts';
import { SILENCE } from '#test/testbed/traffic/peer.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
});
after(() => land.close());
afterEach(() => land.clear());

const NET = ['-t', 'bridge', '--subnet', '10.4.6.0/24', 'net'];
const OTHER = ['-t', 'bridge', '--subnet', '10.4.7.0/24', 'other'];
/** Milliseconds. A second is promised, on a machine that has nothing else to do: how many it were is reported. */
const LIMIT = 5000;

for (const [what, command] of [
	['the whole ruleset is flushed', ['flush', 'ruleset']],
	['our table is deleted', ['delete', 'table', 'inet', 'kleene']],
	['the rules of our table are flushed', ['flush', 'table', 'inet', 'kleene']],
] as const)
	test(`${what}: it is back at once, ports and isolation with it`, async (t) => {
		await land.network(...NET);
		await land.network(...OTHER);
		const web = await land.member('web', '-l', 'vnet', '-n', 'net', '-p', '8080:80');
		const far = await land.member('far', '-l', 'ipnet', '-n', 'other');
		await land.listen(web.place, 'web', 'tcp/80');
		const whole = await ruleset(land.host);
		await land.host.insideOutput('nft', ...command);
		const waited = await assertRestored(land.host, whole);
		t.diagnostic(`${Math.round(waited)} ms until it was back`);
		assert.ok(waited < LIMIT, `${waited} ms`);
		const question = { address: UPLINK.host, port: 8080 };
		assert.deepEqual(await land.ask(land.outside.place, question), [`web sees ${FAR.address}`]);
		const [direct] = await land.ask(far.place, { address: '10.4.6.2', port: 80, timeout: SILENCE });
		assert.doesNotMatch(direct ?? '', /sees/);
		assert.match(land.host.log, /another program (deleted|changed) table inet kleene/);
	});

test('the tables of others are not touched by any of it', async () => {
	await land.host.insideOutput('nft', 'add table inet mine; add chain inet mine c; add rule inet mine c counter');
	await land.network(...NET);
	const whole = await ruleset(land.host);
	await land.host.insideOutput('nft', 'delete', 'table', 'inet', 'kleene');
	await assertRestored(land.host, whole);
	assert.match(await land.host.insideOutput('nft', 'list', 'table', 'inet', 'mine'), /counter/);
	await land.host.insideOutput('nft', 'delete', 'table', 'inet', 'mine');
});
