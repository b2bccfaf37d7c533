import { familyEntries } from '#inet/family.ts';
import type { Endpoint } from '#model/endpoint.ts';
import type { Observed } from '#model/host/observed.ts';
import { type Network, networkOf } from '#model/network.ts';
import type { Volume } from '#model/volume.ts';
import { applyChange } from '#store/changes.ts';
import { endpointOf } from '#store/endpoints.ts';
import type { ContainerRecord, ImageRecord, LayerRecord, NetworkRecord, Records } from '#store/records/records.ts';
import type { Store } from '#store/store.ts';

/** Lines for people. */
export interface Report {
	/** Objects added to the database. */
	readonly recovered: string[];
	/** Objects that were not added, or only in part, with the reason. */
	readonly left: string[];
}

/**
 * Takes into a store what it lacks, from records, as far as the host has the files. What the store has already wins: a
 * name that is taken is replaced by the id, an address that is taken is left out.
 */
export class Merge {
	readonly report: Report = { recovered: [], left: [] };
	readonly #store: Store;
	readonly #observed: Observed;
	readonly #records: Records;
	readonly #newVolume: (name: string) => Volume;

	/** @param newVolume of files that there is no record of */
	constructor(store: Store, from: { observed: Observed; records: Records; newVolume: (name: string) => Volume }) {
		this.#store = store;
		this.#observed = from.observed;
		this.#records = from.records;
		this.#newVolume = from.newVolume;
	}

	takeAll(): void {
		const { networks, images, containers } = this.#records;
		for (const record of networks) this.takeNetwork(record);
		for (const record of images) this.takeImage(record);
		for (const name of this.#observed.volumeFiles) this.#takeVolume(name);
		for (const record of containers) this.takeContainer(record);
		this.#tellUnknown();
	}

	takeNetwork({ network, held }: NetworkRecord): void {
		const { networks } = this.#store;
		if (networks.get(network.id)) return;
		const other = networks.byInterface(network.interface) ?? this.#overlapping(network);
		if (other) {
			this.report.left.push(`network ${network.name}: network ${other.name} has its interface or its addresses`);
			return;
		}
		const name = networks.byName(network.name) ? network.id : network.name;
		this.#apply({ kind: 'network-created', network: { ...network, name }, held });
		this.report.recovered.push(`network ${name}`);
	}

	#overlapping(network: NetworkRecord['network']): Network | undefined {
		const all = familyEntries(networkOf(network).families);
		return all.map(([, { subnet }]) => this.#store.networks.overlapping(subnet)).find((other) => other !== undefined);
	}

	takeImage({ image }: ImageRecord): void {
		const { images } = this.#store;
		if (images.get(image.id)) return;
		const taken = image.name !== '' && images.byNametag(image.name, image.tag) !== undefined;
		const title = `image ${taken || image.name === '' ? image.id : `${image.name}:${image.tag}`}`;
		if (!this.takeLayer(image.layer)) {
			this.report.left.push(`${title}: files of its layers are gone`);
			return;
		}
		this.#apply({ kind: 'image-created', image: taken ? { ...image, name: '', tag: '' } : image });
		this.report.recovered.push(title);
	}

	/** With all below it, as far as their files are there. @returns whether the store has it now */
	takeLayer(id: string): boolean {
		const { layers } = this.#store;
		if (layers.get(id)) return true;
		const record = this.#records.layers.find(({ layer }) => layer.id === id);
		if (!record || !this.#isWhole(record)) return false;
		this.#apply({ kind: 'layer-created', layer: record.layer });
		return true;
	}

	#isWhole({ layer: { id, parent } }: LayerRecord): boolean {
		return this.#observed.layerFiles.includes(id) && (parent === null || this.takeLayer(parent));
	}

	#takeVolume(name: string): void {
		if (this.#store.volumes.get(name)) return;
		const record = this.#records.volumes.find(({ volume }) => volume.name === name);
		this.#apply({ kind: 'volume-created', volume: record?.volume ?? this.#newVolume(name) });
		this.report.recovered.push(`volume ${name}`);
	}

	takeContainer({ container, endpoints, parts }: ContainerRecord): void {
		const { containers, images } = this.#store;
		const { id } = container;
		if (containers.get(id) || !this.#observed.rootFiles.includes(id)) return;
		if (!images.get(container.imageId)) {
			this.report.left.push(`container ${container.name}: there is no image ${container.imageId}`);
			return;
		}
		if (!this.takeLayer(container.layer)) {
			this.report.left.push(`container ${container.name}: files of its layers are gone`);
			return;
		}
		const name = containers.byName(container.name) ? id : container.name;
		const volumes = [...new Set(container.mounts.filter(({ type }) => type === 'volume').map(({ source }) => source))];
		for (const volume of volumes) this.#takeVolume(volume);
		this.#apply({ kind: 'container-created', container: { ...container, name }, volumes });
		for (const endpoint of endpoints) this.#takeEndpoint(endpointOf(endpoint), name);
		containers.setParts(id, parts);
		const runs = this.#observed.sandboxes.some(({ container: one, running }) => one === id && running);
		this.report.recovered.push(`container ${name}${runs ? ', which runs' : ''}`);
	}

	#takeEndpoint(endpoint: Endpoint, container: string): void {
		const { networks, endpoints } = this.#store;
		const network = networks.get(endpoint.networkId);
		const addresses = familyEntries(endpoint.addresses).map(([, address]) => address);
		const taken = addresses.some((address) => endpoints.holder(endpoint.networkId, address) !== undefined);
		if (!network || taken) {
			const why = network ? 'its address there is taken' : 'there is no such network any more';
			this.report.left.push(`container ${container} on network ${network?.name ?? endpoint.networkId}: ${why}`);
			return;
		}
		const held = endpoints.epairs().includes(endpoint.epair ?? -1);
		endpoints.insert(held ? { ...endpoint, epair: null } : endpoint);
		for (const address of addresses) endpoints.hold(network.id, address, endpoint.id);
	}

	/** A daemon refuses to start beside these; see `Leaks`. */
	#tellUnknown(): void {
		for (const { container, running } of this.#observed.sandboxes)
			if (running && !this.#store.containers.get(container))
				this.report.left.push(`container ${container} runs, and there is no record of it`);
	}

	#apply(change: Parameters<typeof applyChange>[1]): void {
		applyChange(this.#store, change);
	}
}
