/** What a store says is to be on a host, held against what is. */
import assert from 'node:assert/strict';
import { partsOfNetwork } from '#engine/plan/network/network.ts';
import { partsOfOneEndpoint } from '#engine/plan/run/run.ts';

import type { FakeHost } from '#host/fake/driver.ts';
import { identityOf, type Part } from '#model/part.ts';
import type { Daemon } from './mortal.ts';

/** Mount points are no more than a note that a mount was looked at, and names are lines in files of containers. */
const isThing = (identity: string) => !/^(mount-point|network-names) /.test(identity);

/** Identities of parts that are objects of their own. */
export function thingsOn(host: FakeHost): string[] {
	return [...host.parts.keys()].filter(isThing);
}

/** Identities of what the host has and the store does not say, and the other way round. */
export function divergence({ store, host }: Pick<Daemon, 'store' | 'host'>): { excess: string[]; missing: string[] } {
	const expected = expectedParts({ store, host }).map(identityOf).filter(isThing);
	const present = thingsOn(host);
	return {
		excess: present.filter((identity) => !expected.includes(identity)),
		missing: expected.filter((identity) => !present.includes(identity)),
	};
}

/** Store and host say the same, nothing is under way, and what runs has all that it is to have. */
export function requireConsistent(daemon: Pick<Daemon, 'store' | 'host' | 'engine'>, when: string): void {
	assert.deepEqual(divergence(daemon), { excess: [], missing: [] }, `${when}: the host has what the store says`);
	requireOrder(daemon, when);
}

/** Nothing is under way, and who runs is on the networks that it is to be on. */
export function requireOrder({ store, host, engine }: Pick<Daemon, 'store' | 'host' | 'engine'>, when: string): void {
	assert.deepEqual(store.journal.unfinished(), [], `${when}: nothing is under way`);
	for (const { id, name } of store.containers.list()) {
		const parts = store.containers.parts(id);
		const { running } = engine.containers.inspect(name);
		assert.equal(running, parts.length > 0, `${when}: ${name} runs as the store says`);
		assert.equal(running, host.processes.has(id), `${when}: ${name} runs as the host says`);
		for (const { epair } of store.endpoints.ofContainer(id)) {
			if (!running) assert.equal(epair, null, `${when}: ${name} holds no cable while it is stopped`);
			else
				assert.ok(partsOfOneEndpoint(parts, epair ?? -1).length > 0, `${when}: ${name} has a cable for each network`);
		}
	}
}

function expectedParts({ store, host }: Pick<Daemon, 'store' | 'host'>): Part[] {
	const surroundings = { uplinks: host.uplinks, traits: host.facts() };
	const source = { kind: 'distribution' } as const;
	return [
		...store.networks.list().flatMap((network) => partsOfNetwork(network, surroundings)),
		...store.layers
			.list()
			.map(({ id: layer }) => ({ kind: 'layer', layer, below: [], source, dns: false, localtime: false }) as const),
		...store.volumes.list().map(({ name: volume }) => ({ kind: 'volume-files', volume }) as const),
		...store.containers
			.list()
			.flatMap(({ id, layer }): Part[] => [
				{ kind: 'root-files', container: id, layers: store.layers.chainIds(layer) },
				...store.containers.parts(id),
			]),
	];
}
