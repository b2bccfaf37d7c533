import { KleeneError } from '#errors/kleene-error.ts';
import type { RunMount } from '#model/build/run-mounts.ts';
import { newId } from '#model/ids.ts';
import type { Image } from '#model/image.ts';
import type { CopiedFilesPart } from '#model/parts/files.ts';
import { make } from '#model/step.ts';
import type { EngineContext } from '../../context.ts';
import { containerLock } from '../../locks.ts';
import type { PlannedMount } from '../../plan/build/run-mounts.ts';
import type { ContainerOperations } from '../container/containers.ts';
import type { ExecutionOperations } from '../container/executions.ts';
import type { NewContainers } from '../container/new-containers.ts';
import type { Removals } from '../container/removals.ts';
import type { Layers } from '../image/layers.ts';
import type { CacheMounts } from './cache-mounts.ts';
import type { BuildRequest, Report } from './request.ts';

/** Operations that builds are made of. */
export interface BuildTools {
	readonly context: EngineContext;
	readonly containers: ContainerOperations;
	readonly newContainers: NewContainers;
	readonly executions: ExecutionOperations;
	readonly removals: Removals;
	readonly layers: Layers;
	readonly caches: CacheMounts;
}

/** A command of RUN. */
export interface Running {
	readonly argv: readonly string[];
	readonly user: string;
	readonly env: readonly string[];
	readonly workdir: string;
	/** Standard input; undefined: empty. */
	readonly input: string | undefined;
	readonly mounts: readonly PlannedMount[];
}

/** Name of the container of a build: its own id is in it, so that no other container has such a name. */
export function builderName(id: string): string {
	return `builder_${id}`;
}

/**
 * The container in which the instructions of a stage are executed. It comes into being with the first one that is not in
 * the cache, and stands on the layer that the one before it made.
 * INVARIANT: it is in the store with the name `builder_ID`; one that a killed daemon left is removed by the next.
 */
export class Builder {
	readonly #tools: BuildTools;
	readonly #request: BuildRequest;
	readonly #signal: AbortSignal | undefined;
	readonly id: string;
	#created = false;

	/** @param id of the container; the image of the last stage gets it too */
	constructor(
		tools: BuildTools,
		request: BuildRequest,
		{ id = newId(), signal }: { id?: string; signal?: AbortSignal | undefined },
	) {
		this.#tools = tools;
		this.#request = request;
		this.#signal = signal;
		this.id = id;
	}

	get isCreated(): boolean {
		return this.#created;
	}

	async #require(image: Image, layer: string): Promise<void> {
		this.#signal?.throwIfAborted();
		if (this.#created) return;
		const { container, joinings } = this.#request;
		const name = builderName(this.id);
		// The check of the base image is not for a container that does not serve yet.
		const options = { ...container.options, health: { test: ['NONE'] } };
		this.#created = true;
		await this.#tools.newContainers
			.create({ ...container, id: this.id, layer, name, image: image.id, cmd: [], options }, joinings)
			.catch((error: unknown) => {
				this.#created = false;
				throw error;
			});
	}

	/** Runs a command to its end; what it leaves running is ended too. @returns its exit code */
	async run(base: { image: Image; layer: string }, command: Running, report: Report): Promise<number> {
		await this.#require(base.image, base.layer);
		const { mounts, release } = await this.#tools.caches.take(command.mounts, this.#signal);
		// The mounts are gone with the run: see `endRun`.
		return await this.#run(command, mounts, report).finally(release);
	}

	async #run(command: Running, runMounts: readonly RunMount[], report: Report): Promise<number> {
		const { executions } = this.#tools;
		const { argv, user, env, workdir, input } = command;
		const own = { user, env, workdir, tty: false, runMounts };
		const execution = executions.create({ container: this.id, cmd: argv, ...own });
		const starting = { attach: true, startContainer: true, stdin: input !== undefined };
		const session = await executions.start(execution, starting, (_, chunk) => report({ kind: 'output', chunk }));
		const abort = () => session.process.kill('SIGKILL');
		this.#signal?.addEventListener('abort', abort);
		try {
			if (input !== undefined) session.process.write(Buffer.from(input));
			session.process.endInput();
			const { code, containerEnded } = await session.ended;
			if (!containerEnded) await this.endRun();
			this.#signal?.throwIfAborted();
			return code;
		} finally {
			this.#signal?.removeEventListener('abort', abort);
		}
	}

	/** Copies files into the container. */
	async copy(
		base: { image: Image; layer: string },
		files: Omit<CopiedFilesPart, 'kind' | 'container' | 'layers'>,
	): Promise<void> {
		await this.#require(base.image, base.layer);
		const { context, layers } = this.#tools;
		const part = { kind: 'copied-files', container: this.id, layers: layers.chainOf(base.layer), ...files } as const;
		const options = this.#signal ? { signal: this.#signal } : {};
		await context.locks.run(containerLock(this.id), () =>
			context.executor.build({ subject: `container ${this.id}`, steps: [make(part)], done: [] }, options),
		);
	}

	/** Ends what its commands left running. */
	async endRun(): Promise<void> {
		await this.#tools.containers.stop(this.id, 0).catch(ignoreEnded);
	}

	/** Makes a layer of the changes. @returns its id */
	async commit(cacheKey: string): Promise<string> {
		const { context, layers } = this.#tools;
		const layer = await context.locks.run(containerLock(this.id), () => layers.commit(this.id, { cacheKey }));
		return layer.id;
	}

	/** With all that was not committed. Nothing where it was never created. */
	async remove(): Promise<void> {
		if (!this.#created) return;
		this.#created = false;
		await removeBuilder(this.#tools, this.id);
	}
}

export async function removeBuilder({ context, containers, removals }: BuildTools, id: string): Promise<void> {
	await containers.stop(id, 0).catch(ignoreEnded);
	await context.locks.run(containerLock(id), async () => {
		const container = context.store.containers.get(id);
		if (container) await removals.discard(container);
	});
}

function ignoreEnded(error: unknown): void {
	if (error instanceof KleeneError && ['CONTAINER_NOT_RUNNING', 'NO_SUCH_CONTAINER'].includes(error.code)) return;
	throw error;
}
