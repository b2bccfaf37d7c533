import { isKleeneError, KleeneError } from '#errors/kleene-error.ts';
import type { Dockerfile, Stage } from '#model/build/dockerfile.ts';
import type { FileOrigin } from '#model/build/files.ts';
import { newId } from '#model/ids.ts';
import type { HistoryEntry, Image } from '#model/image.ts';
import { expand } from '../../plan/build/expand.ts';
import { platformArgs, requirePlatform } from '../../plan/build/platform.ts';
import { type BuildArgs, declareArg, lookupIn, type Scope } from '../../plan/build/scope.ts';
import { directlyNeeded, neededStages, originOf } from '../../plan/build/stages.ts';
import type { ImageOperations } from '../image/images.ts';
import { BaseImages } from './base-images.ts';
import { BuildHold } from './build-hold.ts';
import { Builder, type BuildTools } from './builder.ts';
import { Outlet } from './outlet.ts';
import type { BuildRequest, BuildResult, Report } from './request.ts';
import { StageBuild, type StageState } from './stage-build.ts';

export interface BuildOptions {
	readonly request: BuildRequest;
	readonly dockerfile: Dockerfile;
	readonly target: Stage;
	readonly report: Report;
	readonly signal: AbortSignal | undefined;
}

/** A stage that was built. */
interface BuiltStage extends StageState {
	readonly history: readonly HistoryEntry[];
}

/**
 * One build: its stages, each after those it needs, others at the same time.
 * INVARIANT: when it has ended there is its image, or the one of a failed build that is kept, and none of its containers.
 */
export class Build {
	readonly #tools: BuildTools;
	readonly #images: ImageOperations;
	readonly #options: BuildOptions;
	readonly #hold: BuildHold;
	readonly #bases: BaseImages;
	readonly #id = newId();
	readonly #given: BuildArgs;
	/** Known before the first FROM without an ARG. */
	readonly #platform: BuildArgs;
	#scope: Scope = { env: new Map(), args: new Map() };
	readonly #stages = new Map<number, Promise<BuiltStage>>();
	readonly #running = new Map<number, { builder: Builder; build: StageBuild }>();
	/** Images of stages that others begin with or copy from, made by this build: a failed one removes them. */
	readonly #intermediate: string[] = [];
	/** There is an image, perhaps one of an earlier build. */
	#succeeded = false;
	readonly #abort = new AbortController();
	/** Index of the stage whose failure ends the build. */
	#broken: number | undefined;
	/** Numbers of the steps that stages begin with, by index. */
	readonly #firstSteps = new Map<number, number>();
	#total = 0;

	constructor(tools: BuildTools, images: ImageOperations, options: BuildOptions) {
		this.#tools = tools;
		this.#images = images;
		this.#options = options;
		this.#hold = new BuildHold(tools.context, tools.layers);
		this.#bases = new BaseImages(tools, images, this.#hold);
		this.#platform = new Map(platformArgs(tools.context.driver.facts().platform));
		this.#given = new Map([...this.#platform, ...options.request.buildArgs]);
	}

	async run(): Promise<BuildResult> {
		const { dockerfile, target, report, signal } = this.#options;
		const leave = () => this.#abort.abort(signal?.reason);
		signal?.addEventListener('abort', leave);
		if (signal?.aborted) leave();
		const outlet = new Outlet(report, this.#options.request.interleaved);
		report({ kind: 'started', image: this.#id });
		this.#tools.context.driver.builds.keepSecrets(this.#id, this.#options.request.secrets);
		try {
			const needed = this.#begin(dockerfile, target, outlet);
			outlet.order(needed.map(({ index }) => index));
			for (const stage of needed) {
				const building = this.#stage(stage, outlet);
				this.#stages.set(stage.index, building);
				building.catch(() => {
					this.#broken ??= stage.index;
				});
			}
			const built = (await Promise.all(this.#stages.values())).at(-1);
			if (!built) throw new Error('a build without a stage');
			signal?.throwIfAborted();
			const image = this.#record(built);
			this.#succeeded = true;
			return { kind: 'built', image };
		} catch (error) {
			await this.#settle();
			signal?.throwIfAborted();
			outlet.flush();
			return await this.#failed(error);
		} finally {
			signal?.removeEventListener('abort', leave);
			await this.#cleanUp();
		}
	}

	async #settle(): Promise<void> {
		this.#abort.abort(new KleeneError(ANOTHER_FAILED));
		await Promise.allSettled(this.#stages.values());
	}

	/** Declares the ARGs before the first FROM. */
	#begin(dockerfile: Dockerfile, target: Stage, outlet: Outlet): readonly Stage[] {
		const replace = (text: string) => this.#expand(text);
		const lines: string[] = [];
		for (const { action, line } of dockerfile.args) {
			lines.push(line);
			if (action.kind !== 'arg') continue;
			for (const [name, value] of action.pairs)
				this.#scope = declareArg(
					this.#scope,
					this.#given,
					new Map(),
					name,
					value === undefined ? undefined : replace(value),
				);
		}
		const needed = neededStages(dockerfile, target, replace);
		this.#total = lines.length;
		for (const { index, instructions } of needed) {
			this.#firstSteps.set(index, this.#total + 1);
			this.#total += 1 + instructions.length;
		}
		for (const [at, line] of lines.entries()) outlet.now({ kind: 'step', number: at + 1, total: this.#total, line });
		return needed;
	}

	async #stage(stage: Stage, outlet: Outlet): Promise<BuiltStage> {
		const { dockerfile, request, target } = this.#options;
		const replace = (text: string) => this.#expand(text);
		const before = directlyNeeded(stage, dockerfile, replace);
		const ready = new Map<number, BuiltStage>();
		for (const index of before) ready.set(index, await this.#require(index));
		this.#abort.signal.throwIfAborted();
		const report = outlet.of(stage.index);
		let number = this.#firstSteps.get(stage.index) ?? 1;
		const announce = (line: string) => {
			this.#abort.signal.throwIfAborted();
			report({ kind: 'step', number: number++, total: this.#total, line, stage: stage.name });
		};
		announce(stage.line);
		const began = performance.now();
		if (stage.platform !== undefined)
			requirePlatform(replace(stage.platform), this.#tools.context.driver.facts().platform);
		const base = await this.#base(stage, replace(stage.base), ready, report);
		report({ kind: 'done', milliseconds: performance.now() - began, changed: false });
		const last = stage.index === target.index;
		const builder = new Builder(this.#tools, request, {
			...(last ? { id: this.#id } : {}),
			signal: this.#abort.signal,
		});
		this.#hold.container(builder.id);
		const origin = (reference: string) => this.#originOf(stage, reference, ready);
		const build = new StageBuild({
			...{ tools: this.#tools, request, dockerfile, stage, builder, base, report, announce, originOf: origin },
			...{ build: this.#id, hold: this.#hold, globals: this.#scope.args, given: this.#given },
		});
		this.#running.set(stage.index, { builder, build });
		await build.run();
		const built = { ...build.state, history: build.history };
		outlet.done(stage.index);
		return last ? built : await this.#intermediateImage(built, builder);
	}

	/** Outside of stages. */
	#expand(text: string): string {
		const lookup = lookupIn(this.#scope);
		return expand(text, (name) => lookup(name) ?? this.#platform.get(name), this.#options.dockerfile.escapeChar);
	}

	async #require(index: number): Promise<BuiltStage> {
		const stage = this.#stages.get(index);
		if (!stage) throw new Error(`stage ${index} was not begun`);
		return stage;
	}

	/** An untagged image, so that its layers stay: for the stages after it, and as the cache of later builds. */
	async #intermediateImage(built: BuiltStage, builder: Builder): Promise<BuiltStage> {
		const { layer, config, history } = built;
		const same = ({ name, ...one }: Image) => name === '' && JSON.stringify(one.config) === JSON.stringify(config);
		const found = this.#tools.context.store.images.ofLayer(layer).find(same);
		const image = found ?? this.#images.draft({ nametag: '', layer, config, history });
		this.#hold.image(image.id);
		if (!found) {
			this.#images.record(image);
			this.#intermediate.push(image.id);
		}
		await builder.remove();
		return { ...built, image };
	}

	async #base(
		stage: Stage,
		reference: string,
		ready: ReadonlyMap<number, BuiltStage>,
		report: Report,
	): Promise<StageState> {
		const { request, dockerfile } = this.#options;
		const first = stage.index === 0;
		if (first && request.from !== undefined) {
			report({ kind: 'parent', image: request.from });
			return this.#bases.image(request.from);
		}
		const origin = originOf(reference, dockerfile.stages.slice(0, stage.index), false);
		if (origin.kind === 'stage') return builtOf(ready, origin.index);
		if (origin.kind === 'image') return this.#bases.image(origin.reference);
		return this.#bases.scratch();
	}

	#originOf(stage: Stage, reference: string, ready: ReadonlyMap<number, BuiltStage>): FileOrigin {
		const origin = originOf(reference, this.#options.dockerfile.stages.slice(0, stage.index), true);
		const layer = origin.kind === 'stage' ? builtOf(ready, origin.index).layer : this.#bases.image(reference).layer;
		return { kind: 'layers', layers: this.#tools.layers.chainOf(layer) };
	}

	/** @returns the id of the image */
	#record(built: BuiltStage): string {
		const [nametag = '', ...more] = this.#options.request.tags;
		const id = this.#name(built, nametag, this.#id);
		// An image has one name here: each further one is an image of the same layers.
		for (const tag of more) this.#name(built, tag);
		return id;
	}

	/** @returns the id of an image with this name: of one that is there already where nothing of it is new */
	#name({ layer, config, history }: BuiltStage, nametag: string, id = newId()): string {
		const { request } = this.#options;
		const there = request.reuse && request.cache ? this.#images.alike({ layer, config, history, nametag }) : undefined;
		if (!there) this.#images.record(this.#images.draft({ id, nametag, layer, config, history }));
		else if (there.name === '' && nametag !== '') this.#images.tag(there.id, nametag);
		return there?.id ?? id;
	}

	/** Keeps what the stage that failed had made, unless nothing is to be kept. */
	async #failed(error: unknown): Promise<BuildResult> {
		const { request, target } = this.#options;
		const at = this.#running.get(this.#broken ?? target.index);
		if (request.cleanup || !at?.builder.isCreated) return { kind: 'failed', error, kept: false, snapshot: undefined };
		const { builder, build } = at;
		const snapshot = build.snapshot;
		await builder.endRun();
		const layer = await builder.commit('');
		const [nametag = ''] = request.tags;
		const image = this.#images.draft({
			id: this.#id,
			nametag,
			layer,
			config: build.state.config,
			history: build.history,
		});
		this.#images.record({ ...image, tag: 'failed' });
		return { kind: 'failed', error, kept: true, snapshot };
	}

	async #cleanUp(): Promise<void> {
		for (const { builder } of this.#running.values()) await builder.remove();
		const { store } = this.#tools.context;
		this.#tools.context.driver.builds.keepSecrets(this.#id, undefined);
		await this.#hold.release();
		if (this.#succeeded || store.images.get(this.#id)) return;
		for (const id of this.#intermediate) await this.#images.remove(id).catch(ignoreUsed);
	}
}

/** Another build began to use it, or it was pruned. */
function ignoreUsed(error: unknown): void {
	if (isKleeneError(error) && (error.code === 'IN_USE' || error.code === 'NO_SUCH_IMAGE')) return;
	throw error;
}

const NOT_BUILT = {
	code: 'BUILD_FAILED',
	what: 'cannot use the stage',
	hint: 'in --from and from= use names, and variables of an ARG before the first FROM alone',
} as const;

const ANOTHER_FAILED = {
	code: 'CANCELLED',
	what: 'cannot build the stage',
	why: 'another stage failed',
	hint: 'see above',
} as const;

function builtOf(ready: ReadonlyMap<number, BuiltStage>, index: number): BuiltStage {
	const stage = ready.get(index);
	if (!stage)
		throw new KleeneError({ ...NOT_BUILT, why: `nothing tells before the build that stage ${index} is needed` });
	return stage;
}
