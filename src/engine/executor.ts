import { isKleeneError, messageOf } from '#errors/kleene-error.ts';
import type { ApplyOptions, HostDriver } from '#host/driver.ts';
import { inverseOf, type Step } from '#model/step.ts';
import type { JournalEntry, JournalMode, JournalStore } from '#store/journal.ts';
import type { Logger } from './context.ts';

export interface Plan {
	/** For people, e.g. `network 2f1dc29b8f36`. */
	readonly subject: string;
	readonly steps: readonly Step[];
}

/** Like a plan, of steps that need not wait for those of another chain. */
export interface Chains {
	readonly subject: string;
	readonly chains: readonly (readonly Step[])[];
}

/**
 * The one place that changes a host. INVARIANTS:
 * - the journal knows of a step before it begins, so a daemon killed in it finds it again;
 * - `build` leaves the host as it was when a step fails, and throws that step's error;
 * - `teardown` tries every step, and throws the first error at the end;
 * - what could not be settled because the host was out of reach stays in the journal for `recover`.
 */
export class Executor {
	readonly #driver: HostDriver;
	readonly #journal: JournalStore;
	readonly #log: Logger;
	/** Journal entries of plans that this process is at work on. */
	readonly #underWay = new Set<number>();
	/** Entries that could not be closed, with their subjects: what is done to a subject later outdates them. */
	readonly #left = new Map<number, string>();

	constructor(driver: HostDriver, journal: JournalStore, log: Logger) {
		this.#driver = driver;
		this.#journal = journal;
		this.#log = log;
	}

	/**
	 * Make something. `record` runs when everything is there, in the transaction that closes the journal entry, so
	 * that the store says so at the same instant.
	 */
	async build(plan: Plan, record: () => void, options: ApplyOptions = {}): Promise<void> {
		const id = this.#begin(plan.subject, 'build', plan.steps);
		let done = 0;
		try {
			for (const batch of this.#batches(plan.steps)) {
				const before = done;
				const last = before + batch.length - 1;
				if (last > 0) this.#journal.advance(id, last);
				const onDone = (count: number) => {
					done = before + count;
				};
				await this.#driver.apply(batch, { ...options, onDone });
				done = last + 1;
			}
			this.#finish(id, plan.subject, record);
		} catch (error) {
			const left = await this.#undo(plan.steps.slice(0, done));
			if (!left.some(isUnreachable)) this.#end(id, plan.subject);
			throw error;
		} finally {
			this.#underWay.delete(id);
		}
	}

	/** Unmake something, as far as it goes. `record` runs at the end even where a step failed: see `Reconciler`. */
	async teardown({ subject, steps }: Plan, record: () => void, options: ApplyOptions = {}): Promise<void> {
		await this.teardownChains({ subject, chains: [steps] }, record, options);
	}

	/** The same, several chains of steps at a time. */
	async teardownChains(plan: Chains, record: () => void, options: ApplyOptions = {}): Promise<void> {
		const failures = await this.#tearDown(plan, record, options);
		if (failures.length > 0) throw failures[0];
	}

	async #tearDown({ subject, chains }: Chains, record: () => void, options: ApplyOptions): Promise<unknown[]> {
		const id = this.#begin(subject, 'teardown', chains.flat());
		try {
			const failures = (await Promise.all(chains.map((steps) => this.#takeDown(steps, options)))).flat();
			const unreachable = failures.find(isUnreachable);
			if (unreachable) throw unreachable;
			this.#finish(id, subject, record);
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
	#finish(id: number, subject: string, record: () => void): void {
		const outdated = [...this.#left].filter(([, other]) => other === subject).map(([left]) => left);
		this.#journal.finish(id, () => {
			record();
			for (const left of outdated) this.#journal.end(left);
		});
		for (const left of outdated) this.#left.delete(left);
	}

	/** Of a build that was undone. Its own error says more than that the store cannot be written. */
	#end(id: number, subject: string): void {
		try {
			this.#journal.end(id);
		} catch (error) {
			this.#left.set(id, subject);
			this.#log.error({ subject, error: messageOf(error) }, 'a plan that was undone could not be closed');
		}
	}

	#begin(subject: string, mode: JournalMode, steps: readonly Step[]): number {
		const id = this.#journal.begin(subject, mode, steps);
		this.#underWay.add(id);
		return id;
	}

	/** What a daemon that was killed, or lost its host, had begun: builds are undone, teardowns finished. */
	async recover(): Promise<JournalEntry[]> {
		const entries = this.#journal.unfinished().filter(({ id }) => !this.#underWay.has(id));
		for (const { id, subject, mode, steps, cursor } of entries) {
			this.#log.warn({ subject, mode, step: cursor }, 'this plan was cut short; settling it');
			const failures =
				mode === 'build' ? await this.#undo(steps.slice(0, cursor + 1)) : await this.#takeDown(steps, {});
			if (failures.some(isUnreachable)) continue;
			this.#journal.end(id);
			this.#left.delete(id);
		}
		return entries;
	}

	/** Every step, outside any plan: for what the store knows already. */
	async tryAll(
		steps: readonly Step[],
		onFailure: (step: Step, error: unknown) => void,
		options: Pick<ApplyOptions, 'found'> = {},
	): Promise<void> {
		await this.#tryAll(steps, { ...options, grace: 0 }, onFailure);
	}

	/** What a plan would do, in the words of the host. */
	describe(steps: readonly Step[]): string[] {
		return steps.flatMap((step) => this.#driver.describe(step));
	}

	#batches(steps: readonly Step[]): (readonly Step[])[] {
		if (steps.length === 0) return [];
		return this.#driver.facts().batches ? [steps] : steps.map((step) => [step]);
	}

	#undo(done: readonly Step[]): Promise<unknown[]> {
		return this.#takeDown(done.toReversed().map(inverseOf), { grace: 0 });
	}

	#takeDown(steps: readonly Step[], options: ApplyOptions): Promise<unknown[]> {
		return this.#tryAll(steps, options, (step, error) =>
			this.#log.error({ step: this.#driver.describe(step), error: messageOf(error) }, 'a step of a teardown failed'),
		);
	}

	async #tryAll(
		steps: readonly Step[],
		options: ApplyOptions,
		onFailure: (step: Step, error: unknown) => void,
	): Promise<unknown[]> {
		const failures: unknown[] = [];
		const note = (step: Step, error: unknown) => {
			failures.push(error);
			onFailure(step, error);
		};
		// Its error is one of those that were noted.
		await this.#driver.apply(steps, { ...options, keepGoing: true, onFailure: note }).catch((error: unknown) => {
			if (failures.length === 0) throw error;
		});
		return failures;
	}
}

/** Whether it is not known what became of a step. */
function isUnreachable(error: unknown): boolean {
	return isKleeneError(error) && error.code === 'HOST_UNREACHABLE';
}
