import { messageOf } from '#errors/kleene-error.ts';
import type { ApplyOptions, HostDriver } from '#host/driver.ts';
import type { Part } from '#model/part.ts';
import { runEndOf, type SandboxEnd } from '#model/sandbox.ts';
import { inverseOf, type Step } from '#model/step.ts';
import type { StoreChange } from '#model/store-change.ts';
import type { JournalEntry, NewEntry } from '#store/journal.ts';
import type { Store } from '#store/store.ts';
import type { Events } from './events.ts';
import type { Logger } from './logger.ts';
import type { Recorded, Recorder } from './recorder.ts';
import { endsProcesses, isUnreachable, isUnsettled, type StepFailure } from './step-failure.ts';

export interface Plan {
	/** For people, e.g. `network 2f1dc29b8f36`. */
	readonly subject: string;
}

export interface BuildPlan extends Plan {
	readonly steps: readonly Step[];
	/** Change recorded when every part is there. */
	readonly done: readonly StoreChange[];
	/** Changes that were recorded with the beginning of the plan. */
	readonly begun?: Recorded;
	/** Called when every part is there, before that is recorded. It starts something that ends with the parts. */
	readonly launch?: () => Promise<void>;
	/** Change recorded when the build failed or was interrupted and is undone. Default: none. */
	readonly undone?: readonly StoreChange[];
}

export interface TeardownPlan extends Plan {
	/** Steps of one chain need not wait for those of another. */
	readonly chains: readonly (readonly Step[])[];
	/** Change recorded when the teardown begins. */
	readonly begun?: readonly StoreChange[];
	/** Change recorded when every step was tried. */
	readonly done: readonly StoreChange[];
	/** True: a chain ends with the first step that fails, and what is done is recorded only where every step worked. */
	readonly whole?: boolean;
	/** True: its processes are gone, whatever becomes of their sandbox. */
	readonly ended?: boolean;
}

interface Surroundings {
	readonly store: Store;
	readonly recorder: Recorder;
	readonly events: Events;
	readonly log: Logger;
	readonly timestamp: () => string;
}

/**
 * The one place that changes a host. INVARIANTS:
 * - the journal knows of a step before it begins, so a daemon killed in it finds it again;
 * - what is to be recorded at the end is in the journal too, and is recorded in the transaction that ends the entry,
 *   whoever brings the plan to its end;
 * - `build` leaves the host as it was when a step fails or its signal aborts it, and throws that error;
 * - `teardown` tries every step, or those before the first failure where nothing may go without the rest, and throws the
 *   first error at the end;
 * - what could not be settled, because the host was out of reach or processes could not be ended, stays in the journal for
 *   `recover`, and is not recorded: a container whose processes live goes on running and can be stopped again.
 */
export class Executor {
	readonly #driver: HostDriver;
	readonly #store: Store;
	readonly #recorder: Recorder;
	readonly #events: Events;
	readonly #log: Logger;
	readonly #timestamp: () => string;
	/** Journal entries of plans that this process is at work on. */
	readonly #underWay = new Set<number>();
	/** Entries that could not be closed, with their subjects: what is done to a subject later outdates them. */
	readonly #left = new Map<number, string>();

	constructor(driver: HostDriver, { store, recorder, events, log, timestamp }: Surroundings) {
		this.#driver = driver;
		this.#store = store;
		this.#recorder = recorder;
		this.#events = events;
		this.#log = log;
		this.#timestamp = timestamp;
	}

	/**
	 * Make something.
	 *
	 * @param prepare makes the plan. It may write to the store: that is committed together with the journal entry, or not
	 * at all when it throws.
	 */
	async build(prepare: BuildPlan | (() => BuildPlan), options: ApplyOptions = {}): Promise<void> {
		const { id, plan } = this.#beginBuild(prepare);
		let done = 0;
		try {
			for (const batch of this.#batches(plan.steps)) {
				options.signal?.throwIfAborted();
				const before = done;
				const last = before + batch.length - 1;
				if (last > 0) this.#store.journal.advance(id, last);
				const onDone = (count: number) => {
					done = before + count;
				};
				await this.#driver.apply(batch, { ...options, onDone });
				done = last + 1;
			}
			options.signal?.throwIfAborted();
			await plan.launch?.();
			this.#finish(id, plan.subject, plan.done);
		} catch (error) {
			const left = await this.#undo(plan.steps.slice(0, done));
			if (left.some(isUnsettled)) this.#left.set(id, plan.subject);
			else this.#finishUndone(id, plan);
			throw error;
		} finally {
			this.#underWay.delete(id);
		}
	}

	#beginBuild(prepare: BuildPlan | (() => BuildPlan)): { id: number; plan: BuildPlan } {
		const begun = this.#store.transaction(() => {
			const plan = typeof prepare === 'function' ? prepare() : prepare;
			const { subject, steps, undone: record = [] } = plan;
			return { id: this.#begin({ subject, mode: 'build', steps, record, whole: false }), plan };
		});
		this.#recorder.tell(begun.plan.begun ?? []);
		return begun;
	}

	/** Unmake something, as far as it goes. */
	async teardown(plan: TeardownPlan, options: ApplyOptions = {}): Promise<void> {
		const { subject, chains, begun = [], done, whole = false } = plan;
		const entry = { subject, mode: 'teardown', steps: chains.flat(), record: done, whole } as const;
		const { id, recorded } = this.#store.urgently(() =>
			this.#store.transaction(() => ({ recorded: this.#recorder.apply(begun), id: this.#begin(entry) })),
		);
		this.#recorder.tell(recorded);
		const failures = await this.#tearDown(id, plan, options);
		if (failures[0]) throw failures[0].error;
	}

	async #tearDown(id: number, plan: TeardownPlan, options: ApplyOptions): Promise<StepFailure[]> {
		const { subject, chains, done, whole = false, ended = false } = plan;
		try {
			const ends = new Map<string, SandboxEnd>();
			const onEnd = (container: string, end: SandboxEnd) => void ends.set(container, end);
			const how = { ...options, onEnd, keepGoing: !whole };
			const failures = (await Promise.all(chains.map((steps) => this.#takeDown(steps, how)))).flat();
			const unsettled = failures.find(ended ? isUnreachable : isUnsettled);
			if (unsettled) throw unsettled.error;
			this.#finish(id, subject, whole && failures.length > 0 ? [] : this.#withEnds(done, ends));
			return failures;
		} catch (error) {
			this.#left.set(id, subject);
			throw error;
		} finally {
			this.#underWay.delete(id);
		}
	}

	/**
	 * Close an entry, and with it those of its subject that could not be closed before: were one of them finished by a
	 * later `recover`, it would take down what has been made since.
	 */
	#finish(id: number, subject: string, done: readonly StoreChange[]): void {
		const outdated = [...this.#left].filter(([, other]) => other === subject).map(([left]) => left);
		this.#close(id, done, () => {
			for (const left of outdated) this.#store.journal.end(left);
		});
		for (const left of outdated) this.#left.delete(left);
	}

	#close(id: number, done: readonly StoreChange[], also = () => {}): void {
		let recorded: Recorded = [];
		this.#store.urgently(() =>
			this.#store.journal.finish(id, () => {
				also();
				recorded = this.#recorder.apply(done);
			}),
		);
		this.#recorder.tell(recorded);
	}

	/** Of a build that was undone. Its own error says more than that the store cannot be written. */
	#finishUndone(id: number, { subject, undone = [] }: BuildPlan): void {
		try {
			this.#finish(id, subject, undone);
		} catch (error) {
			this.#left.set(id, subject);
			this.#log.error({ subject, error: messageOf(error) }, 'cannot close an undone plan');
		}
	}

	/** Ends of runs as the host told them, by the ids of containers. */
	#withEnds(changes: readonly StoreChange[], ends: ReadonlyMap<string, SandboxEnd>): StoreChange[] {
		return changes.map((change) => {
			if (change.kind !== 'run-ended') return change;
			return { ...change, end: runEndOf(ends.get(change.container), change.stopped ?? false, this.#timestamp()) };
		});
	}

	#begin(entry: NewEntry): number {
		const id = this.#store.journal.begin(entry);
		this.#underWay.add(id);
		return id;
	}

	/**
	 * Recover plans of a daemon that was killed or lost its host: builds are undone, teardowns finished.
	 *
	 * @param exclusively runs a task while nobody else is at work on those whose parts these are
	 */
	async recover(exclusively: (parts: readonly Part[], task: () => Promise<void>) => Promise<void>): Promise<void> {
		for (const { id, steps } of this.#store.journal.unfinished()) {
			const parts = steps.map(({ part }) => part);
			await exclusively(parts, async () => {
				// Meanwhile it may be outdated, or under way again.
				const entry = this.#underWay.has(id) ? undefined : this.#store.journal.get(id);
				if (entry) await this.#settle(entry);
			});
		}
	}

	async #settle({ id, subject, mode, steps, cursor, record, whole }: JournalEntry): Promise<void> {
		this.#log.warn({ subject, mode, step: cursor }, 'recovering an interrupted plan');
		const ends = new Map<string, SandboxEnd>();
		const onEnd = (container: string, end: SandboxEnd) => void ends.set(container, end);
		const undone =
			mode === 'build' ? this.#undo(steps.slice(0, cursor + 1)) : this.#takeDown(steps, { onEnd, keepGoing: !whole });
		const failures = await undone;
		if (failures.some(isUnsettled)) return;
		this.#close(id, whole && failures.length > 0 ? [] : this.#withEnds(record, ends));
		this.#left.delete(id);
		this.#events.tell({ kind: 'plan-recovered', subject, mode });
	}

	/** Every step, outside any plan: for what the store knows already. */
	async tryAll(
		steps: readonly Step[],
		onFailure: (step: Step, error: unknown) => void,
		options: Pick<ApplyOptions, 'found' | 'lost'> = {},
	): Promise<void> {
		await this.#tryAll(steps, { ...options, grace: 0 }, onFailure);
	}

	/** Describes a plan as host commands. */
	describe(steps: readonly Step[]): string[] {
		return steps.flatMap((step) => this.#driver.describe(step));
	}

	#batches(steps: readonly Step[]): (readonly Step[])[] {
		if (steps.length === 0) return [];
		return this.#driver.facts().batches ? [steps] : steps.map((step) => [step]);
	}

	#undo(done: readonly Step[]): Promise<StepFailure[]> {
		return this.#takeDown(done.toReversed().map(inverseOf), { grace: 0 });
	}

	/** Processes that could not be ended keep all that they have. A host that batches is told everything at once. */
	async #takeDown(steps: readonly Step[], options: ApplyOptions): Promise<StepFailure[]> {
		const log = (step: Step, error: unknown) =>
			this.#log.error({ step: this.#driver.describe(step), error: messageOf(error) }, 'a teardown step failed');
		const [first, ...rest] = steps;
		if (!first || !endsProcesses(first) || this.#driver.facts().batches) return this.#tryAll(steps, options, log);
		const failures = await this.#tryAll([first], options, log);
		return failures.length > 0 ? failures : this.#tryAll(rest, options, log);
	}

	async #tryAll(
		steps: readonly Step[],
		options: ApplyOptions,
		onFailure: (step: Step, error: unknown) => void,
	): Promise<StepFailure[]> {
		const failures: StepFailure[] = [];
		const note = (step: Step, error: unknown) => {
			failures.push({ step, error });
			onFailure(step, error);
		};
		// Its error is one of those that were noted.
		await this.#driver.apply(steps, { keepGoing: true, ...options, onFailure: note }).catch((error: unknown) => {
			if (failures.length === 0) throw error;
		});
		return failures;
	}
}
