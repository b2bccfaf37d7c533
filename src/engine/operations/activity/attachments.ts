import { KleeneError } from '#errors/kleene-error.ts';
import type { OutputStream, WindowSize } from '#host/driver.ts';
import type { Container } from '#model/container.ts';
import type { EngineContext } from '../../context.ts';
import { findContainer } from '../../identify.ts';
import { containerLock } from '../../locks.ts';
import type { Session } from '../container/executions.ts';
import type { Runs } from '../container/runs.ts';

/** How the first process of a container was started. */
export interface Attachable {
	readonly tty: boolean;
	readonly stdin: boolean;
}

export class AttachmentOperations {
	readonly #context: EngineContext;
	readonly #runs: Runs;

	constructor(context: EngineContext, runs: Runs) {
		this.#context = context;
		this.#runs = runs;
	}

	describe(identifier: string): Attachable {
		const { id } = this.#requireRunning(identifier);
		const parts = this.#context.store.containers.parts(id);
		const process = parts.find((part) => part.kind === 'sandbox')?.spec.process;
		return { tty: process?.tty ?? false, stdin: process?.stdin ?? false };
	}

	/**
	 * Connects to the first process of a running container.
	 *
	 * @param onOutput set before anything is read
	 */
	async attach(
		identifier: string,
		size: WindowSize | undefined,
		onOutput: (stream: OutputStream, chunk: Buffer) => void,
	): Promise<{ readonly container: string; readonly session: Session }> {
		const { driver, locks } = this.#context;
		const { id } = findContainer(this.#context.store, identifier);
		return locks.run(containerLock(id), async () => {
			this.#requireRunning(identifier);
			const hasEnded = this.#runs.endOf(id);
			const process = await driver.run({ kind: 'reattach', container: id, ...(size ? { size } : {}) });
			process.onOutput(onOutput);
			const ended = process.ended.then(async ({ code }) => ({ code, containerEnded: await hasEnded() }));
			ended.catch(() => {});
			return { container: id, session: { process, announcements: [], first: true, ended } };
		});
	}

	#requireRunning(identifier: string): Container {
		const container = findContainer(this.#context.store, identifier);
		if (this.#runs.isRunning(container.id)) return container;
		throw new KleeneError({
			code: 'CONTAINER_NOT_RUNNING',
			what: `cannot attach to container ${container.name}`,
			why: 'container not running',
			hint: `see what it wrote with "klee logs ${container.name}", or start it with "klee start ${container.name}"`,
			message: 'container not running',
		});
	}
}
