import { messageOf } from '#errors/kleene-error.ts';
import type { Container } from '#model/container.ts';
import { addressesOf, type Endpoint } from '#model/endpoint.ts';
import type { Part, PublishedPortsPart } from '#model/part.ts';
import { portKey } from '#model/port.ts';
import { make, unmakeAll } from '#model/step.ts';
import type { EngineContext } from '../context.ts';
import type { LiveEndpoint } from '../plan/network/endpoint.ts';
import { partsOfPorts } from '../plan/network/ports.ts';
import { inheritedRoutes, partsOfOneEndpoint, withoutSecondDefault } from '../plan/run/run.ts';
import { portsAmong, type RunPlanner } from '../run-planner.ts';
import type { Runs } from './runs.ts';

/**
 * Connecting and disconnecting containers that run. A stopped one has nothing on the host, so for it these do nothing.
 * Callers hold the lock of the container.
 */
export class LiveEndpoints {
	readonly #context: EngineContext;
	readonly #planner: RunPlanner;
	readonly #runs: Runs;

	constructor(context: EngineContext, planner: RunPlanner, runs: Runs) {
		this.#context = context;
		this.#planner = planner;
		this.#runs = runs;
	}

	/** The ports that can lead to it now come along: they are refused before anything changes. */
	async attach(container: Container, endpoint: Endpoint): Promise<void> {
		if (!this.#runs.isRunning(container.id)) return;
		const { store, executor } = this.#context;
		const before = store.containers.parts(container.id);
		const giveBack = () => {
			const current = store.endpoints.get(endpoint.id);
			if (current) this.#planner.forgetUnit(current);
		};
		try {
			const liveEndpoint = this.#planner.liveEndpointOf(endpoint);
			const ports = await this.#portsJoining(container, liveEndpoint);
			const parts = [...this.#partsOfNew(container, liveEndpoint), ...ports];
			this.#planner.claim(ports);
			const record = () => store.containers.setParts(container.id, insertBeforeSandbox(before, parts));
			await executor.build({ subject: `endpoint ${endpoint.id}`, steps: parts.map(make) }, record).catch((error) => {
				this.#planner.release(ports);
				throw error;
			});
		} catch (error) {
			giveBack();
			throw error;
		}
	}

	/** Ports that lead somewhere stay as they are, so that no connection is cut. */
	async #portsJoining(container: Container, joining: LiveEndpoint): Promise<PublishedPortsPart[]> {
		if (container.publicPorts.length === 0) return [];
		const frontage = await this.#planner.frontageFor(container);
		const wanted = partsOfPorts(container, [...this.#liveEndpoints(container, joining.endpoint), joining], frontage);
		const taken = new Set(portsAmong(this.#context.store.containers.parts(container.id)).map(portKey));
		return wanted.filter((part) => !taken.has(portKey(part)));
	}

	describeAttach(container: Container, endpoint: Endpoint): string[] {
		if (!this.#runs.isRunning(container.id)) return [];
		const parts = this.#partsOfNew(container, this.#planner.liveEndpointOf(endpoint));
		for (const part of parts) if (part.kind === 'epair') this.#planner.returnUnit(part.unit);
		return this.#context.executor.describe(parts.map(make));
	}

	async detach(endpoint: Endpoint): Promise<void> {
		const { store, executor } = this.#context;
		const current = store.endpoints.get(endpoint.id);
		if (!current || current.epair === null || !this.#runs.isRunning(endpoint.containerId)) return;
		const parts = store.containers.parts(endpoint.containerId);
		const leaving = partsOfOneEndpoint(parts, current.epair);
		const container = store.containers.get(endpoint.containerId);
		// Ports first: what comes in by them must not reach an address that somebody else may get.
		if (container) await this.#redirectPorts(container, endpoint);
		const staying = store.containers.parts(endpoint.containerId).filter((part) => !isAmong(part, leaving));
		await executor.teardown({ subject: `endpoint ${endpoint.id}`, steps: unmakeAll(leaving) }, () => {
			store.containers.setParts(endpoint.containerId, staying);
			this.#planner.forgetUnit(current);
		});
		if (container) await this.#inheritRoutes(container, endpoint);
	}

	/** Another of its networks gives the default route from now on. Without one the container goes on as well. */
	async #inheritRoutes(container: Container, without: Endpoint): Promise<void> {
		const { store, executor, log } = this.#context;
		const present = store.containers.parts(container.id);
		const routes = inheritedRoutes(this.#desired(container, this.#liveEndpoints(container, without)), present);
		if (routes.length === 0) return;
		const record = () => store.containers.setParts(container.id, insertBeforeSandbox(present, routes));
		const subject = `default route of container ${container.id}`;
		await executor.build({ subject, steps: routes.map(make) }, record).catch((error: unknown) => {
			log.error({ container: container.id, error: messageOf(error) }, 'no other network gives the default route');
		});
	}

	/** The parts of an endpoint that joins a running container. It never takes over a default route that is there. */
	#partsOfNew(container: Container, joining: LiveEndpoint): Part[] {
		const present = this.#context.store.containers.parts(container.id);
		const all = this.#desired(container, [...this.#liveEndpoints(container, joining.endpoint), joining]);
		return withoutSecondDefault(partsOfOneEndpoint(all, joining.unit), present);
	}

	/** What the run would consist of with these endpoints, published ports aside. */
	#desired(container: Container, liveEndpoints: readonly LiveEndpoint[]): Part[] {
		const present = this.#context.store.containers.parts(container.id);
		const sandbox = present.find((part) => part.kind === 'sandbox');
		if (sandbox?.kind !== 'sandbox') throw new Error(`container ${container.id} runs without a sandbox`);
		return this.#planner.partsFor(container, { liveEndpoints, spec: sandbox.spec, ports: [] });
	}

	#liveEndpoints(container: Container, without: Endpoint): LiveEndpoint[] {
		const endpoints = this.#context.store.endpoints.ofContainer(container.id);
		return endpoints.filter(({ id }) => id !== without.id).map((one) => this.#planner.liveEndpointOf(one));
	}

	/** Published ports that lead to a leaving endpoint lead to the next one that can take them. */
	async #redirectPorts(container: Container, without: Endpoint): Promise<void> {
		if (container.publicPorts.length === 0) return;
		const { store, executor } = this.#context;
		const frontage = await this.#planner.frontageFor(container);
		const wanted = partsOfPorts(container, this.#liveEndpoints(container, without), frontage);
		const present = store.containers.parts(container.id);
		const addresses = addressesOf(without);
		const leaving = portsAmong(present).filter(({ target }) => addresses.includes(target));
		if (leaving.length > 0) await this.#withdraw(container, leaving);
		const staying = new Set(portsAmong(store.containers.parts(container.id)).map(portKey));
		const joining = wanted.filter((part) => !staying.has(portKey(part)));
		if (joining.length === 0) return;
		this.#planner.claim(joining);
		const record = () => {
			const now = store.containers.parts(container.id);
			store.containers.setParts(container.id, insertBeforeSandbox(now, joining));
		};
		const subject = `ports of container ${container.id}`;
		await executor.build({ subject, steps: joining.map(make) }, record);
	}

	async #withdraw(container: Container, leaving: readonly PublishedPortsPart[]): Promise<void> {
		const { store, executor } = this.#context;
		const staying = store.containers.parts(container.id).filter((part) => !isAmong(part, leaving));
		await executor.teardown({ subject: `ports of container ${container.id}`, steps: unmakeAll(leaving) }, () => {
			store.containers.setParts(container.id, staying);
			this.#planner.release(leaving);
		});
	}
}

function isAmong(part: Part, parts: readonly Part[]): boolean {
	const text = JSON.stringify(part);
	return parts.some((other) => JSON.stringify(other) === text);
}

function insertBeforeSandbox(parts: readonly Part[], more: readonly Part[]): Part[] {
	const at = parts.findIndex((part) => part.kind === 'sandbox');
	return parts.toSpliced(at === -1 ? parts.length : at, 0, ...more);
}
