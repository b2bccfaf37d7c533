/** A restart of the daemon costs no packet: every one is counted, in both directions, through every kind of published port. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ruleset } from '#test/testbed/ruleset.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { restartUnderLoad } from '#test/torture/restarts.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
});
after(() => land.close());

test('nothing is lost, however the daemon ends, and no rule is made anew', { timeout: 240_000 }, async (t) => {
	const { packets = 0, note, failures } = await restartUnderLoad(land, 4);
	assert.deepEqual(failures, []);
	t.diagnostic(`${packets} packets, ${note}, four restarts`);
	assert.ok(packets > 10_000, `${packets} packets`);
});

test('what was taken away while no daemon ran is there again, however much of it', async () => {
	const whole = await ruleset(land.host);
	await land.host.stopDaemon('SIGKILL');
	await land.host.insideOutput('nft', 'flush', 'chain', 'inet', 'kleene', 'guard');
	await land.host.insideOutput('nft', 'delete', 'element', 'inet', 'kleene', 'published_ports4', '{ udp . 8001 }');
	await land.host.startDaemon();
	assert.equal(await ruleset(land.host), whole);
	await land.host.stopDaemon('SIGTERM');
	await land.host.insideOutput('nft', 'delete', 'table', 'inet', 'kleene');
	await land.host.startDaemon();
	assert.equal(await ruleset(land.host), whole);
});
