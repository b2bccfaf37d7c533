import { messageOf } from '#errors/kleene-error.ts';
import type { Container } from '#model/container.ts';
import { unmake } from '#model/step.ts';
import type { EngineContext } from '../../context.ts';
import { containerLock } from '../../locks.ts';
import type { Layers } from '../image/layers.ts';

/** The removal of containers that do not run. */
export class Removals {
	readonly #context: EngineContext;
	readonly #layers: Layers;

	constructor(context: EngineContext, layers: Layers) {
		this.#context = context;
		this.#layers = layers;
	}

	/** With the layers that it alone stood on: those of an image that was never recorded. Callers hold its lock. */
	async discard({ id, layer }: Container): Promise<void> {
		// A mount that the end of a run could not undo would keep the files from being removed.
		const own = [
			{ kind: 'root-mount', container: id, layers: [] } as const,
			{ kind: 'root-files', container: id, layers: [] } as const,
		];
		await this.#layers.releasing(layer, { container: id }, async (released) => {
			const steps = [...own.map(unmake), ...released.steps];
			const done = [{ kind: 'container-removed', container: id } as const, ...released.begun];
			// Files that the host does not let go of are still a container.
			await this.#context.executor.teardown({ subject: `container ${id}`, chains: [steps], done, whole: true });
		});
	}

	/** Removes a container of `run --rm` after its run. One that cannot be removed is tried again by the next daemon. Callers hold its lock. */
	async afterRun(id: string): Promise<void> {
		const { store, log } = this.#context;
		const container = store.containers.get(id);
		if (!container?.autoRemove || store.containers.isRunning(id)) return;
		await this.discard(container).catch((error: unknown) =>
			log.error({ container: id, error: messageOf(error) }, 'cannot remove an ended container'),
		);
	}

	/** The same for those that ended, or were to be removed, while nobody looked. They never are without a run before its end. */
	async afterRuns(): Promise<void> {
		const { store, locks } = this.#context;
		for (const { id, autoRemove } of store.containers.list())
			if (autoRemove) await locks.run(containerLock(id), () => this.afterRun(id));
	}
}
