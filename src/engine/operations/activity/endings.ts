import { KleeneError } from '#errors/kleene-error.ts';
import type { RunEnd } from '#model/container.ts';
import type { EngineContext } from '../../context.ts';
import { findContainer } from '../../identify.ts';
import type { Runs } from '../container/runs.ts';

export class EndingOperations {
	readonly #context: EngineContext;
	readonly #runs: Runs;

	constructor(context: EngineContext, runs: Runs) {
		this.#context = context;
		this.#runs = runs;
	}

	/**
	 * Waits until a container has ended. @returns how; of one that does not run: how its last run did
	 *
	 * @throws CONTAINER_NOT_RUNNING where it never ran
	 */
	async wait(identifier: string, abandoned: AbortSignal): Promise<Omit<RunEnd, 'at'>> {
		const { id, name, end } = findContainer(this.#context.store, identifier);
		if (this.#runs.isRunning(id)) {
			// By the event, as the container may be removed with its end.
			const ended = await this.#ended(id, abandoned);
			if (ended) return ended;
		} else if (end) return end;
		throw new KleeneError({
			code: 'CONTAINER_NOT_RUNNING',
			what: `cannot wait for container ${name}`,
			why: 'it never ran',
			hint: `start it with "klee start ${name}"`,
		});
	}

	async #ended(id: string, abandoned: AbortSignal): Promise<Omit<RunEnd, 'at'> | undefined> {
		const subscription = this.#context.events.subscribe();
		const leave = () => subscription.close();
		abandoned.addEventListener('abort', leave, { once: true });
		try {
			for await (const event of subscription) {
				if (event.kind === 'container-stopped' && event.container === id) return event;
				// What was missed may have been it.
				if (event.kind === 'events-missed' && !this.#runs.isRunning(id)) break;
			}
			return this.#context.store.containers.get(id)?.end ?? undefined;
		} finally {
			abandoned.removeEventListener('abort', leave);
		}
	}
}
