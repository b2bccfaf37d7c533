import { newId } from '#model/ids.ts';
import type { Layer } from '#model/layer.ts';
import type { LayerPart } from '#model/parts/files.ts';
import { make, type Step, unmake } from '#model/step.ts';
import type { StoreChange } from '#model/store-change.ts';
import type { Leaving } from '#store/layers.ts';
import type { EngineContext } from '../../context.ts';
import { type LockKey, layerLock } from '../../locks.ts';

/** The removal of layers, as pieces of a teardown. */
export interface Release {
	/** To be held while it is done. */
	readonly locks: readonly LockKey[];
	/** Recorded when it begins: what is recorded meanwhile cannot stand on them. */
	readonly begun: readonly StoreChange[];
	readonly steps: readonly Step[];
}

/**
 * Layers: made, kept and released.
 * INVARIANT: the store lists a layer only while its files are complete on the host; what nothing uses goes with its last
 * user, or at the next start of the daemon.
 */
export class Layers {
	readonly #context: EngineContext;
	/** Layers that must stay though nothing uses them yet, and by how many tasks. */
	readonly #pins = new Map<string, number>();

	constructor(context: EngineContext) {
		this.#context = context;
	}

	/** The draft of a layer on top of another one. @param parent null: at the bottom */
	draft(parent: string | null, more: Partial<Pick<Layer, 'id' | 'diffId' | 'cacheKey'>> = {}): Layer {
		const { timestamp } = this.#context;
		return { id: newId(), parent, diffId: '', cacheKey: '', size: null, created: timestamp(), ...more };
	}

	/** Ids of a layer and of all below it, the top one first; none for null. */
	chainOf(top: string | null): string[] {
		return top === null ? [] : this.#context.store.layers.chainIds(top);
	}

	/**
	 * Makes a layer of the changes of a container, which stands on it afterwards and has no changes: nothing is copied. One
	 * plan in the journal; when it fails or the daemon is killed the container has its changes again. Callers hold the lock
	 * of the container, none of whose processes runs and whose root is not mounted.
	 *
	 * @param container id
	 */
	async commit(container: string, { cacheKey = '' }: { readonly cacheKey?: string } = {}): Promise<Layer> {
		const { store, executor } = this.#context;
		const parent = store.containers.get(container)?.layer;
		if (parent === undefined) throw new Error(`there is no container ${container} to commit`);
		const layer = this.draft(parent, { cacheKey });
		const part: LayerPart = {
			kind: 'layer',
			layer: layer.id,
			below: this.chainOf(parent),
			source: { kind: 'commit', container },
		};
		const done: StoreChange[] = [
			{ kind: 'layer-created', layer },
			{ kind: 'root-committed', container, layer: layer.id },
		];
		await executor.build({ subject: `layer ${layer.id}`, steps: [make(part)], done });
		return layer;
	}

	/**
	 * Runs something while a layer and all below it stay, though whatever uses them may go. Afterwards those that nothing
	 * uses are removed.
	 *
	 * @param top null: nothing is to stay
	 */
	async keeping<T>(top: string | null, task: () => Promise<T>): Promise<T> {
		const release = this.keep(top);
		try {
			return await task();
		} finally {
			await release();
		}
	}

	/** The same for what is no single task. @returns what lets go of them, to be called once */
	keep(top: string | null): () => Promise<void> {
		const kept = this.chainOf(top);
		for (const id of kept) this.#pins.set(id, (this.#pins.get(id) ?? 0) + 1);
		return async () => {
			for (const id of kept) this.#unpin(id);
			await this.#removeUnused(kept);
		};
	}

	#unpin(id: string): void {
		const count = this.#pins.get(id) ?? 0;
		if (count > 1) this.#pins.set(id, count - 1);
		else this.#pins.delete(id);
	}

	async #removeUnused(ids: readonly string[]): Promise<void> {
		const { store } = this.#context;
		const [top] = ids.filter((id) => store.layers.get(id) && store.layers.isUnused(id));
		if (top !== undefined) await this.#remove(this.release(top));
	}

	/** Removal of the layers of a chain that nothing uses once some objects are gone. @param top id */
	release(top: string, leaving: Leaving = {}): Release {
		const { layers } = this.#context.store;
		const freed = layers.freedBy(top, leaving, (id) => this.#pins.has(id));
		return {
			locks: freed.map(layerLock),
			begun: freed.map((layer) => ({ kind: 'layer-removed', layer })),
			steps: freed.map((layer) => unmake({ kind: 'layer', layer, below: [], source: { kind: 'empty' } })),
		};
	}

	/** Removes what nothing uses: when the daemon starts, of what an earlier one left. */
	async sweep(): Promise<void> {
		for (const id of this.#context.store.layers.unused()) await this.#remove(this.release(id));
	}

	async #remove({ locks: keys, begun, steps }: Release): Promise<void> {
		const { executor, locks } = this.#context;
		if (steps.length === 0) return;
		await locks.runAll(keys, () => executor.teardown({ subject: 'unused layers', chains: [steps], begun, done: [] }));
	}
}
