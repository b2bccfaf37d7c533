import { parseAddress } from '#inet/address.ts';
import { addressesOf, type Endpoint } from '#model/endpoint.ts';
import type { Store } from '#store/store.ts';

/**
 * Which name stands for which container, as seen from a network. Who asks is known by its address: a container that is
 * on several networks knows the names of all of them. Only running containers have addresses to give.
 */
export class NameDirectory {
	readonly #store: Store;

	constructor(store: Store) {
		this.#store = store;
	}

	/**
	 * The name of a container takes precedence over aliases of others.
	 *
	 * @param name a container's name or id, or an alias, in lower case
	 */
	lookup(network: string, name: string, source: string): { readonly addresses: readonly string[] } | undefined {
		const shared = this.#networksOf(network, source);
		const named = this.#ofContainer(name, shared);
		const endpoints = named.length > 0 ? named : this.#ofAlias(name, shared);
		if (endpoints.length === 0) return undefined;
		return { addresses: endpoints.filter(({ epair }) => epair !== null).flatMap(addressesOf) };
	}

	/**
	 * Of one container. Of several with the name, on different networks of who asks, that one counts which is on the first of
	 * these: the one on whose gateway the question arrived.
	 */
	#ofContainer(name: string, shared: ReadonlySet<string>): Endpoint[] {
		const { containers, endpoints } = this.#store;
		const byId = containers.get(name);
		const candidates = [...containers.allByNameIgnoringCase(name), ...(byId ? [byId] : [])];
		const all = candidates.flatMap(({ id }) => endpoints.ofContainer(id).filter((one) => shared.has(one.networkId)));
		const first = [...shared].flatMap((network) => all.filter(({ networkId }) => networkId === network))[0];
		return all.filter(({ containerId }) => containerId === first?.containerId);
	}

	#ofAlias(alias: string, networks: ReadonlySet<string>): Endpoint[] {
		return [...networks].flatMap((network) => this.#store.endpoints.ofAlias(network, alias));
	}

	reverse(network: string, address: string, source: string): string | undefined {
		const parsed = parseAddress(address);
		if (!parsed) return undefined;
		for (const id of this.#networksOf(network, source)) {
			const holder = this.#store.endpoints.holder(id, parsed);
			const endpoint = holder ? this.#store.endpoints.get(holder) : undefined;
			if (endpoint) return this.#store.containers.get(endpoint.containerId)?.name;
		}
		return undefined;
	}

	/** The network on whose gateway the question arrived, and the others of the container that asks. */
	#networksOf(network: string, source: string): Set<string> {
		const address = parseAddress(source);
		const holder = address && this.#store.endpoints.holder(network, address);
		const asking = holder ? this.#store.endpoints.get(holder) : undefined;
		const others = asking ? this.#store.endpoints.ofContainer(asking.containerId) : [];
		return new Set([network, ...others.map(({ networkId }) => networkId)]);
	}
}
