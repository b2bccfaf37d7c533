import { KleeneError } from '#errors/kleene-error.ts';
import type { ContainerProcess } from '#model/activity/process.ts';
import type { Container } from '#model/container.ts';
import type { EngineContext } from '../../context.ts';
import { findContainer } from '../../identify.ts';
import type { ContainerOperations } from '../container/containers.ts';
import type { Runs } from '../container/runs.ts';

/** Signals that Linux and FreeBSD have by the same name. */
const SIGNALS = [
	...['HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'FPE', 'KILL', 'BUS', 'SEGV', 'SYS', 'PIPE', 'ALRM', 'TERM', 'URG'],
	...['STOP', 'TSTP', 'CONT', 'CHLD', 'TTIN', 'TTOU', 'IO', 'XCPU', 'XFSZ', 'VTALRM', 'PROF', 'WINCH', 'USR1', 'USR2'],
];

/** Numbers that POSIX gives them (kill(1)). */
const NUMBERS: ReadonlyMap<string, string> = new Map(
	Object.entries<string>({
		1: 'HUP',
		2: 'INT',
		3: 'QUIT',
		6: 'ABRT',
		9: 'KILL',
		14: 'ALRM',
		15: 'TERM',
	}),
);

/** @param text `TERM`, `SIGTERM` or `15`. @throws INVALID_ARGUMENT */
export function parseSignal(text: string): NodeJS.Signals {
	const name = NUMBERS.get(text) ?? text.toUpperCase().replace(/^SIG/, '');
	if (SIGNALS.includes(name)) return `SIG${name}` as NodeJS.Signals;
	throw new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `cannot send signal '${text.slice(0, 80)}'`,
		why: 'it is not a signal that all hosts have',
		hint: `choose from ${SIGNALS.join(', ')}`,
	});
}

export class ProcessOperations {
	readonly #context: EngineContext;
	readonly #runs: Runs;
	readonly #containers: Pick<ContainerOperations, 'stop'>;

	constructor(context: EngineContext, runs: Runs, containers: Pick<ContainerOperations, 'stop'>) {
		this.#context = context;
		this.#runs = runs;
		this.#containers = containers;
	}

	async list(identifier: string): Promise<ContainerProcess[]> {
		const { id } = this.#requireRunning(identifier, 'list the processes of');
		return this.#context.driver.activity.processes(id);
	}

	/** Signals the first process; SIGKILL ends the container. @returns the id of the container */
	async kill(identifier: string, signal: NodeJS.Signals): Promise<string> {
		const { id, name } = this.#requireRunning(identifier, 'signal');
		// Its name tells it from all others, whatever their names are.
		if (signal === 'SIGKILL') return this.#containers.stop(name, 0);
		if (await this.#context.driver.activity.signal(id, signal)) return id;
		throw new KleeneError({
			code: 'CONTAINER_NOT_RUNNING',
			what: `cannot signal container ${name}`,
			why: 'its first process has ended, others go on',
			hint: `end them with "klee kill ${name}" or "klee stop ${name}", or signal one with "klee exec ${name} kill"`,
		});
	}

	#requireRunning(identifier: string, verb: string): Container {
		const container = findContainer(this.#context.store, identifier);
		if (this.#runs.isRunning(container.id)) return container;
		throw new KleeneError({
			code: 'CONTAINER_NOT_RUNNING',
			what: `cannot ${verb} container ${container.name}`,
			why: 'container not running',
			hint: `start it with "klee start ${container.name}"`,
			message: 'container not running',
		});
	}
}
