import { headed } from '#errors/kleene-error.ts';
import type { OutputStream } from '#host/driver.ts';
import type { Container } from '#model/container.ts';
import { addressesOf } from '#model/endpoint.ts';
import { make } from '#model/step.ts';
import type { StoreChange } from '#model/store-change.ts';
import type { EngineContext } from '../../context.ts';
import { idsOf } from '../../events.ts';
import { findNetwork } from '../../identify.ts';
import { containerLock, networkLock } from '../../locks.ts';
import { type Frontage, requirePlaces } from '../../plan/network/ports.ts';
import type { Command } from '../../plan/run/sandbox.ts';
import type { RunPlanner } from '../../run-planner.ts';
import { occupiedAddresses } from '../network/duplicate-addresses.ts';
import type { ConnectRequest, EndpointOperations } from '../network/endpoints.ts';
import type { VolumeOperations, VolumesOfContainer } from '../volumes.ts';
import type { ContainerRequest, Creation, Creations } from './creations.ts';
import type { ExecutionOperations, Session } from './executions.ts';
import type { Attaching, Runs } from './runs.ts';

export type Joining = Omit<ConnectRequest, 'container'>;

/** Content of the request of `klee run`. */
export interface RunRequest {
	readonly container: ContainerRequest;
	/** Networks that it joins before it starts, in this order. */
	readonly joinings: readonly Joining[];
	readonly command: Command;
}

/** A container that was created and started. */
export interface NewRun {
	/** Id of the container. */
	readonly container: string;
	/** Id of the execution instance of its first process. */
	readonly execution: string;
	readonly session: Session;
}

/** A draft with the locks that its creation needs. */
interface Draft {
	readonly container: Container;
	/** Names of networks are resolved to ids. */
	readonly joinings: readonly Joining[];
}

/**
 * Containers that come into being: created, connected and started by one plan. When a part of it fails, or the daemon is
 * killed in it, nothing is left on the host or in the store, and the name is free.
 * INVARIANT: the store has the container with its endpoints and new volumes from the transaction on in which the plan
 * begins, so that nobody else gets their names and addresses; until the plan is done its lock is held.
 */
export class NewContainers {
	readonly #context: EngineContext;
	readonly #planner: RunPlanner;
	readonly #runs: Runs;
	readonly #volumes: VolumeOperations;
	readonly #creations: Creations;
	readonly #endpoints: EndpointOperations;
	readonly #executions: ExecutionOperations;

	constructor(
		context: EngineContext,
		others: {
			planner: RunPlanner;
			runs: Runs;
			volumes: VolumeOperations;
			creations: Creations;
			endpoints: EndpointOperations;
			executions: ExecutionOperations;
		},
	) {
		this.#context = context;
		this.#planner = others.planner;
		this.#runs = others.runs;
		this.#volumes = others.volumes;
		this.#creations = others.creations;
		this.#endpoints = others.endpoints;
		this.#executions = others.executions;
	}

	/** Refusals of a network are headed by what was under way. @returns the id */
	async create(request: ContainerRequest, joinings: readonly Joining[] = []): Promise<string> {
		const { executor } = this.#context;
		const draft = this.#resolved(this.#creations.draft(request), joinings);
		const { container } = draft;
		await this.#frontageFor(container);
		await this.#exclusively(draft, async (volumes, begun) => {
			const placed = await this.#placed(draft);
			await executor.build(() => {
				const plan = this.#beginning(placed, volumes);
				begun();
				return { ...plan, done: [] };
			});
			this.#announce(draft, volumes);
		});
		return container.id;
	}

	/**
	 * Refusals are headed by how far it got.
	 *
	 * @param onOutput set before the process can write anything
	 */
	async run(
		request: RunRequest,
		attaching: Attaching,
		onOutput: (stream: OutputStream, chunk: Buffer) => void,
	): Promise<NewRun> {
		const draft = this.#drafted(request);
		const { container } = draft;
		const start = () =>
			this.#exclusively(draft, async (volumes, begun) => {
				const frontage = await this.#frontageFor(container);
				const placed = await this.#placed(draft);
				const begin = () => {
					const before = this.#beginning(placed, volumes, creating);
					const parts = this.#planner.plan(container, request.command, frontage);
					begun();
					return { ...before, parts };
				};
				const announce = () => this.#announce(draft, volumes);
				return await this.#runs.build(container, begin, { ...attaching, announce });
			});
		const { id: execution, session } = await this.#executions.startNew(container.id, request.command, start, onOutput);
		return { container: container.id, execution, session };
	}

	/** Refuses interfaces and addresses that the host does not have, whether or not anything leads to the ports yet. */
	async #frontageFor(container: Container): Promise<Frontage> {
		const frontage = await this.#planner.frontageFor(container);
		requirePlaces(container.publicPorts, frontage);
		return frontage;
	}

	/** Plan of `run` as host commands. Takes the same locks as the operation itself; nothing is changed. */
	async plan(request: RunRequest): Promise<string[]> {
		const { store, executor } = this.#context;
		const draft = this.#drafted(request);
		const { container } = draft;
		return await this.#exclusively(draft, async (volumes) => {
			const frontage = await this.#frontageFor(container);
			const placed = await this.#placed(draft);
			return store.dryRun(() => {
				const { steps } = this.#beginning(placed, volumes, creating);
				const parts = this.#planner.dryRun(container, request.command, frontage);
				return executor.describe([...steps, ...parts.map(make)]);
			});
		});
	}

	#drafted({ container, joinings }: RunRequest): Draft {
		return this.#resolved(
			creating(() => this.#creations.draft(container)),
			joinings,
		);
	}

	#resolved(container: Container, joinings: readonly Joining[]): Draft {
		const { store } = this.#context;
		const resolve = (one: Joining) => ({ ...one, network: findNetwork(store, one.network).id });
		return { container, joinings: connecting(() => joinings.map(resolve)) };
	}

	/** The draft with what its endpoints have to pass over. Callers hold the locks of its networks. */
	async #placed(draft: Draft): Promise<Draft> {
		const place = async (joining: Joining) => {
			const network = this.#context.store.networks.get(joining.network);
			return network ? { ...joining, occupied: await occupiedAddresses(this.#context, network, joining) } : joining;
		};
		try {
			return { ...draft, joinings: await Promise.all(draft.joinings.map(place)) };
		} catch (error) {
			throw headed(CONNECTING, error);
		}
	}

	/**
	 * Locks of the container and its volumes are held to the end, those of its networks until it has joined them: whoever
	 * removes a network then waits for the container.
	 *
	 * @param work calls `begun` in the transaction in which the plan begins
	 */
	async #exclusively<T>(
		{ container, joinings }: Draft,
		work: (volumes: VolumesOfContainer, begun: () => void) => Promise<T>,
	): Promise<T> {
		const { locks } = this.#context;
		const { promise: joined, resolve: begun } = Promise.withResolvers<void>();
		let working: Promise<T> | undefined;
		const keys = joinings.map(({ network }) => networkLock(network));
		await locks.runAll(keys, async () => {
			working = locks.run(containerLock(container.id), () =>
				this.#volumes.withVolumesOf(container, (volumes) => work(volumes, begun)),
			);
			const over = working.then(
				() => {},
				() => {},
			);
			await Promise.race([joined, over]);
		});
		return await (working as unknown as Promise<T>);
	}

	/** Within the transaction in which the plan begins. */
	#beginning({ container, joinings }: Draft, volumes: VolumesOfContainer, heading = <T>(stage: () => T) => stage()) {
		const { recorder } = this.#context;
		heading(() => this.#creations.confirm(container));
		const changes = this.#creations.changes(container, volumes);
		const begun = recorder.apply(changes);
		connecting(() => {
			for (const joining of joinings) this.#endpoints.join({ ...joining, container: container.id });
		});
		const steps = this.#creations.steps(container, volumes);
		return { subject: `container ${container.id}`, steps, begun, undone: changes.toReversed().map(undoing) };
	}

	/** Reports what did not when the plan began, as it could have failed. */
	#announce({ container }: Draft, volumes: VolumesOfContainer): void {
		const { store, events } = this.#context;
		for (const { volume } of volumes.created) events.tell({ kind: 'volume-created', volume: volume.name });
		events.tell({ kind: 'container-created', container: container.id, name: container.name, image: container.imageId });
		for (const endpoint of store.endpoints.ofContainer(container.id))
			events.tell({ kind: 'endpoint-connected', ...idsOf(endpoint), addresses: addressesOf(endpoint) });
	}
}

/** Takes back a change of a plan that failed. */
function undoing(change: Creation): StoreChange {
	if (change.kind === 'volume-created')
		return { kind: 'volume-removed', volume: change.volume.name, neverCreated: true };
	return { kind: 'container-removed', container: change.container.id, neverCreated: true };
}

const creating = <T>(stage: () => T) => under('could not create container', stage);
const CONNECTING = 'could not connect container';
const connecting = <T>(stage: () => T) => under(CONNECTING, stage);

function under<T>(heading: string, stage: () => T): T {
	try {
		return stage();
	} catch (error) {
		throw headed(heading, error);
	}
}
