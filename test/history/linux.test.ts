/** The same clients on a real host: fewer, as each start takes a real sandbox. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { AMOUNT, holds } from '#test/fuzz/amount.ts';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';
import { Clients } from './client.ts';
import { requireLinear } from './objects.ts';
import { type Extent, operations } from './operations.ts';

const CLIENTS = AMOUNT > 1 ? 40 : 10;
const EXTENT: Extent = { containers: CLIENTS / 2, networks: 3, volumes: 2 };

let host: TestHost;
before(async () => {
	host = await startHostWithImage();
});
after(() => host.close());

test('many clients of a real host get answers that some order of their requests explains', async (context) => {
	const length = 10 * CLIENTS;
	const script = fc.array(operations(EXTENT), { minLength: length, maxLength: length });
	const service = { host: host.url, image: host.image, cmd: ['sleep', '1000'], prefix: '10.4' };
	await holds(context, { count: 1, of: script, stateful: true }, async (all) => {
		const clients = new Clients(service, CLIENTS);
		await clients.perform(all);
		const { containers, networks } = EXTENT;
		await clients.perform(
			Array.from({ length: containers }, (_, container) => ({ kind: 'inspect-container', container })),
		);
		await clients.perform(Array.from({ length: networks }, (_, network) => ({ kind: 'inspect-network', network })));
		await clients.perform([{ kind: 'list' }]);
		context.diagnostic(`${clients.history.length} requests`);
		requireLinear(clients.history);
		const doctor = await host.klee('network', 'doctor');
		assert.equal(doctor.code, 0, doctor.stdout);
		clients.close();
		await host.removeEverything();
	});
	assert.doesNotMatch(host.log, /"level":50|internal error/);
});
