import { withoutPrefix } from '#inet/prefix.ts';
import type { RunMount } from '#model/build/run-mounts.ts';
import type { Container } from '#model/container.ts';
import type { Endpoint } from '#model/endpoint.ts';
import type { Part } from '#model/part.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import type { PortProtocol } from '#model/port.ts';
import type { SandboxSpec } from '#model/sandbox.ts';
import type { StoreChange } from '#model/store-change.ts';
import type { Freed } from '#store/changes.ts';
import { EpairUnits } from './allocation/epair-units.ts';
import { PublishedPorts, ReservedPorts } from './allocation/published.ts';
import type { EngineContext } from './context.ts';
import { imageOf } from './identify.ts';
import { requireHooksAllowed } from './plan/jail/hooks.ts';
import { parseJailParameters } from './plan/jail/parameters.ts';
import type { LiveEndpoint } from './plan/network/endpoint.ts';
import { type Frontage, partsOfPorts } from './plan/network/ports.ts';
import { partsOfRun } from './plan/run/run.ts';
import { type Command, firstProcessOf, sandboxOf } from './plan/run/sandbox.ts';

/**
 * Gathers what the pure plan of a run needs, and hands out what only one run can have: cables and ports of the host.
 * Callers hold the lock of the container.
 */
export class RunPlanner {
	readonly #context: EngineContext;
	readonly #units = new EpairUnits();
	readonly #ports = new PublishedPorts();
	#reserved: ReservedPorts | undefined;
	/** Container → endpoints of a run that is being built. */
	readonly #planned = new Map<string, readonly LiveEndpoint[]>();

	constructor(context: EngineContext) {
		this.#context = context;
		context.recorder.listen((change, freed) => this.#onRecorded(change, freed));
	}

	/**
	 * Parts of a running container. Takes cables and ports; `forget` gives them back.
	 * @param frontage see `frontageFor`
	 */
	plan(container: Container, command: Command, frontage: Frontage): Part[] {
		return this.#plan(container, command, frontage);
	}

	/**
	 * The same for a dry run, which keeps nothing: within `Store.dryRun`, where nothing may be waited for.
	 * @param frontage see `frontageFor`
	 */
	dryRun(container: Container, command: Command, frontage: Frontage): Part[] {
		const endpoints = this.#context.store.endpoints.ofContainer(container.id);
		try {
			const parts = this.#plan(container, command, frontage);
			this.forget(container.id, parts);
			return parts;
		} finally {
			// A run that could not be ended holds its cables still.
			this.reserveUnits(endpoints.flatMap(({ epair }) => epair ?? []));
		}
	}

	#plan(container: Container, command: Command, frontage: Frontage): Part[] {
		const { store, driver, allowHostHooks } = this.#context;
		const facts = driver.facts();
		const image = imageOf(store, container, facts);
		requireHooksAllowed(parseJailParameters(container.jailParam, facts).hooks, allowHostHooks);
		const spec = sandboxOf(container, firstProcessOf(image, container, command, facts), facts);
		try {
			const liveEndpoints = this.liveEndpointsOf(container.id);
			const ports = partsOfPorts(container, liveEndpoints, frontage);
			const parts = this.partsFor(container, { liveEndpoints, spec, ports, ...runMountsOf(command) });
			this.claim(ports);
			this.#planned.set(container.id, liveEndpoints);
			return parts;
		} catch (error) {
			this.#forgetUnits(container.id);
			throw error;
		}
	}

	partsFor(
		container: Container,
		from: {
			liveEndpoints: readonly LiveEndpoint[];
			spec: SandboxSpec;
			ports: readonly PublishedPortsPart[];
			runMounts?: readonly RunMount[];
		},
	): Part[] {
		const { store, driver } = this.#context;
		const layers = store.layers.chainIds(container.layer);
		return partsOfRun({ container, layers, ...from, traits: driver.facts() });
	}

	/** A look at the host only where a port is not published on every address. */
	async frontageFor({ publicPorts }: Container): Promise<Frontage> {
		const named = publicPorts.some(({ interfaces }) => interfaces.length > 0);
		if (!named) return { addresses: new Map() };
		const { interfaces } = await this.#context.driver.observe('addressing');
		return { addresses: new Map(interfaces.map(({ name, addresses }) => [name, addresses.map(withoutPrefix)])) };
	}

	liveEndpointsOf(containerId: string): LiveEndpoint[] {
		const { store } = this.#context;
		const endpoints = store.endpoints.ofContainer(containerId);
		return store.transaction(() => endpoints.map((endpoint) => this.liveEndpointOf(endpoint)));
	}

	liveEndpointOf(endpoint: Endpoint): LiveEndpoint {
		const { store } = this.#context;
		const network = store.networks.get(endpoint.networkId);
		if (!network) throw new Error(`endpoint ${endpoint.id} has no network`);
		const unit = endpoint.epair ?? this.#units.take(endpoint.id);
		if (endpoint.epair === null) store.endpoints.setEpair(endpoint.id, unit);
		return { endpoint: withoutLease(endpoint), network, unit };
	}

	claim(ports: readonly PublishedPortsPart[]): void {
		this.#ports.claim(ports, (id) => this.#context.store.containers.get(id)?.name ?? id);
	}

	release(ports: readonly PublishedPortsPart[]): void {
		this.#ports.release(ports);
	}

	/** Whether no container publishes it, running or not. */
	isFreePort(protocol: PortProtocol, port: number): boolean {
		return this.#ports.isFree(protocol, port) && !this.#reservedPorts.has(protocol, port);
	}

	/** Of all containers. */
	get #reservedPorts(): ReservedPorts {
		if (!this.#reserved) {
			this.#reserved = new ReservedPorts();
			for (const { publicPorts } of this.#context.store.containers.list()) this.#reserved.add(publicPorts);
		}
		return this.#reserved;
	}

	/** Give back what a run was to have that did not come to be. */
	forget(containerId: string, parts: readonly Part[]): void {
		this.release(portsAmong(parts));
		this.#forgetUnits(containerId);
		// A container that did not come to be has no endpoints any more.
		for (const liveEndpoint of this.#planned.get(containerId) ?? []) this.returnUnit(liveEndpoint);
		this.#planned.delete(containerId);
	}

	#forgetUnits(containerId: string): void {
		for (const endpoint of this.#context.store.endpoints.ofContainer(containerId)) this.#forgetUnit(endpoint);
	}

	#forgetUnit(endpoint: Endpoint): void {
		if (endpoint.epair === null) return;
		this.#context.store.endpoints.setEpair(endpoint.id, null);
		this.#units.release(endpoint.epair, endpoint.id);
	}

	/** A unit that was taken for an endpoint that did not come to be. */
	returnUnit({ unit, endpoint }: Pick<LiveEndpoint, 'unit' | 'endpoint'>): void {
		this.#units.release(unit, endpoint.id);
	}

	/** Releases cables, ports and containers that a recorded change freed. */
	#onRecorded(change: StoreChange, { cables, parts, containers }: Freed): void {
		for (const { unit, endpoint } of cables) this.#units.release(unit, endpoint);
		this.release(portsAmong(parts));
		if (change.kind === 'run-started') this.#planned.delete(change.container);
		if (change.kind === 'container-created') this.#reserved?.add(change.container.publicPorts);
		for (const { publicPorts } of containers) this.#reserved?.remove(publicPorts);
	}

	/** Units that exist on the host, ours or not. */
	reserveUnits(units: Iterable<number>): void {
		for (const unit of units) this.#units.reserve(unit);
	}
}

/** No part depends on an address that changes by itself. */
function withoutLease(endpoint: Endpoint): Endpoint {
	const { 4: four, ...addresses } = endpoint.addresses;
	return endpoint.leased ? { ...endpoint, addresses } : endpoint;
}

function runMountsOf({ runMounts }: Command): { readonly runMounts?: readonly RunMount[] } {
	return runMounts ? { runMounts } : {};
}

export function portsAmong(parts: readonly Part[]): PublishedPortsPart[] {
	return parts.filter((part) => part.kind === 'published-ports');
}
