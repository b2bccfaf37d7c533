import { parseAddress } from '#inet/address.ts';
import { familyEntries } from '#inet/family.ts';
import { lowestAssignable } from '#inet/subnet.ts';
import type { Container } from '#model/container.ts';
import type { Endpoint } from '#model/endpoint.ts';
import type { Image } from '#model/image.ts';
import { type Network, networkOf } from '#model/network.ts';
import type { Part } from '#model/part.ts';
import type { RunEnded, RunStarted, StoreChange } from '#model/store-change.ts';
import type { Volume } from '#model/volume.ts';
import type { Store } from './store.ts';

/** Objects released by a change, for caches besides the store. */
export interface Freed {
	/** Cables, and the ids of the endpoints that had them. */
	readonly cables: readonly { readonly unit: number; readonly endpoint: string }[];
	/** Parts of runs. */
	readonly parts: readonly Part[];
	/** Objects that are no more. */
	readonly networks: readonly Network[];
	readonly images: readonly Image[];
	readonly volumes: readonly Volume[];
	readonly containers: readonly Container[];
	readonly endpoints: readonly Endpoint[];
	/** Containers that run no more. */
	readonly stopped: readonly Container[];
}

const NO_OBJECTS = { networks: [], images: [], volumes: [], containers: [], endpoints: [], stopped: [] };
const NOTHING: Freed = { cables: [], parts: [], ...NO_OBJECTS };

/** The one interpreter of changes. To be called within a transaction. Removing what is gone changes nothing. */
export function applyChange(store: Store, change: StoreChange): Freed {
	switch (change.kind) {
		case 'network-created':
			insertNetwork(store, networkOf(change.network), change.held);
			return NOTHING;
		case 'network-removed':
			return removeNetwork(store, change.network);
		case 'image-created':
			store.images.insert(change.image);
			return NOTHING;
		case 'image-removed':
			return removeImage(store, change.image);
		case 'layer-created':
			store.layers.insert(change.layer);
			return NOTHING;
		case 'layer-removed':
			store.layers.delete(change.layer);
			return NOTHING;
		case 'root-committed':
			store.containers.setLayer(change.container, change.layer);
			return NOTHING;
		case 'volume-created':
			store.volumes.insert(change.volume);
			return NOTHING;
		case 'volume-removed':
			return removeVolume(store, change.volume);
		case 'container-created':
			store.containers.insert(change.container);
			for (const volume of change.volumes) store.volumes.addUser(volume, change.container.id);
			return NOTHING;
		case 'container-removed':
			return removeContainer(store, change.container);
		case 'run-started':
			return startRun(store, change);
		case 'run-ended':
			return endRun(store, change);
		case 'start-failed':
			store.containers.setEnd(change.container, { code: null, at: change.at, reason: 'start-failed' });
			return NOTHING;
		case 'parts-joined':
			store.containers.setParts(change.container, withMore(store.containers.parts(change.container), change.parts));
			return NOTHING;
		case 'parts-left':
			store.containers.setParts(change.container, without(store.containers.parts(change.container), change.parts));
			return { ...NOTHING, parts: change.parts };
		case 'endpoint-removed':
			return removeEndpoint(store, change.endpoint);
		case 'default-route-preferred':
			store.endpoints.preferDefaultRoute(change.endpoint);
			return NOTHING;
	}
}

function insertNetwork(store: Store, network: Network, held: readonly string[]): void {
	store.networks.insert(network);
	for (const [, { subnet }] of familyEntries(network.families))
		store.networks.insertSubnet(network.id, subnet, lowestAssignable(subnet));
	for (const address of held.flatMap((text) => parseAddress(text) ?? []))
		store.endpoints.hold(network.id, address, null);
}

function removeNetwork(store: Store, id: string): Freed {
	const network = store.networks.get(id);
	store.networks.delete(id);
	return network ? { ...NOTHING, networks: [network] } : NOTHING;
}

function removeImage(store: Store, id: string): Freed {
	const image = store.images.get(id);
	store.images.delete(id);
	return image ? { ...NOTHING, images: [image] } : NOTHING;
}

function removeVolume(store: Store, name: string): Freed {
	const volume = store.volumes.get(name);
	store.volumes.delete(name);
	return volume ? { ...NOTHING, volumes: [volume] } : NOTHING;
}

function removeContainer(store: Store, id: string): Freed {
	const container = store.containers.get(id);
	if (!container) return NOTHING;
	const endpoints = store.endpoints.ofContainer(id);
	const cables = endpoints.flatMap((endpoint) => removeEndpoint(store, endpoint.id).cables);
	const parts = store.containers.parts(id);
	store.containers.delete(id);
	return { ...NOTHING, cables, parts, endpoints, containers: [container] };
}

function removeEndpoint(store: Store, id: string): Freed {
	const endpoint = store.endpoints.get(id);
	if (!endpoint) return NOTHING;
	store.endpoints.delete(id);
	lowerHints(store, endpoint);
	return { ...NOTHING, cables: cablesOf(endpoint), endpoints: [endpoint] };
}

/** Allocation begins at the hint, and its addresses are free now. */
function lowerHints(store: Store, endpoint: Endpoint): void {
	for (const [family, address] of familyEntries(endpoint.addresses)) {
		const hint = store.networks.hint(endpoint.networkId, family);
		if (hint && address.value < hint.value) store.networks.setHint(endpoint.networkId, address);
	}
}

function startRun(store: Store, { container, parts }: RunStarted): Freed {
	store.containers.setParts(container, parts);
	store.containers.setEnd(container, null);
	return NOTHING;
}

function endRun(store: Store, { container, end }: RunEnded): Freed {
	const known = store.containers.get(container);
	const parts = store.containers.parts(container);
	const endpoints = store.endpoints.ofContainer(container);
	store.containers.setParts(container, []);
	if (end) store.containers.setEnd(container, end);
	for (const { id } of endpoints) store.endpoints.setEpair(id, null);
	const stopped = known && parts.length > 0 ? [known] : [];
	return { ...NOTHING, parts, cables: endpoints.flatMap(cablesOf), stopped };
}

function cablesOf({ id, epair }: Endpoint): Freed['cables'] {
	return epair === null ? [] : [{ unit: epair, endpoint: id }];
}

/** The sandbox stays the last one, as its processes are what is ended first. */
function withMore(parts: readonly Part[], more: readonly Part[]): Part[] {
	const at = parts.findIndex((part) => part.kind === 'sandbox');
	return parts.toSpliced(at === -1 ? parts.length : at, 0, ...more);
}

function without(parts: readonly Part[], leaving: readonly Part[]): Part[] {
	const gone = new Set(leaving.map((part) => JSON.stringify(part)));
	return parts.filter((part) => !gone.has(JSON.stringify(part)));
}
