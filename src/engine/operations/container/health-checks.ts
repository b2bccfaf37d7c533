import type { ErrorCode } from '#errors/codes.ts';
import { isKleeneError, messageOf } from '#errors/kleene-error.ts';
import type { HostProcess } from '#host/driver.ts';
import type { Health, HealthResult, HealthStatus } from '#model/container/health.ts';
import type { Container } from '#model/container.ts';
import { newId } from '#model/ids.ts';
import type { Image } from '#model/image.ts';
import type { StoreChange } from '#model/store-change.ts';
import type { EngineContext } from '../../context.ts';
import { imageOf } from '../../identify.ts';
import { containerLock } from '../../locks.ts';
import { afterCheck, type Check, checkOf, delayAfter, healthAtStart, MOST_OUTPUT } from '../../plan/run/health.ts';
import { processOf } from '../../plan/run/sandbox.ts';
import type { Runs } from './runs.ts';

const KILLED = 137;
/** Milliseconds in which a host notices that no process is left in a container. */
const END_OF_CONTAINER = 2000;

/** A running container with a health check. */
interface Watched {
	readonly id: string;
	readonly check: Check;
	health: Health;
	timer?: NodeJS.Timeout;
	/** The check under way. */
	attempt?: Attempt | undefined;
	/** The first process of the container has ended. */
	firstEnded?: boolean;
}

interface Attempt {
	process?: HostProcess;
	/** It is ended before it can tell anything. */
	abandoned: boolean;
}

/**
 * Runs the health checks of containers: one at a time for each, the next one an interval after the end of the last. The
 * results are in the store, so that a later daemon goes on from there. Nothing else depends on them.
 */
export class HealthChecks {
	readonly #context: EngineContext;
	readonly #runs: Runs;
	readonly #watched = new Map<string, Watched>();

	constructor(context: EngineContext, runs: Runs) {
		this.#context = context;
		this.#runs = runs;
		context.recorder.listen((change) => this.#onRecorded(change));
		runs.onFirstEnded((id) => this.#onFirstEnded(id));
	}

	/** When a daemon begins: containers that went on without one. */
	begin(): void {
		for (const container of this.#context.store.containers.running()) this.#resume(container);
	}

	/** The settings of a container changed; its health stays what it was. */
	refresh(id: string): void {
		const container = this.#context.store.containers.get(id);
		if (!container || !this.#runs.isRunning(id)) return;
		this.#forget(id);
		this.#resume(container);
	}

	/** @returns null for a container that does not run, or has no health check */
	status(id: string): HealthStatus | null {
		return this.#watched.get(id)?.health.status ?? null;
	}

	/** Results of the present run, or of the last one. */
	details(id: string): Health | undefined {
		return this.#watched.get(id)?.health ?? this.#context.store.containers.health(id);
	}

	/** The settings of the checks of a container. */
	checkOf(container: Container): Check | undefined {
		return checkOf(container, this.#imageOf(container));
	}

	#imageOf({ imageId }: Container): Image | undefined {
		return this.#context.store.images.get(imageId);
	}

	#onRecorded(change: StoreChange): void {
		if (change.kind === 'run-started') this.#onStarted(change.container);
		else if (change.kind === 'run-ended' || change.kind === 'container-removed') this.#forget(change.container);
	}

	#onStarted(id: string): void {
		const { store, timestamp } = this.#context;
		const container = store.containers.get(id);
		if (container) this.#watch(container, healthAtStart(timestamp()));
	}

	#resume(container: Container): void {
		const { store, timestamp } = this.#context;
		this.#watch(container, store.containers.health(container.id) ?? healthAtStart(timestamp()));
	}

	/** Goes on with the rhythm of the checks before. */
	#watch(container: Container, health: Health): void {
		const { id } = container;
		const check = this.checkOf(container);
		if (!check) {
			this.#keep(id, undefined);
			return;
		}
		const watched: Watched = { id, check, health };
		this.#watched.set(id, watched);
		this.#keep(id, health);
		const last = health.results.at(-1)?.end;
		const passed = last === undefined ? 0 : Date.now() - Date.parse(last);
		this.#schedule(watched, Math.max(0, delayAfter(health, check, Date.now()) - Math.max(0, passed)));
	}

	/** Where the disk is full, the next daemon knows no more than the last that was kept. The container is not to suffer. */
	#keep(id: string, health: Health | undefined): void {
		const { store, log } = this.#context;
		try {
			if (health) store.containers.setHealth(id, health);
			else store.containers.forgetHealth(id);
		} catch (error) {
			log.warn({ container: id, error: messageOf(error) }, 'cannot keep the health of a container');
		}
	}

	#forget(id: string): void {
		clearTimeout(this.#watched.get(id)?.timer);
		this.#abandon(id);
		this.#watched.delete(id);
	}

	/** A check is not to keep a container running whose other processes have ended. */
	#onFirstEnded(id: string): void {
		const watched = this.#watched.get(id);
		if (watched) watched.firstEnded = true;
		this.#abandon(id);
	}

	#abandon(id: string): void {
		const attempt = this.#watched.get(id)?.attempt;
		if (!attempt) return;
		attempt.abandoned = true;
		attempt.process?.kill('SIGKILL');
	}

	/** The check takes the lock of the container by itself, whoever holds it now. */
	#schedule(watched: Watched, delay: number): void {
		this.#context.locks.apart(() => {
			watched.timer = setTimeout(() => void this.#check(watched), delay).unref();
		});
	}

	async #check(watched: Watched): Promise<void> {
		const { id, check } = watched;
		const start = new Date().toISOString();
		try {
			const outcome = await this.#outcome(watched);
			if (this.#watched.get(id) !== watched) return;
			if (outcome) this.#take(watched, { start, end: new Date().toISOString(), ...outcome });
		} catch (error) {
			this.#context.log.error({ container: id, error: messageOf(error) }, 'cannot check the health of a container');
		}
		const interval = delayAfter(watched.health, check, Date.now());
		const delay = watched.firstEnded ? Math.max(interval, END_OF_CONTAINER) : interval;
		if (this.#watched.get(id) === watched) this.#schedule(watched, delay);
	}

	#take(watched: Watched, result: HealthResult): void {
		const { store, events } = this.#context;
		const { id, health, check } = watched;
		watched.health = afterCheck(health, check, result);
		this.#keep(id, watched.health);
		const { status } = watched.health;
		const name = store.containers.get(id)?.name ?? '';
		if (status !== health.status) events.tell({ kind: 'container-health', container: id, name, health: status });
	}

	/** @returns undefined where nothing was found out about the container */
	async #outcome(watched: Watched): Promise<Outcome | undefined> {
		const { check } = watched;
		const begun = performance.now();
		const attempt: Attempt = { abandoned: false };
		watched.attempt = attempt;
		try {
			const process = await this.#start(watched, attempt);
			if (!process) return undefined;
			const output = collected(process);
			const { code } = await process.ended;
			if (attempt.abandoned) return undefined;
			const late = code === KILLED && performance.now() - begun >= check.timeout;
			return late ? { code: -1, output: `${output()}${tookTooLong(check)}` } : { code, output: output() };
		} catch (error) {
			if (!isKleeneError(error)) throw error;
			if (NOT_ITS_FAULT.has(error.code)) return undefined;
			return { code: -1, output: `${error.what}: ${error.why}`.slice(0, MOST_OUTPUT) };
		} finally {
			watched.attempt = undefined;
		}
	}

	/** @returns undefined where its run has ended meanwhile */
	#start(watched: Watched, attempt: Attempt): Promise<HostProcess | undefined> {
		const { locks, store, driver } = this.#context;
		const { id: container, check } = watched;
		return locks.run(containerLock(container), async () => {
			const found = store.containers.get(container);
			if (this.#watched.get(container) !== watched || !found) return undefined;
			const facts = driver.facts();
			const command = { cmd: check.argv, user: '', env: [], tty: false, stdin: false };
			const process = await driver.run({
				kind: 'additional',
				container,
				execution: newId(),
				process: processOf(imageOf(store, found, facts), found, command, facts),
				attach: true,
				timeout: check.timeout,
			});
			attempt.process = process;
			if (attempt.abandoned) process.kill('SIGKILL');
			return process;
		});
	}
}

type Outcome = Pick<HealthResult, 'code' | 'output'>;

/** Errors that tell nothing about a container. */
const NOT_ITS_FAULT: ReadonlySet<ErrorCode> = new Set(['CONTAINER_NOT_RUNNING', 'HOST_UNREACHABLE']);

function tookTooLong({ timeout }: Check): string {
	return `health check took longer than its timeout, ${timeout / 1000} seconds`;
}

/** Reads all output of a process. @returns a function for the beginning of it */
function collected(process: HostProcess): () => string {
	const chunks: Buffer[] = [];
	let length = 0;
	let more = false;
	process.onOutput((_, chunk) => {
		const taken = chunk.subarray(0, MOST_OUTPUT - length);
		if (taken.length > 0) chunks.push(Buffer.from(taken));
		length += taken.length;
		more ||= taken.length < chunk.length;
	});
	return () => `${Buffer.concat(chunks).toString()}${more ? '...' : ''}`;
}
