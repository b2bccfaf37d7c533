import { KleeneError } from '#errors/kleene-error.ts';
import type { HostProcess, WindowSize } from '#host/driver.ts';
import type { Container } from '#model/container.ts';
import type { Part } from '#model/part.ts';
import { make, type Step } from '#model/step.ts';
import type { StoreChange } from '#model/store-change.ts';
import type { EngineContext } from '../../context.ts';
import { containerLock, volumeLock } from '../../locks.ts';
import { volumesAmong } from '../../plan/run/mounts.ts';
import { announcements, teardownOfRun } from '../../plan/run/run.ts';
import type { Command } from '../../plan/run/sandbox.ts';
import type { Recorded } from '../../recorder.ts';
import { portsAmong, type RunPlanner } from '../../run-planner.ts';
import { requireUnoccupied } from '../network/duplicate-addresses.ts';
import type { HostsFileUpdater } from '../network/hosts-file-updater.ts';
import type { Removals } from './removals.ts';

interface Termination {
	/** Milliseconds between asking its processes to end and ending them. */
	readonly grace: number;
	/** Somebody asked for it. */
	readonly stopped?: boolean;
}

/** Processes are to be ended, or none is left. */
type Ending = Termination | 'processes are gone';

/** A container that runs. */
interface Run {
	readonly id: string;
	/** From an earlier daemon. */
	readonly adopted: boolean;
	/** Settled when nothing of the run is left on the host, or when that failed: who waits for the end is not held up. */
	readonly gone: PromiseWithResolvers<void>;
	/** Its end has begun. */
	ending: boolean;
}

export interface Attaching {
	readonly attach: boolean;
	/** Of the client's terminal. */
	readonly size?: WindowSize;
}

/** Parts of a run that is to be built, with what comes before them in the same plan. */
export interface Beginning {
	readonly parts: readonly Part[];
	readonly steps?: readonly Step[];
	/** See `BuildPlan`. */
	readonly begun?: Recorded;
	readonly undone?: readonly StoreChange[];
}

export interface BuildOptions extends Attaching {
	/** Reports what came before the run, once nothing can fail any more. */
	readonly announce?: () => void;
}

export interface Started {
	readonly process: HostProcess;
	/** Lines that the stream begins with. */
	readonly announcements: readonly string[];
	readonly gone: Promise<void>;
}

/**
 * The running of containers: start, stop, and what happens when one ends by itself.
 * INVARIANTS:
 * - the journal or the store lists the parts of a run from before the first is made until after the last is gone;
 * - a container runs, holds its ports and can be stopped as long as the store lists parts of it.
 */
export class Runs {
	readonly #context: EngineContext;
	readonly #planner: RunPlanner;
	readonly #names: HostsFileUpdater;
	readonly #removals: Removals;
	readonly #active = new Map<string, Run>();
	#onFirstEnded: (containerId: string) => void = () => {};

	constructor(context: EngineContext, planner: RunPlanner, others: { names: HostsFileUpdater; removals: Removals }) {
		this.#context = context;
		this.#planner = planner;
		this.#names = others.names;
		this.#removals = others.removals;
		context.recorder.listen((change) => this.#onRecorded(change));
	}

	/** The process that a container was started with has ended; others may go on. Not of runs of an earlier daemon. */
	onFirstEnded(listener: (containerId: string) => void): void {
		this.#onFirstEnded = listener;
	}

	isRunning(containerId: string): boolean {
		return this.#active.has(containerId);
	}

	/**
	 * Whether the present run of a container has ended; while its end is under way, wait for it.
	 *
	 * @returns a question about this run, whatever runs later
	 */
	endOf(containerId: string): () => Promise<boolean> {
		const run = this.#active.get(containerId);
		return async () => {
			if (run?.ending) await run.gone.promise;
			return !run || this.#active.get(containerId) !== run;
		};
	}

	/** Resolves when nothing of its run is left on the host. @returns undefined while it does not run */
	untilGone(containerId: string): Promise<void> | undefined {
		return this.#active.get(containerId)?.gone.promise;
	}

	/** Callers hold the lock of the container. Nothing of it is on the host. */
	async start(container: Container, command: Command, attaching: Attaching): Promise<Started> {
		const keys = volumesAmong(container.mounts).map(volumeLock);
		return await this.#context.locks.runAll(keys, async () => {
			const frontage = await this.#planner.frontageFor(container);
			await requireUnoccupied(this.#context, this.#context.store.endpoints.ofContainer(container.id), container.name);
			return await this.build(
				container,
				() => ({ parts: this.#planner.plan(container, command, frontage) }),
				attaching,
			);
		});
	}

	/** Plan of `start`. Callers hold the lock of the container. */
	async describeStart(container: Container, command: Command): Promise<string[]> {
		const { store, executor } = this.#context;
		const frontage = await this.#planner.frontageFor(container);
		const parts = store.dryRun(() => this.#planner.dryRun(container, command, frontage));
		return executor.describe(parts.map(make));
	}

	/**
	 * Builds a run and starts its first process, or neither. Callers hold the locks of the container and of its volumes.
	 *
	 * @param begin called in the transaction in which the plan begins
	 */
	async build(container: Container, begin: () => Beginning, options: BuildOptions): Promise<Started> {
		const { executor, events, timestamp } = this.#context;
		const { id, name } = container;
		const run: Run = { id, adopted: false, gone: Promise.withResolvers(), ending: false };
		let parts: readonly Part[] = [];
		const started = Promise.withResolvers<HostProcess>();
		const launch = async () => {
			// Before it starts: of one that ends at once the host tells as soon.
			this.#active.set(id, run);
			started.resolve(await this.#launch(id, options));
		};
		try {
			await executor.build(() => {
				const { steps = [], undone = [], ...beginning } = begin();
				({ parts } = beginning);
				const done = [{ kind: 'run-started', container: id, parts }] as const;
				const making = this.#names.filled(id, parts).map(make);
				const failed = { kind: 'start-failed', container: id, at: timestamp() } as const;
				const subject = `container ${id}`;
				return { ...beginning, subject, steps: [...steps, ...making], done, undone: [failed, ...undone], launch };
			});
		} catch (error) {
			this.#active.delete(id);
			this.#planner.forget(id, parts);
			this.#names.changedBy(id);
			throw error;
		}
		options.announce?.();
		events.tell({ kind: 'container-started', container: id, name });
		const process = await started.promise;
		const onEnded = () => this.#active.get(id) === run && this.#onFirstEnded(id);
		process.ended.then(onEnded, onEnded);
		return { process, announcements: announcements(parts), gone: run.gone.promise };
	}

	#launch(container: string, { attach, size }: Attaching): Promise<HostProcess> {
		return this.#context.driver.run({ kind: 'first', container, attach, ...(size ? { size } : {}) });
	}

	/** Callers hold the lock of the container. @param grace milliseconds between asking and ending its processes. */
	async stop(containerId: string, grace: number): Promise<void> {
		const run = this.#active.get(containerId);
		if (run) await this.#end(run, { grace, stopped: true });
	}

	/** Takes away what is left of a run that was found to have ended. Callers hold the lock of the container. */
	async conclude(containerId: string): Promise<void> {
		const run = this.#active.get(containerId);
		if (run) await this.#end(run, { grace: 0 });
	}

	/** Plan of `stop`. Callers hold the lock of the container. */
	describeStop(containerId: string): string[] {
		const run = this.#active.get(containerId);
		return run ? this.#context.executor.describe(this.#chainsOfEnd(run, { grace: 0 }).flat()) : [];
	}

	/** The container ended by itself. A later run of the same container is another `Run`, so it is left alone. */
	onSandboxEnded(containerId: string): void {
		const run = this.#active.get(containerId);
		if (!run) return;
		const settle = async () => {
			if (this.#active.get(containerId) === run) await this.#end(run, 'processes are gone');
		};
		this.#context.locks.run(containerLock(containerId), settle).catch((error: unknown) => {
			this.#context.log.error({ container: containerId, error }, 'cannot remove the parts of an ended container');
		});
	}

	/** End a run. If the end cannot be recorded, retry: until then, its resources must not be reused. */
	async #end(run: Run, ending: Ending): Promise<void> {
		const { executor } = this.#context;
		run.ending = true;
		try {
			const chains = this.#chainsOfEnd(run, ending);
			const { grace = 0, stopped = false }: Partial<Termination> = typeof ending === 'string' ? {} : ending;
			const options = { grace };
			const done = [{ kind: 'run-ended', container: run.id, stopped }] as const;
			const ended = typeof ending === 'string';
			await executor.teardown({ subject: `container ${run.id}`, chains, done, ended }, options);
			await this.#removals.afterRun(run.id);
		} finally {
			run.ending = false;
			run.gone.resolve();
		}
	}

	/** Also of a run whose end an earlier daemon, or one that had lost its host, had begun. */
	#onRecorded(change: StoreChange): void {
		if (change.kind !== 'run-ended') return;
		const run = this.#active.get(change.container);
		if (!run?.ending) run?.gone.resolve();
		this.#active.delete(change.container);
	}

	#chainsOfEnd({ id, adopted }: Run, ending: Ending): Step[][] {
		const { store, driver } = this.#context;
		const situation = { processesGone: typeof ending === 'string', adopted, batches: driver.facts().batches };
		return teardownOfRun(store.containers.parts(id), situation);
	}

	/** After a restart of the daemon: a container that went on without us. */
	adopt(containerId: string): void {
		const run = { id: containerId, adopted: true, gone: Promise.withResolvers<void>(), ending: false };
		this.#active.set(containerId, run);
		const ports = portsAmong(this.#context.store.containers.parts(containerId));
		this.#planner.release(ports);
		this.#planner.claim(ports);
	}
}

export function requireStopped(runs: Runs, container: Container, message: string): void {
	if (!runs.isRunning(container.id)) return;
	throw new KleeneError({
		code: 'CONTAINER_RUNNING',
		what: `cannot remove container ${container.name}`,
		why: message,
		hint: `stop it first with "klee stop ${container.name}", or use "klee rmc -f"`,
		message,
	});
}
