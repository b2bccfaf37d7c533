import { setTimeout as sleep } from 'node:timers/promises';
import type { HostFacts } from '#host/driver.ts';
import type { Endpoint } from '#model/endpoint.ts';
import type { ObservedInterface } from '#model/host/observed.ts';
import type { Network } from '#model/network.ts';
import type { EngineContext } from '../../context.ts';
import type { Subscription } from '../../events.ts';
import type { ContainerOperations, ContainerState } from '../container/containers.ts';
import { Touched, type TouchedIds } from './touched.ts';

/** Milliseconds in which changes are gathered into one. */
const GATHER = 20;

export interface Uplink extends Pick<ObservedInterface, 'name' | 'addresses' | 'up'> {
	/** Whether the IPv4 default route leaves by it. */
	readonly isDefault: boolean;
}

export interface TopologyHost extends Pick<HostFacts, 'os' | 'release'> {
	readonly uplinks: readonly Uplink[];
}

/** `image`: `NAME:TAG`, `''` where it has no name. */
export type TopologyContainer = ContainerState & { readonly image: string };

interface Objects {
	readonly networks: readonly Network[];
	readonly containers: readonly TopologyContainer[];
	readonly endpoints: readonly Endpoint[];
}

export interface Topology extends Objects {
	readonly kind: 'topology';
	readonly host: TopologyHost;
}

/** New and changed objects, and the ids of removed ones. */
export interface TopologyChange extends Objects {
	readonly kind: 'change';
	readonly host: TopologyHost | undefined;
	readonly removed: {
		readonly networks: readonly string[];
		readonly containers: readonly string[];
		readonly endpoints: readonly string[];
	};
}

/** The map of the host as data. It is made when somebody asks; while nobody follows, changes cost nothing. */
export class TopologyOperations {
	readonly #context: EngineContext;
	readonly #containers: ContainerOperations;

	constructor(context: EngineContext, containers: ContainerOperations) {
		this.#context = context;
		this.#containers = containers;
	}

	async show(): Promise<Topology> {
		const { store } = this.#context;
		const host = await this.#host();
		return {
			kind: 'topology',
			host,
			networks: store.networks.list(),
			containers: store.containers.list().map(({ id }) => this.#container(id)),
			endpoints: store.networks.list().flatMap(({ id }) => store.endpoints.ofNetwork(id)),
		};
	}

	/** A topology, then a change each time something changes, until `abandoned` is aborted. The cost is that of the change. */
	async *follow(abandoned: AbortSignal): AsyncGenerator<Topology | TopologyChange> {
		// First, so that nothing between the picture and the first change is lost.
		const subscription = this.#context.events.subscribe();
		const touched = new Touched();
		const end = () => {
			subscription.close();
			touched.stop();
		};
		abandoned.addEventListener('abort', end, { once: true });
		const gathering = gather(subscription, touched);
		try {
			yield await this.show();
			while (!abandoned.aborted) {
				await touched.some();
				if (abandoned.aborted) return;
				await sleep(GATHER);
				const ids = touched.take();
				yield ids.everything ? await this.show() : await this.#change(ids);
			}
		} finally {
			end();
			abandoned.removeEventListener('abort', end);
			await gathering;
		}
	}

	async #change({ networks, containers, endpoints, host }: TouchedIds): Promise<TopologyChange> {
		const { store } = this.#context;
		const present = [...containers].filter((id) => store.containers.get(id));
		const joined = present.flatMap((id) => store.endpoints.ofContainer(id));
		const ids = new Set(joined.map(({ id }) => id));
		return {
			kind: 'change',
			host: host ? await this.#host() : undefined,
			networks: [...networks].flatMap((id) => store.networks.get(id) ?? []),
			containers: present.filter((id) => store.containers.get(id)).map((id) => this.#container(id)),
			endpoints: joined,
			removed: {
				networks: [...networks].filter((id) => !store.networks.get(id)),
				containers: [...containers].filter((id) => !store.containers.get(id)),
				endpoints: [...endpoints].filter((id) => !ids.has(id)),
			},
		};
	}

	/** @param id of a container that is in the store */
	#container(id: string): TopologyContainer {
		const { endpoints: _, ...state } = this.#containers.inspect(id);
		const image = this.#context.store.images.get(state.container.imageId);
		return { ...state, image: image?.name ? `${image.name}:${image.tag}` : '' };
	}

	async #host(): Promise<TopologyHost> {
		const { driver, store } = this.#context;
		const { os, release } = driver.facts();
		const { interfaces, gatewayInterface } = await driver.observe('addressing');
		const own = new Set(store.networks.list().flatMap((one) => (one.type === 'custom' ? [] : [one.interface])));
		const uplinks = interfaces
			.filter((one) => isForeign(one, own))
			.map(({ name, addresses, up }) => ({ name, addresses, up, isDefault: name === gatewayInterface }));
		return { os, release, uplinks };
	}
}

/** Loopback, and what is Kleene's own, lead nowhere. */
function isForeign({ name, ours, addresses }: ObservedInterface, own: ReadonlySet<string>): boolean {
	if (ours || own.has(name) || addresses.length === 0) return false;
	return !addresses.some((address) => address.startsWith('127.') || address === '::1/128');
}

async function gather(subscription: Subscription, touched: Touched): Promise<void> {
	for await (const event of subscription) {
		if (event.kind === 'events-missed') touched.addEverything();
		else touched.add(event);
	}
}
