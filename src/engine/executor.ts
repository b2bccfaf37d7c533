import { messageOf } from '#errors/kleene-error.ts';
import type { ApplyOptions, HostDriver } from '#host/driver.ts';
import { inverseOf, type Step } from '#model/step.ts';
import type { JournalEntry, JournalStore } from '#store/journal.ts';
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
 * - `teardown` tries every step, and throws the first error at the end.
 */
export class Executor {
	readonly #driver: HostDriver;
	readonly #journal: JournalStore;
	readonly #log: Logger;

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
		const id = this.#journal.begin(plan.subject, 'build', plan.steps);
		let done = 0;
		try {
			for (const step of plan.steps) {
				if (done > 0) this.#journal.advance(id, done);
				await this.#driver.apply(step, options);
				done += 1;
			}
			this.#journal.finish(id, record);
		} catch (error) {
			await this.#undo(plan.steps.slice(0, done));
			this.#journal.end(id);
			throw error;
		}
	}

	/** Unmake something, as far as it goes. `record` runs at the end even where a step failed: see `Reconciler`. */
	async teardown({ subject, steps }: Plan, record: () => void, options: ApplyOptions = {}): Promise<void> {
		await this.teardownChains({ subject, chains: [steps] }, record, options);
	}

	/** The same, several chains of steps at a time. */
	async teardownChains({ subject, chains }: Chains, record: () => void, options: ApplyOptions = {}): Promise<void> {
		const id = this.#journal.begin(subject, 'teardown', chains.flat());
		const failures = await Promise.all(chains.map((steps) => this.#tryAll(steps, options)));
		this.#journal.finish(id, record);
		const [first] = failures.flat();
		if (first) throw first;
	}

	/** What a daemon that was killed had begun: builds are undone, teardowns finished. */
	async recover(): Promise<JournalEntry[]> {
		const entries = this.#journal.unfinished();
		for (const { id, subject, mode, steps, cursor } of entries) {
			this.#log.warn({ subject, mode, step: cursor }, 'the daemon ended within this plan; settling it');
			if (mode === 'build') await this.#undo(steps.slice(0, cursor + 1));
			else await this.#tryAll(steps, {});
			this.#journal.end(id);
		}
		return entries;
	}

	/** What a plan would do, in the words of the host. */
	describe(steps: readonly Step[]): string[] {
		return steps.flatMap((step) => this.#driver.describe(step));
	}

	async #undo(done: readonly Step[]): Promise<void> {
		await this.#tryAll(done.toReversed().map(inverseOf), { grace: 0 });
	}

	async #tryAll(steps: readonly Step[], options: ApplyOptions): Promise<unknown[]> {
		const failures: unknown[] = [];
		for (const step of steps) {
			try {
				await this.#driver.apply(step, options);
			} catch (error) {
				this.#log.error({ step: this.#driver.describe(step), error: messageOf(error) }, 'a step of a teardown failed');
				failures.push(error);
			}
		}
		return failures;
	}
}
