import { messageOf } from '#errors/kleene-error.ts';
import { mostRestarts, type RestartAfterEnd } from '#model/container/options.ts';
import type { Container, RunEnd } from '#model/container.ts';
import type { StoreChange } from '#model/store-change.ts';
import type { EngineContext } from '../../context.ts';
import { containerLock } from '../../locks.ts';
import type { Command } from '../../plan/run/sandbox.ts';
import type { Runs } from './runs.ts';

/** Milliseconds before the first restart; each further one waits twice as long. Source: Docker (moby restartmanager). */
const FIRST_DELAY = 100;
const LONGEST_DELAY = 60_000;
/** Milliseconds of a run after which the next restart waits no longer than the first. */
const STEADY = 10_000;
const OWN_COMMAND: Command = { cmd: [], user: '', env: [], tty: false, stdin: false };

/**
 * Restarts containers that ended by themselves, as their policy says. What it decides by is recorded: the end of the last run,
 * whether somebody asked for it, and the number of restarts since somebody started the container.
 */
export class Restarts {
	readonly #context: EngineContext;
	readonly #runs: Runs;
	readonly #timers = new Map<string, NodeJS.Timeout>();
	/** Container → when its run began, in milliseconds, and restarts in a row without a steady run. */
	readonly #begun = new Map<string, number>();
	readonly #rounds = new Map<string, number>();
	/** Containers that are being started here, and not by somebody. */
	readonly #starting = new Set<string>();

	constructor(context: EngineContext, runs: Runs) {
		this.#context = context;
		this.#runs = runs;
		context.recorder.listen((change) => this.#onRecorded(change));
	}

	/** When a daemon begins: those that were to be restarted, and those that always run. */
	begin(): void {
		for (const container of this.#context.store.containers.list().toReversed()) {
			const { id, end, options } = container;
			if (this.#runs.isRunning(id) || !end) continue;
			if (options?.restart === 'always' || isDue(container)) this.#schedule(container, 0);
		}
	}

	/** Whether a container has ended and is to be started again. */
	isWaiting(id: string): boolean {
		return this.#timers.has(id);
	}

	/** Calls off a restart that is waited for, for good. Callers hold the lock of the container. @returns whether there was one */
	cancel(id: string): boolean {
		const { store } = this.#context;
		if (!this.#timers.has(id)) return false;
		this.#forget(id);
		const end = store.containers.get(id)?.end;
		if (end) store.transaction(() => store.containers.setEnd(id, { ...end, asked: true }));
		return true;
	}

	#onRecorded(change: StoreChange): void {
		if (change.kind === 'run-started') this.#onStarted(change.container);
		else if (change.kind === 'run-ended') this.#onEnded(change.container);
		else if (change.kind === 'container-removed') this.#forget(change.container);
	}

	#onStarted(id: string): void {
		const { containers } = this.#context.store;
		const container = containers.get(id);
		if (container?.options?.restart === undefined) return;
		this.#stopTimer(id);
		this.#begun.set(id, performance.now());
		const own = this.#starting.has(id);
		if (!own) this.#rounds.delete(id);
		if (own || container.restarts) containers.setRestarts(id, own ? (container.restarts ?? 0) + 1 : 0);
	}

	#onEnded(id: string): void {
		const container = this.#context.store.containers.get(id);
		if (container?.options?.restart === undefined) return;
		const begun = this.#begun.get(id);
		if (begun !== undefined && performance.now() - begun >= STEADY) this.#rounds.delete(id);
		this.#again(container);
	}

	#again(container: Container): void {
		const { id } = container;
		if (!isDue(container)) return;
		const rounds = this.#rounds.get(id) ?? 0;
		this.#rounds.set(id, rounds + 1);
		this.#schedule(container, Math.min(FIRST_DELAY * 2 ** rounds, LONGEST_DELAY));
	}

	#schedule({ id, name, restarts = 0 }: Container, delay: number): void {
		this.#stopTimer(id);
		this.#timers.set(id, setTimeout(() => void this.#start(id), delay).unref());
		this.#context.events.tell({ kind: 'container-restarting', container: id, name, restart: restarts + 1, delay });
	}

	/** It may be stopped, started or removed while the lock is waited for. */
	async #start(id: string): Promise<void> {
		const { locks, log } = this.#context;
		await locks
			.run(containerLock(id), async () => {
				if (this.#timers.has(id)) await this.#restart(id);
			})
			.catch((error: unknown) => log.error({ container: id, error: messageOf(error) }, 'cannot restart a container'));
	}

	/** One that cannot be started is tried again, as if it had ended. */
	async #restart(id: string): Promise<void> {
		const { store } = this.#context;
		this.#stopTimer(id);
		const container = store.containers.get(id);
		if (container?.options?.restart === undefined || this.#runs.isRunning(id)) return;
		this.#starting.add(id);
		try {
			const { process } = await this.#runs.start(container, OWN_COMMAND, { attach: false });
			process.ended.catch(() => {});
		} catch (error) {
			store.containers.setRestarts(id, (container.restarts ?? 0) + 1);
			const failed = store.containers.get(id);
			if (failed) this.#again(failed);
			throw error;
		} finally {
			this.#starting.delete(id);
		}
	}

	#stopTimer(id: string): void {
		clearTimeout(this.#timers.get(id));
		this.#timers.delete(id);
	}

	#forget(id: string): void {
		this.#stopTimer(id);
		this.#begun.delete(id);
		this.#rounds.delete(id);
	}
}

/** Whether the policy of a container has it started again after its last end. */
export function isDue({ options, end, restarts = 0 }: Pick<Container, 'options' | 'end' | 'restarts'>): boolean {
	return options?.restart !== undefined && !!end && isWanted(options.restart, end, restarts);
}

function isWanted(policy: RestartAfterEnd, { code, reason, asked }: RunEnd, restarts: number): boolean {
	if (asked || reason === 'stopped') return false;
	const most = mostRestarts(policy);
	return most === undefined || (code !== 0 && restarts < most);
}
