import { messageOf } from '#errors/kleene-error.ts';
import { familyOf } from '#inet/family.ts';
import type { Container } from '#model/container.ts';
import { addressesOf, type Endpoint } from '#model/endpoint.ts';
import type { Part } from '#model/part.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { portKey } from '#model/port.ts';
import { make, type Step, unmakeAll } from '#model/step.ts';
import type { EngineContext } from '../../context.ts';
import type { BuildPlan } from '../../executor.ts';
import { type LiveEndpoint, vnetInterface } from '../../plan/network/endpoint.ts';
import { type Frontage, partsOfPorts } from '../../plan/network/ports.ts';
import {
	inheritedFirst,
	inheritedRoutes,
	movedRoutes,
	partsOfOneEndpoint,
	withoutSecondDefault,
} from '../../plan/run/run.ts';
import { portsAmong, type RunPlanner } from '../../run-planner.ts';
import type { Runs } from '../container/runs.ts';

/**
 * Connecting and disconnecting containers that run. A stopped one has nothing on the host: for it there is only the store.
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

	/**
	 * The ports that can lead to it now come along: they are refused before anything changes.
	 *
	 * @param join makes the endpoint, within the transaction in which the plan begins: undone, it is no more
	 * @param preferred endpoint that is preferred for the default route till then
	 */
	async attach(container: Container, join: () => Endpoint, preferred: Endpoint | undefined): Promise<void> {
		const { store, executor } = this.#context;
		if (!this.#runs.isRunning(container.id)) {
			store.transaction(join);
			return;
		}
		const frontage = await this.#planner.frontageFor(container);
		let taken: { liveEndpoint: LiveEndpoint; ports: PublishedPortsPart[] } | undefined;
		const prepare = (): BuildPlan => {
			const liveEndpoint = this.#planner.liveEndpointOf(join());
			taken = { liveEndpoint, ports: [] };
			const ports = this.#portsJoining(container, liveEndpoint, frontage);
			const parts = [...this.#partsOfNew(container, liveEndpoint), ...ports];
			this.#planner.claim(ports);
			taken = { liveEndpoint, ports };
			const moved = this.#movedRoutes(container, liveEndpoint);
			return planOfJoining(liveEndpoint.endpoint, { parts, moved, preferred });
		};
		try {
			await executor.build(prepare);
		} catch (error) {
			if (taken) this.#giveBack(taken);
			throw error;
		}
		await this.#tryEach(container, [() => this.#updateNameServers(container)]);
	}

	/** Endpoints that could not be removed because the host is unreachable keep their cable. */
	#giveBack({ liveEndpoint, ports }: { liveEndpoint: LiveEndpoint; ports: readonly PublishedPortsPart[] }): void {
		if (!this.#context.store.endpoints.get(liveEndpoint.endpoint.id)) this.#planner.returnUnit(liveEndpoint);
		this.#planner.release(ports);
	}

	/** Ports that lead somewhere stay as they are, so that no connection is cut. */
	#portsJoining(container: Container, joining: LiveEndpoint, frontage: Frontage): PublishedPortsPart[] {
		const wanted = partsOfPorts(container, [...this.#liveEndpoints(container, joining.endpoint), joining], frontage);
		const taken = new Set(portsAmong(this.#context.store.containers.parts(container.id)).map(portKey));
		return wanted.filter((part) => !taken.has(portKey(part)));
	}

	describeAttach(container: Container, endpoint: Endpoint): string[] {
		if (!this.#runs.isRunning(container.id)) return [];
		const { store } = this.#context;
		const liveEndpoint = store.dryRun(() => this.#planner.liveEndpointOf(endpoint));
		const parts = this.#partsOfNew(container, liveEndpoint);
		const moved = this.#movedRoutes(container, liveEndpoint);
		this.#planner.returnUnit(liveEndpoint);
		return this.#context.executor.describe([...parts.map(make), ...moved.map(replacing)]);
	}

	/** A network that joins may be the one that leads out from now on. In one step each: connections go on over it. */
	#movedRoutes(container: Container, joining: LiveEndpoint) {
		const { store, driver } = this.#context;
		const inside = (one: LiveEndpoint) =>
			container.networkDriver === 'vnet' ? vnetInterface(one, driver.facts()) : one.network.interface;
		const others = this.#liveEndpoints(container, joining.endpoint);
		const closed = joining.network.internal ? [] : others.filter(({ network }) => network.internal);
		const preferred = joining.endpoint.defaultRoute;
		const rest = preferred
			? others.map((one) => ({ ...one, endpoint: { ...one.endpoint, defaultRoute: false } }))
			: others;
		return movedRoutes(this.#desired(container, [...rest, joining]), store.containers.parts(container.id), {
			interface: inside(joining),
			preferred,
			closed: new Set(closed.map(inside)),
		});
	}

	/** The endpoint is no more as soon as nothing of it is on the host. */
	async detach({ id, containerId }: Endpoint): Promise<void> {
		const { store, executor, recorder } = this.#context;
		const removed = { kind: 'endpoint-removed', endpoint: id } as const;
		const [endpoint, container] = [store.endpoints.get(id), store.containers.get(containerId)];
		if (!endpoint || !container) return;
		if (!this.#runs.isRunning(containerId)) return recorder.record([removed]);
		const parts = this.#partsOf(endpoint);
		const desired = this.#desired(container, this.#liveEndpoints(container, endpoint));
		const staying = store.containers
			.parts(containerId)
			.filter((part) => !('unit' in part) || part.unit !== endpoint.epair);
		const { before, after } = inheritedFirst(desired, staying);
		const left = { kind: 'parts-left', container: containerId, parts: [...parts, ...before] } as const;
		const changed = after.length > 0 ? [{ kind: 'parts-joined', container: containerId, parts: after } as const] : [];
		const chains = [[...unmakeAll(parts), ...after.map(make)]];
		await executor.teardown({ subject: `endpoint ${id}`, chains, done: [left, ...changed, removed] });
		await this.complete(container);
	}

	describeDetach({ id }: Endpoint): string[] {
		const { store, executor } = this.#context;
		const endpoint = store.endpoints.get(id);
		return endpoint ? executor.describe(unmakeAll(this.#partsOf(endpoint))) : [];
	}

	/** Ports are the first to be unmade: what comes in by them must not reach an address that somebody else may get. */
	#partsOf(endpoint: Endpoint): Part[] {
		if (endpoint.epair === null) return [];
		const present = this.#context.store.containers.parts(endpoint.containerId);
		const addresses = addressesOf(endpoint);
		const ports = portsAmong(present).filter(({ target }) => addresses.includes(target));
		return [...partsOfOneEndpoint(present, endpoint.epair), ...ports];
	}

	/**
	 * Gives a running container what it lacks, now that another network has to give it: default routes, the ports that led to
	 * an endpoint that is gone, and name servers. Without them it goes on as well.
	 */
	async complete(container: Container): Promise<void> {
		const servers = () => this.#updateNameServers(container);
		await this.#tryEach(container, [
			() => this.#redirectPorts(container),
			() => this.#inheritRoutes(container),
			servers,
		]);
	}

	async #tryEach({ id, name }: Container, changes: readonly (() => Promise<void>)[]): Promise<void> {
		const { log } = this.#context;
		for (const change of changes)
			await change().catch((error: unknown) => {
				const words = 'cannot move ports, default route or name servers to another network';
				log.error({ container: id, name, error: messageOf(error) }, words);
			});
	}

	/** One that began without resolvers goes on with what its image says. As a teardown: what is begun is finished. */
	async #updateNameServers(container: Container): Promise<void> {
		const isServers = (part: Part) => part.kind === 'name-servers';
		const before = this.#context.store.containers.parts(container.id).find(isServers);
		const after = this.#desired(container, this.#liveEndpoints(container)).find(isServers);
		if (!before || !after || `${before.servers}` === `${after.servers}`) return;
		const left = { kind: 'parts-left', container: container.id, parts: [before] } as const;
		const joined = { kind: 'parts-joined', container: container.id, parts: [after] } as const;
		const subject = `name servers of container ${container.id}`;
		await this.#context.executor.teardown({ subject, chains: [[make(after)]], done: [left, joined] });
	}

	async #inheritRoutes(container: Container): Promise<void> {
		const present = this.#context.store.containers.parts(container.id);
		const routes = inheritedRoutes(this.#desired(container, this.#liveEndpoints(container)), present);
		await this.#join(container, `default route of container ${container.id}`, routes);
	}

	/** Published ports that lead nowhere lead to the endpoint that can take them. */
	async #redirectPorts(container: Container): Promise<void> {
		if (container.publicPorts.length === 0) return;
		const frontage = await this.#planner.frontageFor(container);
		const wanted = partsOfPorts(container, this.#liveEndpoints(container), frontage);
		const present = portsAmong(this.#context.store.containers.parts(container.id));
		const leading = new Set(present.map(rangeOf));
		const ports = wanted.filter((part) => !leading.has(rangeOf(part)));
		this.#planner.claim(ports);
		await this.#join(container, `ports of container ${container.id}`, ports).catch((error: unknown) => {
			this.#planner.release(ports);
			throw error;
		});
	}

	async #join(container: Container, subject: string, parts: readonly Part[]): Promise<void> {
		if (parts.length === 0) return;
		const done = [{ kind: 'parts-joined', container: container.id, parts }] as const;
		await this.#context.executor.build({ subject, steps: parts.map(make), done });
	}

	/** The parts of an endpoint that joins a running container. It never takes over a default route that is there. */
	#partsOfNew(container: Container, joining: LiveEndpoint): Part[] {
		const present = this.#context.store.containers.parts(container.id);
		const all = this.#desired(container, [...this.#liveEndpoints(container, joining.endpoint), joining]);
		return withoutSecondDefault(partsOfOneEndpoint(all, joining.unit), present);
	}

	/** Parts of the run with these endpoints, without published ports. */
	#desired(container: Container, liveEndpoints: readonly LiveEndpoint[]): Part[] {
		const present = this.#context.store.containers.parts(container.id);
		const sandbox = present.find((part) => part.kind === 'sandbox');
		if (sandbox?.kind !== 'sandbox') throw new Error(`container ${container.id} runs without a sandbox`);
		return this.#planner.partsFor(container, { liveEndpoints, spec: sandbox.spec, ports: [] });
	}

	#liveEndpoints(container: Container, without?: Endpoint): LiveEndpoint[] {
		const endpoints = this.#context.store.endpoints.ofContainer(container.id);
		return endpoints.filter(({ id }) => id !== without?.id).map((one) => this.#planner.liveEndpointOf(one));
	}
}

/** A default route that another one takes the place of. */
type MovedRoute = ReturnType<typeof movedRoutes>[number];

interface Joining {
	readonly parts: readonly Part[];
	readonly moved: readonly MovedRoute[];
	readonly preferred: Endpoint | undefined;
}

function planOfJoining({ id, containerId: container }: Endpoint, { parts, moved, preferred }: Joining): BuildPlan {
	const left = { kind: 'parts-left', container, parts: moved.map(({ before }) => before) } as const;
	const joined = { kind: 'parts-joined', container, parts: [...parts, ...moved.map(({ after }) => after)] } as const;
	return {
		subject: `endpoint ${id}`,
		steps: [...parts.map(make), ...moved.map(replacing)],
		done: moved.length > 0 ? [left, joined] : [joined],
		undone: [
			{ kind: 'endpoint-removed', endpoint: id, neverConnected: true },
			...(preferred ? [{ kind: 'default-route-preferred', endpoint: preferred.id } as const] : []),
		],
	};
}

function replacing({ before, after }: MovedRoute): Step {
	const { interface: name, gateway, source } = before;
	return make({ ...after, replaces: { interface: name, gateway, ...(source ? { source } : {}) } });
}

/** A published port of one family, wherever on the host. */
function rangeOf({ protocol, first, target }: PublishedPortsPart): string {
	return `${protocol} ${first} ${familyOf(target)}`;
}
