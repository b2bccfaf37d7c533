import { KleeneError } from '#errors/kleene-error.ts';
import type { HostProcess, WindowSize } from '#host/driver.ts';
import type { Container } from '#model/container.ts';
import type { Endpoint } from '#model/endpoint.ts';
import type { Part } from '#model/part.ts';
import { make, unmakeAll } from '#model/step.ts';
import type { EngineContext } from '../context.ts';
import { EpairUnits } from '../epair-units.ts';
import { requireImage } from '../identify.ts';
import type { Attachment } from '../plan/endpoint.ts';
import { announcements, partsOfOneEndpoint, partsOfRun, withoutSecondDefault } from '../plan/run.ts';
import { type Command, processOf, sandboxOf } from '../plan/sandbox.ts';

/** A container that runs. */
interface Run {
	readonly id: string;
	/** Settled when nothing of the run is left on the host. */
	readonly gone: PromiseWithResolvers<void>;
}

export interface Attaching {
	readonly attach: boolean;
	/** Of the client's terminal. */
	readonly size?: WindowSize;
}

export interface Started {
	readonly process: HostProcess;
	/** Lines that the stream begins with. */
	readonly announcements: readonly string[];
	readonly gone: Promise<void>;
}

/**
 * The running of containers: start, stop, what happens when one ends by itself, and changes while it runs.
 * INVARIANT: the store lists the parts of a run from before the first is made until after the last is gone.
 */
export class Runs {
	readonly #context: EngineContext;
	readonly #active = new Map<string, Run>();
	readonly #units: EpairUnits;

	constructor(context: EngineContext) {
		this.#context = context;
		this.#units = new EpairUnits();
		context.driver.watch(({ container }) => this.#onSandboxEnded(container));
	}

	isRunning(containerId: string): boolean {
		return this.#active.has(containerId);
	}

	/** Callers hold the lock of the container. Nothing of it is on the host. */
	async start(container: Container, command: Command, { attach, size }: Attaching): Promise<Started> {
		const { store, driver, executor, log } = this.#context;
		const parts = this.#plan(container, command);
		const subject = `container ${container.id}`;
		const run: Run = { id: container.id, gone: Promise.withResolvers() };
		try {
			await executor.build({ subject, steps: parts.map(make) }, () => store.containers.setParts(container.id, parts));
		} catch (error) {
			this.#forgetUnits(container.id);
			throw error;
		}
		this.#active.set(container.id, run);
		try {
			const process = await driver.run({ kind: 'first', container: container.id, attach, ...(size ? { size } : {}) });
			log.info({ container: container.id, name: container.name }, 'container started');
			return { process, announcements: announcements(parts), gone: run.gone.promise };
		} catch (error) {
			await this.#end(run, 0);
			throw error;
		}
	}

	/** Callers hold the lock of the container. @param grace milliseconds between asking and ending its processes. */
	async stop(containerId: string, grace: number): Promise<void> {
		const run = this.#active.get(containerId);
		if (run) await this.#end(run, grace);
	}

	/** The container ended by itself. A later run of the same container is another `Run`, so it is left alone. */
	#onSandboxEnded(containerId: string): void {
		const run = this.#active.get(containerId);
		if (!run) return;
		const settle = async () => {
			if (this.#active.get(containerId) === run) await this.#end(run, 0);
		};
		this.#context.locks.run(`container ${containerId}`, settle).catch((error: unknown) => {
			this.#context.log.error({ container: containerId, error }, 'an ended container could not be cleared away');
		});
	}

	async #end(run: Run, grace: number): Promise<void> {
		const { store, executor, log } = this.#context;
		const steps = unmakeAll(store.containers.parts(run.id));
		const record = () => {
			store.containers.setParts(run.id, []);
			this.#forgetUnits(run.id);
		};
		try {
			await executor.teardown({ subject: `container ${run.id}`, steps }, record, { grace });
			log.info({ container: run.id }, 'container stopped');
		} finally {
			this.#active.delete(run.id);
			run.gone.resolve();
		}
	}

	/** After a restart of the daemon: a container that went on without us. */
	adopt(containerId: string): void {
		this.#active.set(containerId, { id: containerId, gone: Promise.withResolvers() });
	}

	/** Units that exist on the host, ours or not. */
	reserveUnits(units: Iterable<number>): void {
		for (const unit of units) this.#units.reserve(unit);
	}

	/** What is to be on the host; takes an epair unit for each endpoint. */
	#plan(container: Container, command: Command): Part[] {
		const { store, driver } = this.#context;
		const image = requireImage(store, container.imageId, driver.facts());
		const spec = sandboxOf(container, processOf(image, container, command));
		const endpoints = store.endpoints.ofContainer(container.id);
		const attachments = store.transaction(() => endpoints.map((endpoint) => this.#attachment(endpoint)));
		return partsOfRun({ container, attachments, spec, ipnetHasEpair: driver.facts().ipnetHasEpair });
	}

	#attachment(endpoint: Endpoint): Attachment {
		const { store } = this.#context;
		const network = store.networks.get(endpoint.networkId);
		if (!network) throw new Error(`endpoint ${endpoint.id} has no network`);
		const unit = endpoint.epair ?? this.#units.take();
		if (endpoint.epair === null) store.endpoints.setEpair(endpoint.id, unit);
		return { endpoint, network, unit };
	}

	#forgetUnits(containerId: string): void {
		for (const endpoint of this.#context.store.endpoints.ofContainer(containerId)) this.#forgetUnit(endpoint);
	}

	#forgetUnit(endpoint: Endpoint): void {
		if (endpoint.epair === null) return;
		this.#context.store.endpoints.setEpair(endpoint.id, null);
		this.#units.release(endpoint.epair);
	}

	/** Connect a running container; a stopped one has nothing on the host. Callers hold the lock of the container. */
	async attach(container: Container, endpoint: Endpoint): Promise<void> {
		if (!this.isRunning(container.id)) return;
		const { store, executor } = this.#context;
		const before = store.containers.parts(container.id);
		const parts = this.#partsOfNew(container, endpoint);
		const record = () => store.containers.setParts(container.id, insertBeforeSandbox(before, parts));
		try {
			await executor.build({ subject: `endpoint ${endpoint.id}`, steps: parts.map(make) }, record);
		} catch (error) {
			const current = store.endpoints.get(endpoint.id);
			if (current) this.#forgetUnit(current);
			throw error;
		}
	}

	describeAttach(container: Container, endpoint: Endpoint): string[] {
		if (!this.isRunning(container.id)) return [];
		const parts = this.#partsOfNew(container, endpoint);
		for (const part of parts) if (part.kind === 'epair') this.#units.release(part.unit);
		return this.#context.executor.describe(parts.map(make));
	}

	/** The parts of an endpoint that joins a running container. It never takes over a default route that is there. */
	#partsOfNew(container: Container, endpoint: Endpoint): Part[] {
		const { store, driver } = this.#context;
		const present = store.containers.parts(container.id);
		const sandbox = present.find((part) => part.kind === 'sandbox');
		if (sandbox?.kind !== 'sandbox') throw new Error(`container ${container.id} runs without a sandbox`);
		const others = store.endpoints.ofContainer(container.id).filter(({ id }) => id !== endpoint.id);
		const attachments = [...others, endpoint].map((one) => this.#attachment(one));
		const mine = attachments.at(-1)!;
		const all = partsOfRun({ container, attachments, spec: sandbox.spec, ipnetHasEpair: driver.facts().ipnetHasEpair });
		return withoutSecondDefault(partsOfOneEndpoint(all, mine.unit), present);
	}

	/** Callers hold the lock of the container. */
	async detach(endpoint: Endpoint): Promise<void> {
		const { store, executor } = this.#context;
		const current = store.endpoints.get(endpoint.id);
		if (!current || current.epair === null || !this.isRunning(endpoint.containerId)) return;
		const parts = store.containers.parts(endpoint.containerId);
		const leaving = partsOfOneEndpoint(parts, current.epair);
		const staying = parts.filter((part) => !leaving.includes(part));
		await executor.teardown({ subject: `endpoint ${endpoint.id}`, steps: unmakeAll(leaving) }, () => {
			store.containers.setParts(endpoint.containerId, staying);
			this.#forgetUnit(current);
		});
	}
}

function insertBeforeSandbox(parts: readonly Part[], more: readonly Part[]): Part[] {
	const at = parts.findIndex((part) => part.kind === 'sandbox');
	return parts.toSpliced(at === -1 ? parts.length : at, 0, ...more);
}

export function requireStopped(runs: Runs, container: Container, message: string): void {
	if (!runs.isRunning(container.id)) return;
	throw new KleeneError({
		code: 'CONTAINER_RUNNING',
		what: `cannot remove container ${container.name}`,
		why: message,
		mend: `stop it first with "klee stop ${container.name}", or use "klee rmc -f"`,
		message,
	});
}
