import { join } from 'node:path';
import { KleeneError } from '#errors/kleene-error.ts';
import type { HostProcess, RunRequest } from '#host/driver.ts';
import type { SandboxHooks, SandboxSpec } from '#model/sandbox.ts';
import { execInContainer, type OciTools } from '#os/linux/oci/conmon.ts';
import { startContainer } from '#os/linux/oci/runtime.ts';
import { identify, isAlive, killWithGroup, signalProcess } from '#os/linux/process.ts';
import { connectSeqpacket } from '#os/linux/seqpacket.ts';
import type { Paths } from '../paths.ts';
import type { Admission } from './admission.ts';
import { Bundle } from './bundle/bundle.ts';
import { ociProcess } from './bundle/oci-spec.ts';
import { lookUp, usersOf } from './bundle/users.ts';
import type { Exits } from './exits.ts';
import { readStatus, StatusWatch } from './init-status.ts';
import { SocketStreams } from './output.ts';
import {
	END_OF_SANDBOX,
	endOfAdditional,
	endOfFirst,
	MonitoredProcess,
	resizeTerminal,
	type SandboxState,
	signalCommand,
} from './processes.ts';

/** Starts processes in sandboxes that were made, and keeps the connections to their input and output. */
export class Runner {
	readonly #paths: Paths;
	readonly #tools: OciTools;
	readonly #exits: Exits;
	readonly #admission: Admission;
	readonly #attachments = new Map<SocketStreams, string>();
	/** Those of them that nobody uses, and that hold the input of a container open. */
	readonly #idle = new Map<SocketStreams, string>();
	#hooks = 0;

	constructor(paths: Paths, tools: OciTools, { exits, admission }: { exits: Exits; admission: Admission }) {
		this.#paths = paths;
		this.#tools = tools;
		this.#exits = exits;
		this.#admission = admission;
	}

	async run(request: RunRequest): Promise<HostProcess> {
		const state = this.#state(request.container);
		switch (request.kind) {
			case 'first':
				return this.#first(state, request);
			case 'reattach':
				return this.#reattach(state, request);
			case 'additional':
				return this.#unlessEnded(state, this.#additional(state, request));
		}
	}

	/** Runs a command in a container, nobody listening. @returns its exit code, 137 when it took too long */
	async runHook(container: string, command: string, hooks: SandboxHooks): Promise<number> {
		const { env } = this.#bundle(container).part()!.spec.process;
		const process = { argv: ['/bin/sh', '-c', command], env, user: hooks.user, tty: false, stdin: false };
		const execution = `hook${++this.#hooks}`;
		const running = await this.run({ kind: 'additional', container, execution, process, attach: false });
		const timer = setTimeout(() => running.kill('SIGKILL'), hooks.timeout * 1000);
		return await running.ended.then(({ code }) => code).finally(() => clearTimeout(timer));
	}

	/** Lets a conmon end that waits for somebody to read output. */
	release(container: string): void {
		for (const [streams, owner] of this.#attachments) if (owner === container) streams.release();
	}

	close(): void {
		for (const streams of this.#attachments.keys()) streams.destroy();
	}

	#reattach(state: SandboxState, { container, size }: RunRequest): HostProcess {
		const bundle = this.#bundle(container);
		const { tty, stdin } = bundle.part()!.spec.process;
		const status = new StatusWatch(bundle.status);
		if (readStatus(bundle.status).code !== undefined) {
			status.close();
			throw firstHasEnded(container);
		}
		const streams = this.#takeIdle(container) ?? this.#attach(container, bundle);
		if (tty && size !== undefined) resizeTerminal(bundle.control, size);
		const leave = () => {
			status.close();
			// Its closing would end the input of the process, which others may go on with.
			if (stdin && !tty) this.#idle.set(streams, container);
			else streams.destroy();
		};
		const kill = (signal: NodeJS.Signals) => void signalCommand(state, signal);
		const ended = endOfFirst({ container, status, streams }, this.#exits);
		return new MonitoredProcess({ streams, control: tty ? bundle.control : undefined, kill, ended, leave });
	}

	/** A connection that somebody has left. */
	#takeIdle(container: string): SocketStreams | undefined {
		for (const [streams, owner] of this.#idle) {
			if (owner !== container) continue;
			this.#idle.delete(streams);
			return streams;
		}
		return undefined;
	}

	async #first(state: SandboxState, request: RunRequest & { kind: 'first' }): Promise<HostProcess> {
		const { container } = state;
		const bundle = this.#bundle(container);
		const tty = bundle.part()?.spec.process.tty ?? false;
		const status = new StatusWatch(bundle.status);
		let streams: SocketStreams | undefined;
		try {
			if (request.attach) streams = this.#attach(container, bundle);
			if (tty && request.size !== undefined) resizeTerminal(bundle.control, request.size);
			const ended = endOfFirst({ container, status, streams }, this.#exits);
			await startContainer(this.#tools, container);
			// Until then there is nothing that could be signalled.
			await Promise.race([status.started, ended]);
			const kill = (signal: NodeJS.Signals) => void signalCommand(state, signal);
			return new MonitoredProcess({ streams, control: tty ? bundle.control : undefined, kill, ended });
		} catch (error) {
			streams?.destroy();
			status.close();
			throw error;
		}
	}

	async #additional(state: SandboxState, request: RunRequest & { kind: 'additional' }): Promise<HostProcess> {
		const { container, execution, process, attach, size, timeout } = request;
		const outer = this.#bundle(container);
		const spec = outer.part()!.spec;
		const identity = await lookUp(usersOf(spec, this.#paths.containerRoot(container)), process.user);
		const bundle = outer.addExecution(
			execution,
			ociProcess(spec, process, { identity, inherited: inheritedEnv(spec) }),
		);
		let streams: SocketStreams | undefined;
		const onAttachable = () => {
			streams = this.#attach(container, bundle);
			if (process.tty && size !== undefined) resizeTerminal(bundle.control, size);
		};
		try {
			const exec = {
				container,
				execution,
				directory: bundle.directory,
				spec: join(bundle.directory, 'process.json'),
				tty: process.tty,
				stdin: process.stdin,
				...(attach ? { onAttachable } : {}),
				...(timeout === undefined ? {} : { timeout: backstopOf(timeout) }),
			};
			const { pid, code } = await this.#admission.run(() => execInContainer(this.#tools, exec));
			const identified = identify(pid);
			const killAll = () => void (identified && killWithGroup(identified));
			const kill = (signal: NodeJS.Signals) => {
				if (timeout !== undefined && signal === 'SIGKILL') killAll();
				else if (identified !== undefined) signalProcess(identified, signal);
			};
			const timer = timeout === undefined ? undefined : setTimeout(killAll, timeout);
			const ended = endOfAdditional(state, this.#exits, { process: identified, code, streams });
			const removed = ended.finally(() => {
				clearTimeout(timer);
				return bundle.remove();
			});
			const control = process.tty ? bundle.control : undefined;
			return new MonitoredProcess({ streams, control, kill, ended: removed });
		} catch (error) {
			streams?.destroy();
			await bundle.remove();
			throw error;
		}
	}

	/** What was refused in a container that is at its end, whatever the runtime says, was refused for that. */
	async #unlessEnded<T>({ container, first }: SandboxState, running: Promise<T>): Promise<T> {
		try {
			return await running;
		} catch (error) {
			if (isAlive(first)) await this.#exits.endsWithin(container, END_OF_SANDBOX);
			throw isAlive(first) ? error : notRunning(container);
		}
	}

	#attach(container: string, bundle: Bundle): SocketStreams {
		const streams = new SocketStreams(connectSeqpacket(bundle.attach));
		this.#attachments.set(streams, container);
		streams.closed.then(() => {
			this.#attachments.delete(streams);
			this.#idle.delete(streams);
		});
		return streams;
	}

	#bundle(container: string): Bundle {
		return new Bundle(this.#paths.bundle(container));
	}

	#state(container: string): SandboxState {
		const bundle = this.#bundle(container);
		const first = bundle.processes()?.first;
		if (first !== undefined && isAlive(first)) return { container, first, status: bundle.status };
		throw notRunning(container);
	}
}

/** Seconds after which conmon does it, where no daemon has. */
function backstopOf(timeout: number): number {
	return Math.ceil(timeout / 1000) + 1;
}

function notRunning(container: string): KleeneError {
	return new KleeneError({
		code: 'CONTAINER_NOT_RUNNING',
		what: `cannot run a process in container ${container}`,
		why: 'the container is not running',
		hint: 'start it first, e.g. "klee start"',
	});
}

function firstHasEnded(container: string): KleeneError {
	return new KleeneError({
		code: 'CONTAINER_NOT_RUNNING',
		what: `cannot attach to container ${container}`,
		why: 'its first process has ended, others go on',
		hint: `see its output with "klee logs ${container}", or run a command with "klee exec ${container}"`,
	});
}

/** Environment of processes besides the variables they are given: with exec.clean=false all that we have. */
export function inheritedEnv({ inheritsEnv }: SandboxSpec): string[] {
	if (!inheritsEnv) return [];
	return Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`);
}
