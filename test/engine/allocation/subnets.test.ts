import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeHost } from '#host/fake/driver.ts';
import type { ObservationScope } from '#model/host/observed.ts';
import { EXECUTE, startEngine } from '../fixture.ts';
import { TESTNET_CONFIG } from '../testnet.ts';

/** A host whose routes to these destinations leave through a tunnel. */
class TunnelHost extends FakeHost {
	readonly #destinations: readonly string[];

	constructor(destinations: readonly string[]) {
		super();
		this.#destinations = destinations;
	}

	override async observe(scope: ObservationScope) {
		const routes = this.#destinations.map((destination) => ({ destination, interface: 'tun0' }));
		return { ...(await super.observe(scope)), routes };
	}
}

test('routes that together stand for the default route keep no subnet from a network', async () => {
	const halves = ['0.0.0.0/1', '128.0.0.0/1', '::/3', '2000::/4', '3000::/4'];
	const { engine } = await startEngine(new TunnelHost(halves));
	await engine.networks.create({ ...TESTNET_CONFIG, subnet6: '2001:db8:4:6::/64' }, EXECUTE);
});

test('a route to a part of the world keeps the subnets in it', async () => {
	const { engine } = await startEngine(new TunnelHost(['10.0.0.0/8', 'fd00::/8']));
	for (const subnets of [{ subnet: '10.4.6.0/24' }, { subnet: '192.168.9.0/24', subnet6: 'fd00:4:6::/64' }])
		await assert.rejects(engine.networks.create({ ...TESTNET_CONFIG, ...subnets }, EXECUTE), {
			code: 'SUBNET_OVERLAP',
			why: /overlaps the host's route to .* by tun0/,
		});
});
