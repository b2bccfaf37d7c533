/** What a daemon finds of an earlier one, and what becomes of it meanwhile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, createContainer, EXECUTE, onHost, start, startEngine } from './fixture.ts';
import { TESTNET_CONFIG } from './testnet.ts';

/** Container `web` runs on `testnet`, with a volume, and its daemon is gone. */
async function startAndLeave() {
	const fixture = await startEngine();
	await fixture.engine.networks.create(TESTNET_CONFIG, EXECUTE);
	const mount = { type: 'volume', source: 'data', destination: '/srv', readOnly: false } as const;
	const id = await createContainer(fixture, 'web', 'vnet', [mount]);
	await connect(fixture, 'web', 'testnet');
	const stopped = onHost(fixture);
	await start(fixture, 'web');
	await fixture.host.close();
	return { ...fixture, id, stopped };
}

type Left = Awaited<ReturnType<typeof startAndLeave>>;

/** @returns how often the host was asked for something since. After the call with this number the container ends. */
function endAfter({ host, id }: Left, number: number): () => number {
	let calls = 0;
	const counting = <A extends unknown[], T>(call: (...args: A) => Promise<T>) => {
		return async (...args: A) => {
			const result = await call(...args);
			if (calls++ === number) host.endContainer(id, 0);
			return result;
		};
	};
	host.observe = counting(host.observe.bind(host));
	host.apply = counting(host.apply.bind(host));
	return () => calls;
}

test('a container that ends at any moment of the start of a daemon is cleared away', async () => {
	for (let number = 0; ; number += 1) {
		const left = await startAndLeave();
		const calls = endAfter(left, number);
		const restarted = await startEngine(left.host, left.store);
		if (calls() <= number) {
			assert.ok(number >= 5, 'twice observed; networks, volumes and firewall restored');
			assert.equal(restarted.engine.containers.inspect('web').running, true);
			return;
		}
		// Whoever waits for the end of it comes first.
		await restarted.engine.containers.update('web', { user: 'nobody' });
		assert.equal(restarted.engine.containers.inspect('web').running, false, `ended after call ${number}`);
		assert.deepEqual(onHost(restarted), left.stopped);
	}
});
