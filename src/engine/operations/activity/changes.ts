import type { FileChange } from '#model/activity/file-change.ts';
import type { EngineContext } from '../../context.ts';
import { findContainer } from '../../identify.ts';

export class ChangeOperations {
	readonly #context: EngineContext;

	constructor(context: EngineContext) {
		this.#context = context;
	}

	/** Files of a container that differ from its image, as they are found. @throws NO_SUCH_CONTAINER at once */
	list(identifier: string): AsyncIterable<FileChange> {
		const { store, driver } = this.#context;
		const { id, layer } = findContainer(store, identifier);
		return driver.activity.changes({ container: id, layers: store.layers.chainIds(layer) });
	}
}
