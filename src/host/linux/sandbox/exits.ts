import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { explainExhaustion } from '#errors/exhaustion.ts';
import { messageOf } from '#errors/kleene-error.ts';
import type { SandboxEnd } from '#model/sandbox.ts';
import { isAlive, isOfEarlierBoot, type ProcessIdentity, ProcessWatch } from '#os/linux/process.ts';
import { type Watching, watchChanges } from '#os/watch.ts';
import type { SandboxProcesses } from './bundle/bundle.ts';
import { causeOf, type EndCircumstances, readExit, readExitCode, removeExit, writeExit } from './exit-files.ts';

/** Milliseconds between two looks for first processes that went without an exit file. */
const LOOK = 1000;
/** Milliseconds between two looks for exit files where the host has no file watches left. */
const UNWATCHED = 200;
/** Number of polls that conmon may take to write the exit file after the process ended. */
const PATIENCE = 2;
/** conmon writes `<container>.<random>` first and renames it. */
const CONTAINER = /^[\w-]+$/;
const KILLED = 137;

type Waiter = (code: number) => void;
type Listener = (container: string) => void;

export interface ExitsLog {
	warn(fields: object, message: string): void;
}

/**
 * The ends of all sandboxes. conmon writes a file named after the container, holding the exit code; one watch on the
 * directory serves all. A conmon that was killed writes nothing: then the first process itself is seen to be gone.
 * A file stays until the container is started again or removed, so that a daemon that was not there finds it.
 */
export class Exits {
	readonly #directory: string;
	readonly #log: ExitsLog | undefined;
	readonly #watcher: Watching;
	readonly #processes = new ProcessWatch();
	readonly #timer: NodeJS.Timeout;
	readonly #monitors = new Map<string, ProcessIdentity>();
	readonly #looks = new Map<string, number>();
	readonly #codes = new Map<string, number>();
	readonly #waiting = new Map<string, Set<Waiter>>();
	readonly #listeners = new Set<Listener>();

	constructor(directory: string, log?: ExitsLog) {
		this.#directory = directory;
		this.#log = log;
		mkdirSync(directory, { recursive: true });
		this.#watcher = watchChanges(directory, {
			every: UNWATCHED,
			onChange: (name) => (name === undefined ? this.#lookAtAll() : this.#onChange(name)),
			// Then ends are noticed by the looks at the processes.
			onError: (error) => log?.warn({ error: messageOf(error) }, 'cannot watch for ends of containers'),
		});
		if (this.#watcher.lack) {
			const { why, hint } = explainExhaustion('watches');
			log?.warn({ error: why, hint }, 'cannot watch for ends of containers: looking for them five times a second');
		}
		this.#timer = setInterval(() => this.#lookForGone(), LOOK).unref();
	}

	/** Also notice the end of this sandbox when nobody writes a file. */
	track(container: string, { first, monitor }: SandboxProcesses): void {
		this.#monitors.set(container, monitor);
		if (this.#processes.add(container, first)) return;
		this.#looks.set(container, 0);
		this.#look(container);
	}

	/** Every end from now on, once for each run, and those of tracked sandboxes that a file tells of already. */
	listen(listener: Listener): void {
		this.#listeners.add(listener);
		for (const container of this.#codes.keys()) listener(container);
		for (const container of [...this.#monitors.keys()]) this.#look(container);
	}

	/** Exit code of the sandbox, when it has ended. */
	ended(container: string): Promise<number> {
		return new Promise((resolve) => this.#wait(container, resolve));
	}

	/** Waits for the end of the sandbox, but no longer than so many milliseconds. @returns whether it has ended */
	async endsWithin(container: string, milliseconds: number): Promise<boolean> {
		const over = Promise.withResolvers<boolean>();
		const waiter = () => over.resolve(true);
		const timer = setTimeout(over.resolve, milliseconds, false);
		this.#wait(container, waiter);
		const ended = await over.promise;
		clearTimeout(timer);
		this.#waiting.get(container)?.delete(waiter);
		return ended;
	}

	/** Number of waiters for the end of the sandbox. */
	waiters(container: string): number {
		return this.#waiting.get(container)?.size ?? 0;
	}

	#wait(container: string, waiter: Waiter): void {
		this.#look(container);
		const code = this.#codes.get(container);
		if (code !== undefined) waiter(code);
		else this.#waiting.set(container, (this.#waiting.get(container) ?? new Set()).add(waiter));
	}

	/** A new run begins: nothing is known about it. Nobody goes on waiting for how the last one ended. */
	forget(container: string): void {
		removeExit(this.#file(container));
		this.#settle(container);
	}

	/**
	 * The sandbox is gone, and its file is kept. Nobody goes on waiting for how it ended.
	 *
	 * @param how absent: the sandbox was gone before
	 * @returns undefined where there is no file of this or an earlier run
	 */
	conclude(container: string, how?: EndCircumstances): SandboxEnd | undefined {
		const file = this.#file(container);
		const code = readExitCode(file);
		// The cause that was noted first is the right one: later there is less to see.
		if (how && (readExit(file)?.cause ?? 'exited') === 'exited')
			writeExit(file, { code: code ?? KILLED, cause: causeOf(code, how) });
		this.#settle(container);
		return readExit(file);
	}

	#settle(container: string): void {
		this.#untrack(container);
		this.#codes.delete(container);
		this.#resolve(container, KILLED);
	}

	#file(container: string): string {
		return join(this.#directory, container);
	}

	close(): void {
		clearInterval(this.#timer);
		this.#watcher.close();
	}

	#onChange(container: string): void {
		if (this.#monitors.has(container) || this.#waiting.has(container)) this.#look(container);
		// Removed with its container.
		else if (!existsSync(this.#file(container))) this.#codes.delete(container);
	}

	#lookAtAll(): void {
		for (const container of new Set([...this.#monitors.keys(), ...this.#waiting.keys()])) this.#look(container);
	}

	#look(container: string): void {
		if (!CONTAINER.test(container) || this.#codes.has(container)) return;
		const code = readExitCode(this.#file(container));
		if (code !== undefined) this.#conclude(container, code);
	}

	#conclude(container: string, code: number): void {
		this.#codes.set(container, code);
		this.#untrack(container);
		this.#resolve(container, code);
		for (const listener of this.#listeners) listener(container);
	}

	#resolve(container: string, code: number): void {
		for (const resolve of this.#waiting.get(container) ?? []) resolve(code);
		this.#waiting.delete(container);
	}

	#untrack(container: string): void {
		this.#processes.remove(container);
		this.#monitors.delete(container);
		this.#looks.delete(container);
	}

	#lookForGone(): void {
		for (const container of this.#processes.gone()) {
			this.#processes.remove(container);
			this.#looks.set(container, 0);
		}
		for (const [container, looks] of this.#looks) {
			const monitor = this.#monitors.get(container);
			// It is delivering the last output to somebody who reads slowly.
			if (monitor !== undefined && isAlive(monitor)) continue;
			this.#looks.set(container, looks + 1);
			if (looks + 1 < PATIENCE) continue;
			this.#look(container);
			if (!this.#codes.has(container)) this.#concludeUnseen(container, monitor);
		}
	}

	/** Nobody saw how it ended. The file makes this end like any other, for a later daemon too. */
	#concludeUnseen(container: string, monitor: ProcessIdentity | undefined): void {
		const cause = monitor && isOfEarlierBoot(monitor) ? 'host-restarted' : 'killed';
		try {
			writeExit(this.#file(container), { code: KILLED, cause });
		} catch (error) {
			this.#log?.warn({ container, error: messageOf(error) }, 'the end of a container cannot be noted');
		}
		this.#conclude(container, KILLED);
	}
}
