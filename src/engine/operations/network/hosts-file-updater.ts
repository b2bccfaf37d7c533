import { messageOf } from '#errors/kleene-error.ts';
import { addressesOf } from '#model/endpoint.ts';
import type { NetworkNames } from '#model/host/host-names.ts';
import type { Part } from '#model/part.ts';
import type { NetworkNamesPart } from '#model/parts/hosts-files.ts';
import { make, type Step, unmake } from '#model/step.ts';
import type { StoreChange } from '#model/store-change.ts';
import type { Freed } from '#store/changes.ts';
import type { EngineContext } from '../../context.ts';
import { bringsOwnHosts, namesOfNetwork, ownNames } from '../../plan/network/member-names.ts';

/**
 * Writes the names of containers into the hosts(5) files of the others on their networks, for hosts without a resolver.
 * Operations do not wait for it. The text comes from the store at the time of writing: several changes become one exchange
 * with the host, and the next change makes up for one that failed.
 */
export class HostsFileUpdater {
	readonly #context: EngineContext;
	readonly #changed = new Set<string>();
	/** Network → running containers that were disconnected from it. */
	readonly #left = new Map<string, Set<string>>();
	/** Network → container → entries that were written last, as JSON. */
	readonly #given = new Map<string, Map<string, string>>();
	#working = false;

	constructor(context: EngineContext) {
		this.#context = context;
		context.recorder.listen((change, freed) => this.#onRecorded(change, freed));
	}

	/** Completes the parts of a run that is about to be built with the names as they are now. Callers hold the lock of the container. */
	filled(container: string, parts: readonly Part[]): Part[] {
		const sandbox = parts.find((part) => part.kind === 'sandbox');
		return parts.map((part) => {
			if (part.kind !== 'hosts-file' || !sandbox) return part;
			const networks = this.#networksOf(container).flatMap((id) => this.#namesOf(id) ?? []);
			for (const names of networks) this.#noteGiven(names, container);
			const addresses = this.#context.store.endpoints.ofContainer(container).flatMap(addressesOf);
			return { ...part, networks, own: ownNames(sandbox.spec, networks, addresses) };
		});
	}

	/** Schedules an update of the networks of a container, after its name or its addresses changed. */
	changedBy(container: string): void {
		this.#change(this.#networksOf(container));
	}

	/** Schedules an update of every running container, as nothing is known of its file. */
	refresh(): void {
		this.#given.clear();
		this.#change(this.#context.store.networks.list().map(({ id }) => id));
	}

	#onRecorded(change: StoreChange, { endpoints }: Freed): void {
		if (change.kind === 'run-ended') this.#forget(change.container);
		if (change.kind === 'run-started' || change.kind === 'run-ended' || change.kind === 'parts-joined')
			this.changedBy(change.container);
		for (const { networkId, containerId } of endpoints) this.#leave(networkId, containerId);
	}

	#leave(network: string, container: string): void {
		this.#given.get(network)?.delete(container);
		if (this.#isRunning(container)) this.#left.set(network, (this.#left.get(network) ?? new Set()).add(container));
		this.#change([network]);
	}

	#forget(container: string): void {
		for (const given of this.#given.values()) given.delete(container);
		for (const leavers of this.#left.values()) leavers.delete(container);
	}

	#change(networks: readonly string[]): void {
		if (this.#context.driver.facts().names !== 'hosts-file') return;
		for (const id of networks) this.#changed.add(id);
		void this.#work();
	}

	#isRunning(container: string): boolean {
		return this.#context.store.containers.isRunning(container);
	}

	async #work(): Promise<void> {
		if (this.#working) return;
		this.#working = true;
		try {
			// An operation may change several networks in a row.
			await undefined;
			while (this.#changed.size > 0) await this.#exchange(this.#take());
		} catch (error) {
			this.#given.clear();
			this.#context.log.warn({ error: messageOf(error) }, 'cannot update hosts files of containers');
		} finally {
			this.#working = false;
		}
	}

	#take(): Step[] {
		const networks = [...this.#changed];
		this.#changed.clear();
		return networks.flatMap((id) => {
			const leavers = [...(this.#left.get(id) ?? [])].filter((container) => this.#isRunning(container));
			this.#left.delete(id);
			const names = this.#namesOf(id);
			const nothing = { network: id, name: names?.name ?? id, entries: [] };
			const members = names ? this.#toTell(names) : [];
			return [
				...(leavers.length > 0 ? [unmake(partOf(nothing, leavers))] : []),
				...(names && members.length > 0 ? [make(partOf(names, members))] : []),
			];
		});
	}

	async #exchange(steps: readonly Step[]): Promise<void> {
		if (steps.length === 0) return;
		const { executor, driver, log } = this.#context;
		await executor.tryAll(steps, (step, error) =>
			log.warn({ step: driver.describe(step), error: messageOf(error) }, 'cannot update hosts files of a network'),
		);
	}

	/** Running members whose file has other entries, or unknown ones. */
	#toTell(names: NetworkNames): string[] {
		const { store } = this.#context;
		const text = textOf(names);
		const members = store.endpoints
			.ofNetwork(names.network)
			.map(({ containerId }) => containerId)
			.filter((id) => this.#isRunning(id) && this.#given.get(names.network)?.get(id) !== text)
			.filter((id) => !bringsOwnHosts(store.containers.get(id)?.mounts ?? []));
		for (const id of members) this.#noteGiven(names, id);
		return members;
	}

	#noteGiven(names: NetworkNames, container: string): void {
		const given = this.#given.get(names.network) ?? new Map<string, string>();
		this.#given.set(names.network, given.set(container, textOf(names)));
	}

	#networksOf(container: string): string[] {
		return this.#context.store.endpoints.ofContainer(container).map(({ networkId }) => networkId);
	}

	/** Undefined for a network that is gone or was created with `--no-dns`. */
	#namesOf(id: string): NetworkNames | undefined {
		const { store } = this.#context;
		const network = store.networks.get(id);
		if (!network?.dns) return undefined;
		const members = store.endpoints.ofNetwork(id).flatMap((endpoint) => {
			const container = store.containers.get(endpoint.containerId);
			return container ? [{ container, endpoint, running: endpoint.epair !== null }] : [];
		});
		return namesOfNetwork(network, members);
	}
}

function partOf(names: NetworkNames, members: readonly string[]): NetworkNamesPart {
	return { kind: 'network-names', ...names, members };
}

function textOf({ entries }: NetworkNames): string {
	return JSON.stringify(entries);
}
