import { isKleeneError, KleeneError } from '#errors/kleene-error.ts';
import type { HostProcess, OutputStream, WindowSize } from '#host/driver.ts';
import type { Container } from '#model/container.ts';
import { newId } from '#model/ids.ts';
import type { EngineContext } from '../../context.ts';
import { findContainer, imageOf, requireContainer } from '../../identify.ts';
import { containerLock } from '../../locks.ts';
import { type Command, processOf } from '../../plan/run/sandbox.ts';
import type { Runs, Started } from './runs.ts';

export type ExecutionRequest = Omit<Command, 'stdin'> & { readonly container: string };

export interface StartRequest {
	readonly attach: boolean;
	/** Whether a stopped container is to be started with this command. */
	readonly startContainer: boolean;
	/** Whether the client will send input. */
	readonly stdin: boolean;
	readonly size?: WindowSize;
}

/** Limit of created execution instances per container. */
const MOST_WAITING = 1000;

/** An execution instance lives in memory only: created, started once, gone when its process ended or its container is. */
interface Execution {
	readonly id: string;
	readonly containerId: string;
	readonly request: ExecutionRequest;
	started: boolean;
	process?: HostProcess;
}

export interface SessionEnd {
	readonly code: number;
	/** True when the container ended with the process; then nothing of its run is left on the host. */
	readonly containerEnded: boolean;
}

/** A started execution instance, as a stream sees it. */
export interface Session {
	readonly process: HostProcess;
	readonly announcements: readonly string[];
	/** Whether this process is what its container was started with. */
	readonly first: boolean;
	readonly ended: Promise<SessionEnd>;
}

export class ExecutionOperations {
	readonly #context: EngineContext;
	readonly #runs: Runs;
	readonly #executions = new Map<string, Execution>();
	/** Those of a container that were never started, oldest first. */
	readonly #waiting = new Map<string, Set<string>>();

	constructor(context: EngineContext, runs: Runs) {
		this.#context = context;
		this.#runs = runs;
		context.recorder.listen((_, { containers }) => {
			for (const { id } of containers) this.#forget(id);
		});
	}

	/** Above the limit the oldest instance that was never started is dropped. */
	create(request: ExecutionRequest): string {
		const container = findContainer(this.#context.store, request.container);
		const id = newId();
		this.#keepWaiting({ id, containerId: container.id, request, started: false });
		return id;
	}

	#keepWaiting(execution: Execution): void {
		const { id, containerId } = execution;
		this.#executions.set(id, execution);
		const waiting = this.#waiting.get(containerId) ?? new Set();
		this.#waiting.set(containerId, waiting.add(id));
		const [oldest] = waiting;
		if (oldest !== undefined && waiting.size > MOST_WAITING) {
			waiting.delete(oldest);
			this.#executions.delete(oldest);
		}
	}

	/** Of a container that is removed. */
	#forget(containerId: string): void {
		for (const id of this.#waiting.get(containerId) ?? []) this.#executions.delete(id);
		this.#waiting.delete(containerId);
	}

	#takeFromWaiting({ id, containerId }: Execution): void {
		const waiting = this.#waiting.get(containerId);
		waiting?.delete(id);
		if (waiting?.size === 0) this.#waiting.delete(containerId);
	}

	/** Plan of creating and starting an execution instance, and its container with it. */
	async plan(request: ExecutionRequest): Promise<string[]> {
		const { store, driver, locks } = this.#context;
		const { id } = findContainer(store, request.container);
		return locks.run(containerLock(id), async () => {
			const container = requireContainer(store, id);
			const command = { ...request, stdin: false };
			if (!this.#runs.isRunning(id)) return this.#runs.describeStart(container, command);
			// One more process is no part of the host, but it may be refused.
			processOf(imageOf(store, container, driver.facts()), container, command, driver.facts());
			return [];
		});
	}

	/**
	 * Execution instance of the first process of a container that comes into being with it.
	 * @param onOutput set before the process can write anything
	 */
	async startNew(
		containerId: string,
		command: Command,
		start: () => Promise<Started>,
		onOutput: (stream: OutputStream, chunk: Buffer) => void,
	): Promise<{ id: string; session: Session }> {
		const id = newId();
		const session = sessionOf(await start());
		const execution: Execution = { id, containerId, request: { ...command, container: containerId }, started: true };
		this.#executions.set(id, execution);
		this.#attach(execution, session, onOutput);
		return { id, session };
	}

	#attach(execution: Execution, session: Session, onOutput: (stream: OutputStream, chunk: Buffer) => void): void {
		session.process.onOutput(onOutput);
		execution.process = session.process;
		session.ended.finally(() => this.#executions.delete(execution.id)).catch(() => {});
	}

	/**
	 * An instance that was refused because its container does not run waits on: nothing was done for it.
	 *
	 * @param onOutput set before the process can write anything.
	 */
	start(id: string, request: StartRequest, onOutput: (stream: OutputStream, chunk: Buffer) => void): Promise<Session> {
		const execution = this.#require(id);
		if (execution.started) throw alreadyStarted(id);
		execution.started = true;
		this.#takeFromWaiting(execution);
		return this.#context.locks.run(containerLock(execution.containerId), async () => {
			try {
				const session = await this.#run(execution, request);
				this.#attach(execution, session, onOutput);
				return session;
			} catch (error) {
				this.#executions.delete(id);
				if (isKleeneError(error) && error.code === 'CONTAINER_NOT_RUNNING')
					this.#keepWaiting({ ...execution, started: false });
				throw error;
			}
		});
	}

	async #run(execution: Execution, request: StartRequest): Promise<Session> {
		const container = requireContainer(this.#context.store, execution.containerId);
		const command = { ...execution.request, stdin: request.stdin };
		if (this.#runs.isRunning(container.id)) return this.#runAdditional(execution, container, { command, request });
		if (!request.startContainer)
			throw new KleeneError({
				code: 'CONTAINER_NOT_RUNNING',
				what: `cannot run a command in container ${container.name}`,
				why: 'it is not running',
				hint: `start it with "klee start ${container.name}"`,
				message: "cannot start container when 'start_container' is false.",
			});
		return sessionOf(await this.#runs.start(container, command, request));
	}

	async #runAdditional(
		execution: Execution,
		container: Container,
		{ command, request }: { command: Command; request: StartRequest },
	): Promise<Session> {
		const { store, driver } = this.#context;
		const image = imageOf(store, container, driver.facts());
		const hasEnded = this.#runs.endOf(container.id);
		const process = await driver.run({
			kind: 'additional',
			container: container.id,
			execution: execution.id,
			process: processOf(image, container, command, driver.facts()),
			attach: request.attach,
			...(request.size ? { size: request.size } : {}),
		});
		const ended = process.ended.then(async ({ code }) => ({ code, containerEnded: await hasEnded() }));
		return { process, announcements: [], first: false, ended };
	}

	/** Ask the process to end, or end it; waits until it has. */
	async stop(id: string, force: boolean): Promise<string> {
		const { process } = this.#requireStarted(id);
		process.kill(force ? 'SIGKILL' : 'SIGTERM');
		await process.ended;
		return id;
	}

	/** Id of the container that an instance belongs to, started or not. */
	containerOf(id: string): string {
		return this.#require(id).containerId;
	}

	/** Id of the container in which a started instance runs. */
	containerOfStarted(id: string): string {
		return this.#requireStarted(id).containerId;
	}

	#require(id: string): Execution {
		const execution = this.#executions.get(id);
		if (!execution) throw noSuchExecution(id);
		return execution;
	}

	#requireStarted(id: string): Execution & { readonly process: HostProcess } {
		const execution = this.#require(id);
		const { process } = execution;
		if (process) return { ...execution, process };
		throw new KleeneError({
			code: 'NO_SUCH_EXECUTION',
			what: `cannot stop execution instance ${id}`,
			why: 'it was not started',
			hint: 'start it first',
			message: 'execution instance have not been started',
		});
	}
}

/** Session of the first process of a container. */
function sessionOf({ process, announcements, gone }: Started): Session {
	const ended = process.ended.then(async ({ code, sandboxEnded }) => {
		if (sandboxEnded) await gone;
		return { code, containerEnded: sandboxEnded };
	});
	return { process, announcements, first: true, ended };
}

function noSuchExecution(id: string): KleeneError {
	const message = `could not find execution instance matching '${id}'`;
	const hint =
		'create one with POST /exec/create; it is gone when its process ended, its container was removed, or the daemon restarted';
	return new KleeneError({
		code: 'NO_SUCH_EXECUTION',
		what: 'cannot find the execution instance',
		why: message,
		hint,
		message,
	});
}

function alreadyStarted(id: string): KleeneError {
	return new KleeneError({
		code: 'ALREADY_STARTED',
		what: `cannot start execution instance ${id}`,
		why: 'executable already started',
		hint: 'create another one with POST /exec/create',
		message: 'executable already started',
	});
}
