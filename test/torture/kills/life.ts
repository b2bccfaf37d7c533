/**
 * One life of a daemon, which ends before the n-th change that it makes to its host or to its database. Whatever it still
 * tries afterwards comes to nothing, as if its process were gone.
 */
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { KleeneError } from '#errors/kleene-error.ts';
import { type ApplyOptions, applyInOrder, type HostDriver, type HostEvent, type RunRequest } from '#host/driver.ts';
import type { FakeHost } from '#host/fake/driver.ts';
import type { ObservationScope } from '#model/host/observed.ts';
import { identityOf } from '#model/part.ts';
import type { Step } from '#model/step.ts';

const DEAD = new Error('this daemon is dead');
const never = () => new Promise<never>(() => {});

export class Life {
	readonly #died = Promise.withResolvers<void>();
	#left: number;
	#changes = 0;
	#dead = false;
	#step = 0;
	#failing: (step: number) => boolean = () => false;
	/** Steps that were made to fail, and those that failed by themselves. */
	readonly failed: Step[] = [];
	readonly refused: Step[] = [];

	/** @param changes how many it makes before it dies */
	constructor(changes: number) {
		this.#left = changes;
	}

	get dead(): boolean {
		return this.#dead;
	}

	get died(): Promise<void> {
		return this.#died.promise;
	}

	/** How many it has made. */
	get changes(): number {
		return this.#changes;
	}

	/** From now on it makes so many more. */
	dieAfter(changes: number): void {
		this.#left = changes;
	}

	/** @param failing whether the step with a number, counted from now and from 0, fails instead of being applied */
	failSteps(failing: (step: number) => boolean): void {
		this.#step = 0;
		this.#failing = failing;
	}

	#requireUnfailing(step: Step): void {
		if (!this.#failing(this.#step++)) return;
		this.failed.push(step);
		const what = `cannot ${step.verb} ${identityOf(step.part)}`;
		throw new KleeneError({ code: 'HOST_FAILED', what, why: 'it was told to fail', hint: 'try again' });
	}

	die(): void {
		this.#dead = true;
		this.#died.resolve();
	}

	/** Until a task of this daemon comes to its end, or the daemon does: then what becomes of the task is nobody's concern. */
	async within(task: Promise<unknown>): Promise<void> {
		const outcome = task.catch((error: unknown) => {
			if (!this.#dead) throw error;
		});
		await Promise.race([outcome, this.died]);
	}

	/** To be called before every change. @returns whether it may be made */
	lives(): boolean {
		if (this.#left-- <= 0) this.die();
		if (!this.#dead) this.#changes += 1;
		return !this.#dead;
	}

	/** The host as this daemon sees it. */
	on(host: FakeHost): HostDriver {
		const applyOne = async (step: Step, options: ApplyOptions) => {
			if (!this.lives()) return never();
			this.#requireUnfailing(step);
			return host.apply([step], options).catch((error: unknown) => {
				this.refused.push(step);
				throw error;
			});
		};
		return {
			activity: host.activity,
			transport: host.transport,
			builds: host.builds,
			traffic: host.traffic,
			facts: () => host.facts(),
			describe: (step) => host.describe(step),
			observe: (scope: ObservationScope) => (this.#dead ? never() : host.observe(scope)),
			apply: (steps, options = {}) => {
				const { onDone: _, onFailure: __, keepGoing: ___, ...own } = options;
				return applyInOrder(steps, options, (step) => applyOne(step, own));
			},
			run: async (request: RunRequest) => (this.lives() ? host.run(request) : never()),
			modify: async (container, change) => (this.lives() ? host.modify(container, change) : never()),
			probe: (request) => host.probe(request),
			listeners: () => host.listeners(),
			watch: (listener: (event: HostEvent) => void) => host.watch((event) => this.#dead || listener(event)),
			ready: () => host.ready(),
			close: () => host.close(),
		};
	}

	/** What `open` opens is the database of this daemon. */
	own<T>(open: () => T): T {
		opening = this;
		try {
			return open();
		} finally {
			opening = undefined;
		}
	}
}

let opening: Life | undefined;
const owners = new WeakMap<object, Life>();

function ownerOf(database: DatabaseSync): Life | undefined {
	if (opening && !owners.has(database)) owners.set(database, opening);
	return owners.get(database);
}

function requireAlive(life: Life | undefined, isChange: boolean): void {
	if (life && (isChange ? !life.lives() : life.dead)) throw DEAD;
}

/** A transaction begins without a change, and is one change when it is committed. */
const CHANGING = /^(?!BEGIN|ROLLBACK)/;

const { exec, prepare } = DatabaseSync.prototype;
const { run, get, all } = StatementSync.prototype;

DatabaseSync.prototype.exec = function (sql) {
	requireAlive(ownerOf(this), CHANGING.test(sql));
	return exec.call(this, sql);
};

DatabaseSync.prototype.prepare = function (sql) {
	const statement = prepare.call(this, sql);
	const life = ownerOf(this);
	if (life) owners.set(statement, life);
	return statement;
};

StatementSync.prototype.run = function (this: StatementSync, ...values: Parameters<typeof run>) {
	requireAlive(owners.get(this), true);
	return run.apply(this, values);
} as typeof run;

for (const [name, read] of Object.entries({ get, all }))
	Object.assign(StatementSync.prototype, {
		[name](this: StatementSync, ...values: never[]) {
			requireAlive(owners.get(this), false);
			return (read as (...values: never[]) => unknown).apply(this, values);
		},
	});
