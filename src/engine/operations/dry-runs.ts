import { headed } from '#errors/kleene-error.ts';
import type { Container } from '#model/container.ts';
import { make } from '#model/step.ts';
import type { EngineContext } from '../context.ts';
import { findNetwork } from '../identify.ts';
import { networkLock } from '../locks.ts';
import type { Frontage } from '../plan/network/ports.ts';
import type { Command } from '../plan/run/sandbox.ts';
import type { RunPlanner } from '../run-planner.ts';
import type { ContainerRequest, Creations } from './container/creations.ts';
import type { ConnectRequest, EndpointOperations } from './network/endpoints.ts';
import type { VolumeOperations, VolumesOfContainer } from './volumes.ts';

/** Content of the several requests of `klee run`. */
export interface RunRequest {
	readonly container: ContainerRequest;
	/** The network that it joins before it starts, if any. */
	readonly joining?: Omit<ConnectRequest, 'container'>;
	readonly command: Command;
}

/**
 * A container that is created, connected and started in the store alone, by the code that does so for real, and taken
 * back. Refusals are headed by how far it got, as a user sees them for real.
 */
export class DryRuns {
	readonly #context: EngineContext;
	readonly #planner: RunPlanner;
	readonly #volumes: VolumeOperations;
	readonly #creations: Creations;
	readonly #endpoints: EndpointOperations;

	constructor(
		context: EngineContext,
		others: {
			planner: RunPlanner;
			volumes: VolumeOperations;
			creations: Creations;
			endpoints: EndpointOperations;
		},
	) {
		this.#context = context;
		this.#planner = others.planner;
		this.#volumes = others.volumes;
		this.#creations = others.creations;
		this.#endpoints = others.endpoints;
	}

	/** Plan as host commands. Takes the same locks as the operation itself; nothing is changed. */
	async run(request: RunRequest): Promise<string[]> {
		const { store, locks } = this.#context;
		const { joining: asked } = request;
		const container = creating(() => this.#creations.draft(request.container));
		const network = asked && connecting(() => findNetwork(store, asked.network));
		const joining = asked && network && { ...asked, network: network.id };
		const dryRun = () =>
			this.#volumes.withVolumesOf(container, async (volumes) => {
				const frontage = await this.#planner.frontageFor(container);
				return store.dryRun(() => this.#dryRun(container, { ...request, joining }, { volumes, frontage }));
			});
		return network ? locks.run(networkLock(network.id), dryRun) : dryRun();
	}

	#dryRun(
		container: Container,
		{ joining, command }: { joining: RunRequest['joining']; command: Command },
		{ volumes, frontage }: { volumes: VolumesOfContainer; frontage: Frontage },
	): string[] {
		const { executor, recorder } = this.#context;
		creating(() => this.#creations.confirm(container));
		recorder.apply(this.#creations.changes(container, volumes));
		if (joining) connecting(() => this.#endpoints.join({ ...joining, container: container.id }));
		const run = this.#planner.dryRun(container, command, frontage);
		return executor.describe([...this.#creations.steps(container, volumes), ...run.map(make)]);
	}
}

const creating = <T>(stage: () => T) => under('could not create container', stage);
const connecting = <T>(stage: () => T) => under('could not connect container', stage);

function under<T>(heading: string, stage: () => T): T {
	try {
		return stage();
	} catch (error) {
		throw headed(heading, error);
	}
}
