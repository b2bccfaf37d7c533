import { newId } from '#model/ids.ts';
import type { Layer } from '#model/layer.ts';
import type { LayerPart } from '#model/parts/files.ts';
import { make, type Step, unmake } from '#model/step.ts';
import type { StoreChange } from '#model/store-change.ts';
import type { Leaving } from '#store/layers.ts';
import type { EngineContext } from '../../context.ts';
import { layerLock } from '../../locks.ts';

/** The removal of layers, as pieces of a teardown. */
export interface Release {
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
	/** Layers whose removal is under way: the store may list them to its end. */
	readonly #leaving = new Set<string>();

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
		const { holds } = this.#context;
		const kept = this.chainOf(top);
		for (const id of kept) holds.take('layer', id);
		return async () => {
			for (const id of kept) holds.letGo('layer', id);
			await this.#removeUnused(kept);
		};
	}

	/** The layer that a build step with this key made on top of another one, unless it is being removed. */
	cached(parent: string | null, cacheKey: string): Layer | undefined {
		return this.#staying(this.#context.store.layers.byCacheKey(parent, cacheKey));
	}

	/** The same for the layer that an archive with this digest made. */
	ofDiff(parent: string | null, diffId: string): Layer | undefined {
		return this.#staying(this.#context.store.layers.byDiff(parent, diffId));
	}

	#staying(layer: Layer | undefined): Layer | undefined {
		return layer && !this.#leaving.has(layer.id) ? layer : undefined;
	}

	async #removeUnused(ids: readonly string[]): Promise<void> {
		const { store } = this.#context;
		const [top] = ids.filter((id) => store.layers.get(id) && store.layers.isUnused(id));
		if (top !== undefined) await this.#remove(top);
	}

	/**
	 * Removes the layers of a chain that nothing uses once some objects are gone. Those that a task keeps stay, also where it
	 * began to while this waited for locks.
	 *
	 * @param top id
	 * @param teardown what removes them with those objects, called with locks held
	 */
	async releasing<T>(top: string, leaving: Leaving, teardown: (release: Release) => Promise<T>): Promise<T> {
		const { locks } = this.#context;
		const locked = new Set(this.#freed(top, leaving));
		return await locks.runAll([...locked].map(layerLock), async () => {
			const freed = this.#freed(top, leaving).filter((id) => locked.has(id));
			for (const id of freed) this.#leaving.add(id);
			try {
				return await teardown({
					begun: freed.map((layer) => ({ kind: 'layer-removed', layer })),
					steps: freed.map((layer) => unmake({ kind: 'layer', layer, below: [], source: { kind: 'empty' } })),
				});
			} finally {
				for (const id of freed) this.#leaving.delete(id);
			}
		});
	}

	#freed(top: string, leaving: Leaving): string[] {
		const { store, holds } = this.#context;
		const isKept = (id: string) => holds.has('layer', id) || this.#leaving.has(id);
		return store.layers.freedBy(top, leaving, isKept);
	}

	/** Removes what nothing uses: when the daemon starts, of what an earlier one left. */
	async sweep(): Promise<void> {
		for (const id of this.#context.store.layers.unused()) await this.#remove(id);
	}

	async #remove(top: string): Promise<void> {
		const { executor } = this.#context;
		await this.releasing(top, {}, async ({ begun, steps }) => {
			if (steps.length > 0) await executor.teardown({ subject: 'unused layers', chains: [steps], begun, done: [] });
		});
	}
}
