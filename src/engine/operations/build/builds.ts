import type { Readable } from 'node:stream';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import type { Dockerfile, Stage } from '#model/build/dockerfile.ts';
import type { FileOrigin } from '#model/build/files.ts';
import { isId, newId } from '#model/ids.ts';
import { readDockerfile } from '../../dockerfile/read.ts';
import { parseNametag } from '../../identify.ts';
import { targetStage } from '../../plan/build/stages.ts';
import type { ImageOperations } from '../image/images.ts';
import { Build } from './build.ts';
import { type BuildTools, builderName, removeBuilder } from './builder.ts';
import type { BuildRequest, BuildResult, Report } from './request.ts';

/** Limit of a Dockerfile. Bytes. */
const LONGEST = 64 * 1024;

/** Builds of images from Dockerfiles. */
export class Builds {
	readonly #tools: BuildTools;
	readonly #images: ImageOperations;
	/** Contexts that a build uses, or that wait for one. */
	readonly #contexts = new Set<string>();

	constructor(tools: BuildTools, images: ImageOperations) {
		this.#tools = tools;
		this.#images = images;
	}

	/** Removes what builds of a killed daemon left: their containers and contexts. */
	async sweep(): Promise<void> {
		const { context } = this.#tools;
		for (const { id, name } of context.store.containers.list())
			if (name === builderName(id))
				await removeBuilder(this.#tools, id).catch((error: unknown) => this.#warn(id, error));
		for (const id of context.driver.builds.contexts()) await context.driver.builds.discard(id);
	}

	#warn(id: string, error: unknown): void {
		this.#tools.context.log.error({ container: id, error: messageOf(error) }, 'cannot remove the container of a build');
	}

	/** Names of the caches of RUN that no RUN uses. */
	async unusedCaches(): Promise<string[]> {
		const { caches, context } = this.#tools;
		return (await context.driver.builds.caches()).filter((name) => !caches.isUsed(name));
	}

	/** Removes them. @returns their names */
	async pruneCaches(): Promise<string[]> {
		const { caches, context } = this.#tools;
		const removed: string[] = [];
		for (const name of await this.unusedCaches())
			if (await caches.whileUnused(name, () => context.driver.builds.removeCache(name))) removed.push(name);
		return removed;
	}

	/** Unpacks a context that a client sends. It stays until its build has ended, or it is discarded. @returns its id */
	async receive(archive: Readable, signal?: AbortSignal): Promise<string> {
		const id = newId();
		this.#contexts.add(id);
		await this.#tools.context.driver.builds.receive(id, archive, signal).catch((error: unknown) => {
			this.#contexts.delete(id);
			throw error;
		});
		return id;
	}

	async discard(context: string): Promise<void> {
		if (this.#contexts.delete(context)) await this.#tools.context.driver.builds.discard(context);
	}

	/**
	 * @param signal ends the build, of which nothing is left then; its reason is thrown
	 * @throws KleeneError where nothing was begun: for a Dockerfile that cannot be read, a stage that is not in it
	 */
	async build(request: BuildRequest, report: Report, signal?: AbortSignal): Promise<BuildResult> {
		const { context: origin } = request;
		try {
			this.#requireContext(origin);
			for (const tag of request.tags) parseNametag(tag);
			const dockerfile = await this.#read(request);
			const target = this.#target(dockerfile, request.target);
			return await new Build(this.#tools, this.#images, { request, dockerfile, target, report, signal }).run();
		} finally {
			if (origin.kind === 'context') await this.discard(origin.context);
		}
	}

	#requireContext(origin: FileOrigin): void {
		if (origin.kind !== 'context' || (isId(origin.context) && this.#contexts.has(origin.context))) return;
		const hint = 'send it with POST /images/build/context, and build it once';
		const why = 'the daemon has no such context';
		throw new KleeneError({ code: 'INVALID_ARGUMENT', what: 'cannot build the image', why, hint });
	}

	async #read({ context, dockerfile: path }: BuildRequest): Promise<Dockerfile> {
		const text = await this.#tools.context.driver.builds.read(context, path);
		if (text !== undefined && text.length <= LONGEST) return readDockerfile(text);
		throw new KleeneError({
			code: 'DOCKERFILE_INVALID',
			what: 'cannot read the Dockerfile',
			why: text === undefined ? `the context has no file ${path}` : `it is longer than ${LONGEST} bytes`,
			hint: 'name it with --file',
			message: `Could not open Docker file ${path}: :enoent`,
		});
	}

	#target(dockerfile: Dockerfile, name: string | undefined): Stage {
		const stage = targetStage(dockerfile, name);
		if (stage) return stage;
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: 'cannot build the image',
			why: `the Dockerfile has no stage ${name}`,
			hint: `its stages are ${dockerfile.stages.map((one) => one.name ?? one.index).join(', ')}`,
		});
	}
}
