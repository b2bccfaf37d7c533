import type { StoreChange } from '#model/store-change.ts';
import { applyChange, type Freed } from '#store/changes.ts';
import type { Store } from '#store/store.ts';

/** Called for each change that the store has, with what nobody has any more by it. */
type Listener = (change: StoreChange, freed: Freed) => void;

/** Changes that the store has, with what each of them freed. */
export type Recorded = readonly (readonly [StoreChange, Freed])[];

/**
 * Brings changes into the store, and tells those who remember the same in memory. What a process does by itself and what
 * it finishes for one that is gone comes here alike.
 */
export class Recorder {
	readonly #store: Store;
	readonly #listeners: Listener[] = [];

	constructor(store: Store) {
		this.#store = store;
	}

	listen(listener: Listener): void {
		this.#listeners.push(listener);
	}

	/** Within a transaction of the caller, who calls `tell` when that is committed. */
	apply(changes: readonly StoreChange[]): Recorded {
		return changes.map((change) => [change, applyChange(this.#store, change)]);
	}

	tell(recorded: Recorded): void {
		for (const [change, freed] of recorded) for (const listener of this.#listeners) listener(change, freed);
	}

	/** In a transaction of their own. */
	record(changes: readonly StoreChange[]): void {
		this.tell(this.#store.urgently(() => this.#store.transaction(() => this.apply(changes))));
	}
}
