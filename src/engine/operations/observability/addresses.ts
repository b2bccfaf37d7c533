import { parseAddress } from '#inet/address.ts';
import { contains } from '#inet/subnet.ts';
import type { Network } from '#model/network.ts';
import type { Store } from '#store/store.ts';

/** Holder of an address, by ids and names; without a container: the host, or somebody outside. */
export interface Holder {
	readonly kind: 'container' | 'host' | 'outside';
	readonly container?: { readonly id: string; readonly name: string };
	readonly network?: { readonly id: string; readonly name: string };
}

/**
 * Tells whose addresses are, by the store as it is when it is made. Subnets of networks do not overlap, so an address
 * is of one network at most.
 */
export class AddressBook {
	readonly #store: Store;
	readonly #networks: readonly Network[];
	/** Addresses of the host, without prefix. */
	readonly #host: ReadonlySet<string>;
	readonly #known = new Map<string, Holder>();

	constructor(store: Store, host: ReadonlySet<string>) {
		this.#store = store;
		this.#networks = store.networks.list();
		this.#host = host;
	}

	holderOf(text: string): Holder {
		const known = this.#known.get(text);
		if (known) return known;
		const holder = this.#find(text);
		this.#known.set(text, holder);
		return holder;
	}

	#find(text: string): Holder {
		const address = parseAddress(text);
		const network = address && this.#networks.find(({ families }) => isIn(families[address.family], address));
		if (!address || !network) return { kind: this.#host.has(text) ? 'host' : 'outside' };
		const place = { id: network.id, name: network.name };
		const holder = this.#store.endpoints.holder(network.id, address);
		const endpoint = holder ? this.#store.endpoints.get(holder) : undefined;
		const container = endpoint && this.#store.containers.get(endpoint.containerId);
		if (container) return { kind: 'container', container: { id: container.id, name: container.name }, network: place };
		return { kind: this.#host.has(text) ? 'host' : 'outside', network: place };
	}
}

function isIn(family: Network['families'][4], address: Parameters<typeof contains>[1]): boolean {
	return family !== undefined && contains(family.subnet, address);
}
