import { isKleeneError, KleeneError } from '#errors/kleene-error.ts';
import type { FileStatus } from '#model/activity/files.ts';
import { make, unmake } from '#model/step.ts';
import type { EngineContext } from '../../context.ts';
import { findContainer, requireContainer } from '../../identify.ts';
import { containerLock } from '../../locks.ts';
import type { Runs } from '../container/runs.ts';

/** Looks at the files of a container that starts and ends again and again. */
const MOST_TRIES = 5;

/** Files of containers. The root file system of one that does not run is mounted meanwhile, and it does not start. */
export class FileOperations {
	readonly #context: EngineContext;
	readonly #runs: Runs;

	constructor(context: EngineContext, runs: Runs) {
		this.#context = context;
		this.#runs = runs;
	}

	/** @param follow look at what a link leads to */
	async status(identifier: string, path: string, follow: boolean): Promise<FileStatus> {
		requireAbsolute(path);
		return this.#withRoot(identifier, (container) =>
			this.#context.driver.activity.files.status({ container, path, follow }),
		);
	}

	/** A tar archive of a file or directory. Resolves when it was found; it is read to its end, or destroyed. */
	async read(identifier: string, path: string, abandoned: AbortSignal): Promise<AsyncGenerator<Buffer>> {
		const { files } = this.#context.driver.activity;
		await this.status(identifier, path, false);
		const begun = Promise.withResolvers<AsyncIterable<Buffer>>();
		const over = Promise.withResolvers<void>();
		const whole = this.#withRoot(identifier, (container) => {
			begun.resolve(files.read({ container, path }));
			return over.promise;
		});
		whole.catch(begun.reject);
		const archive = await begun.promise;
		let started = false;
		// Where nobody begins to read, nothing else would end it.
		abandoned.addEventListener('abort', () => started || over.resolve());
		return (async function* () {
			started = true;
			try {
				yield* archive;
			} finally {
				over.resolve();
				await whole;
			}
		})();
	}

	/** Unpacks a tar archive into a directory of the container. */
	async write(
		identifier: string,
		path: string,
		{ archive, signal }: { readonly archive: AsyncIterable<Buffer>; readonly signal: AbortSignal },
	): Promise<void> {
		requireAbsolute(path);
		await this.#withRoot(identifier, (container) =>
			this.#context.driver.activity.files.write({ container, path, archive, signal }),
		);
	}

	/** A run may end, and another begin, between a look at it and the task. */
	async #withRoot<T>(identifier: string, task: (container: string) => Promise<T>): Promise<T> {
		const { id } = findContainer(this.#context.store, identifier);
		for (let tries = 1; ; tries += 1) {
			try {
				return await (this.#runs.isRunning(id) ? task(id) : this.#mounted(id, task));
			} catch (error) {
				if (!isKleeneError(error) || error.code !== 'CONTAINER_NOT_RUNNING' || tries === MOST_TRIES) throw error;
				await this.#runs.untilGone(id);
			}
		}
	}

	#mounted<T>(id: string, task: (container: string) => Promise<T>): Promise<T> {
		const { store, driver, locks } = this.#context;
		return locks.run(containerLock(id), async () => {
			const { layer } = requireContainer(store, id);
			if (this.#runs.isRunning(id)) return task(id);
			const root = { kind: 'root-mount', container: id, layers: store.layers.chainIds(layer) } as const;
			// A daemon that dies in between leaves a mount that the next one removes.
			await driver.apply([make(root)]);
			try {
				return await task(id);
			} finally {
				await driver.apply([unmake(root)]);
			}
		});
	}
}

function requireAbsolute(path: string): void {
	if (path.startsWith('/') && !path.includes('\0')) return;
	throw new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `cannot use '${path.slice(0, 200)}' as a path in a container`,
		why: 'it does not begin with "/"',
		hint: 'write the whole path, e.g. web:/etc/hosts',
	});
}
