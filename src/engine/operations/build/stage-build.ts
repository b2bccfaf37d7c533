import { createHash } from 'node:crypto';
import { isKleeneError, KleeneError, messageOf } from '#errors/kleene-error.ts';
import type { Action, Dockerfile, Instruction, MountOption, Stage, Transfer } from '#model/build/dockerfile.ts';
import type { FileOrigin, FileSelection } from '#model/build/files.ts';
import type { HistoryEntry, Image, ImageConfig } from '#model/image.ts';
import { expand, expandKeepingQuotes } from '../../plan/build/expand.ts';
import { literalPattern, type PlannedMount, planRunMounts } from '../../plan/build/run-mounts.ts';
import { declareArg, environment, lookupIn, PROXIES, type Scope, scopeOf, setEnv } from '../../plan/build/scope.ts';
import { type Setting, withSetting, words, workdirAfter } from '../../plan/build/settings.ts';
import type { BuildHold } from './build-hold.ts';
import type { Builder, BuildTools } from './builder.ts';
import type { BuildRequest, Report } from './request.ts';

/** State of files and settings that a stage begins or ends with. */
export interface StageState {
	/** The image that its containers are made from. */
	readonly image: Image;
	/** Id of the top layer. */
	readonly layer: string;
	readonly config: ImageConfig;
}

export interface StageOptions {
	readonly tools: BuildTools;
	readonly request: BuildRequest;
	readonly dockerfile: Dockerfile;
	readonly stage: Stage;
	readonly builder: Builder;
	readonly hold: BuildHold;
	readonly base: StageState;
	/** ARGs before the first FROM. */
	readonly globals: ReadonlyMap<string, string>;
	/** Values of ARGs. */
	readonly given: ReadonlyMap<string, string>;
	readonly report: Report;
	/** Tells that the next step begins. */
	readonly announce: (line: string) => void;
	/** Id of the build. */
	readonly build: string;
	/** The files of another stage or of an image, for `COPY --from`. */
	readonly originOf: (reference: string) => FileOrigin;
}

/** A step that was interrupted by a command that failed. */
export class StepFailed extends Error {}

/** Carries out the instructions of one stage, or finds what an earlier build made of them. */
export class StageBuild {
	readonly #options: StageOptions;
	readonly history: HistoryEntry[] = [];
	#layer: string;
	#config: ImageConfig;
	#scope: Scope;
	/** Every step so far was in the cache, so the next may be. */
	#cached: boolean;
	/** Id of the last one. */
	snapshot: string | undefined;

	constructor(options: StageOptions) {
		this.#options = options;
		this.#layer = options.base.layer;
		this.#config = options.base.config;
		this.#scope = scopeOf(options.base.config.env, options.globals);
		this.#cached = options.request.cache;
	}

	get state(): StageState {
		return { image: this.#options.base.image, layer: this.#layer, config: this.#config };
	}

	async run(): Promise<void> {
		for (const instruction of this.#options.stage.instructions) {
			this.#options.announce(instruction.line);
			await this.#carryOut(instruction);
		}
	}

	async #carryOut(instruction: Instruction): Promise<void> {
		const { action, line } = instruction;
		const before = this.#layer;
		const began = performance.now();
		try {
			await this.#perform(action);
		} catch (error) {
			this.#note(line, '');
			throw error instanceof SyntaxError ? substitutionFailed(instruction, error) : error;
		}
		this.#note(line, this.#layer === before ? '' : this.#layer);
		const changed = this.#layer !== before && !this.#cached;
		this.#options.report({ kind: 'done', milliseconds: performance.now() - began, changed });
	}

	#note(instruction: string, layer: string): void {
		this.history.push({ instruction, layer, created: this.#options.tools.context.timestamp() });
	}

	async #perform(action: Action): Promise<void> {
		switch (action.kind) {
			case 'run':
				return this.#run(action);
			case 'copy':
			case 'add':
				return this.#transfer(action);
			case 'workdir':
				return this.#workdir(this.#expand(action.value));
			case 'arg':
				for (const [name, value] of action.pairs) this.#declare(name, value);
				return;
			default:
				return this.#set(action);
		}
	}

	#expand(text: string): string {
		return expand(text, lookupIn(this.#scope), this.#options.dockerfile.escapeChar);
	}

	#declare(name: string, value: string | undefined): void {
		const { given, globals } = this.#options;
		const fallback = value === undefined ? undefined : this.#expand(value);
		this.#scope = declareArg(this.#scope, given, globals, name, fallback);
	}

	#set(setting: Setting): void {
		const { escapeChar } = this.#options.dockerfile;
		this.#config = withSetting(this.#config, setting, lookupIn(this.#scope), escapeChar);
		if (setting.kind !== 'env') return;
		const { env } = scopeOf(this.#config.env, this.#scope.args);
		this.#scope = [...env].reduce((scope, [name, value]) => setEnv(scope, name, value), this.#scope);
	}

	async #run({ command, input, mounts: options }: Extract<Action, { kind: 'run' }>): Promise<void> {
		const { given, report, builder } = this.#options;
		// Without a command of its own a here-document is the script.
		const isScript = input !== undefined && command.form === 'shell' && command.text === '';
		const argv = words(isScript ? { form: 'shell', text: input.content } : command, this.#config);
		const running = {
			argv,
			user: this.#config.user,
			env: environment(this.#scope, given),
			workdir: this.#config.workdir,
			input: isScript ? undefined : input?.content,
		};
		const mounts = this.#mounts(options);
		const mounted = mounts.length > 0 ? { mounts: await this.#mountKeys(mounts) } : {};
		const key = keyOf({ ...running, env: running.env.filter((word) => !isProxy(word)), ...mounted });
		await this.#step(key, async (base) => {
			const code = await builder.run(base, { ...running, mounts }, report);
			if (code === 0) return;
			report({ kind: 'command-failed', argv, code });
			throw new StepFailed(`The command '${argv.join(' ')}' returned a non-zero code: ${code}`);
		});
		this.#tellSnapshot();
	}

	#mounts(options: readonly MountOption[]): readonly PlannedMount[] {
		const { request, originOf, build } = this.#options;
		return planRunMounts(options, {
			expand: (text) => this.#expand(text),
			...{ workdir: this.#config.workdir, context: request.context, originOf, build },
			secrets: new Set(request.secrets.keys()),
		});
	}

	/** What of them decides whether a step is taken from the cache: no content of caches and secrets. */
	async #mountKeys(mounts: readonly PlannedMount[]): Promise<readonly object[]> {
		const { builds } = this.#options.tools.context.driver;
		const keys: object[] = [];
		for (const { destination, readOnly, source } of mounts) {
			const { kind } = source;
			if (kind !== 'bind')
				keys.push({ destination, readOnly, kind, ...(kind === 'tmpfs' ? {} : { owner: source.owner }) });
			else {
				const digest = await builds.digest({ origin: source.origin, sources: [literalPattern(source.path)] });
				keys.push({ destination, readOnly, kind, digest });
			}
		}
		return keys;
	}

	async #transfer(transfer: Transfer): Promise<void> {
		const { context } = this.#options.tools;
		const { from, destination, chown = '', chmod } = transfer;
		const selection = this.#selection(transfer);
		const mode = chmod === undefined ? undefined : permissions(this.#expand(chmod));
		const target = this.#expand(destination);
		const files = transfer.files.map(({ name, content, expands }) => ({
			name,
			content: expands
				? expandKeepingQuotes(content, lookupIn(this.#scope), this.#options.dockerfile.escapeChar)
				: content,
		}));
		const copied = {
			...(selection ? { from: selection } : {}),
			files,
			destination: `${workdirAfter(this.#config.workdir, target)}${/\/\.?$/.test(target) || target === '.' ? '/' : ''}`,
			owner: this.#expand(chown),
			...(mode === undefined ? {} : { mode }),
			unpack: transfer.kind === 'add' && from === undefined,
		};
		const digest = selection ? await context.driver.builds.digest(selection) : '';
		const { from: _, ...rest } = copied;
		await this.#step(keyOf({ kind: transfer.kind, ...rest, sources: selection?.sources ?? [], digest }), (base) =>
			this.#options.builder.copy(base, copied),
		);
		this.#tellSnapshot();
	}

	#selection({ sources, from }: Transfer): FileSelection | undefined {
		if (sources.length === 0) return undefined;
		const { request, originOf } = this.#options;
		const origin = from === undefined ? request.context : originOf(this.#expand(from));
		return { origin, sources: sources.map((source) => this.#expand(source)) };
	}

	async #workdir(value: string): Promise<void> {
		const workdir = workdirAfter(this.#config.workdir, value);
		this.#config = { ...this.#config, workdir };
		const made = { files: [], destination: workdir, owner: '', unpack: false };
		await this.#step(keyOf({ kind: 'workdir', workdir }), (base) => this.#options.builder.copy(base, made));
	}

	/** Takes the layer of a step from the cache, or makes it. */
	async #step(key: string, work: (base: { image: Image; layer: string }) => Promise<void>): Promise<void> {
		const { tools, builder, hold, report, base } = this.#options;
		const found = this.#cached ? tools.layers.cached(this.#layer, key) : undefined;
		if (found) {
			hold.layer(found.id);
			this.#layer = found.id;
			report({ kind: 'cached' });
			return;
		}
		this.#cached = false;
		await work({ image: base.image, layer: this.#layer });
		this.#layer = await builder.commit(key);
	}

	#tellSnapshot(): void {
		this.snapshot = this.#layer;
		this.#options.report({ kind: 'snapshot', layer: this.#layer });
	}
}

function keyOf(parts: object): string {
	return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function isProxy(word: string): boolean {
	return PROXIES.includes(word.slice(0, word.indexOf('=')));
}

function permissions(text: string): number {
	if (/^[0-7]{1,4}$/.test(text)) return Number.parseInt(text, 8);
	throw new KleeneError({
		code: 'BUILD_FAILED',
		what: 'cannot set the permissions',
		why: `"${text}" is no octal number`,
		hint: 'write e.g. --chmod=0755',
	});
}

function substitutionFailed({ line, number }: Instruction, error: unknown): KleeneError {
	return new KleeneError({
		code: 'BUILD_FAILED',
		what: 'cannot replace a variable',
		why: `line ${number}: ${messageOf(error)}`,
		hint: 'correct the instruction, or set the variable with --build-arg',
		message: `failed environment substition of: ${line}`,
	});
}

/**
 * The text of a failed step, in the words of the wire contract where it has some.
 *
 * @returns undefined for a command, which was told when it failed
 */
export function textOfFailure(error: unknown): string | undefined {
	if (error instanceof StepFailed) return undefined;
	if (!isKleeneError(error)) return `internal error: ${messageOf(error)}`;
	return error.code === 'NO_SUCH_IMAGE' ? `error: ${error.message}` : error.message;
}
