import { KleeneError } from '#errors/kleene-error.ts';
import type { HostFacts } from '#host/driver.ts';
import type { Container, NetworkDriver, RestartPolicy } from '#model/container.ts';
import { addressesOf, type Endpoint } from '#model/endpoint.ts';
import { newId, parseContainerName } from '#model/ids.ts';
import type { Mount } from '#model/mount.ts';
import { type PublishedPort, parsePublishedPort, parsePublishFrom } from '#model/port.ts';
import { make, unmake } from '#model/step.ts';
import { release } from '../allocate.ts';
import type { EngineContext } from '../context.ts';
import { findContainer, requireImage } from '../identify.ts';
import { requireHooksAllowed } from '../plan/jail-hooks.ts';
import { parseJailParameters } from '../plan/jail-parameters.ts';
import { parseMounts } from '../plan/mounts.ts';
import type { RunPlanner } from '../run-planner.ts';
import { type Runs, requireStopped } from './runs.ts';
import type { VolumeOperations } from './volumes.ts';

export interface ContainerRequest {
	/** `undefined`: named after its id. */
	readonly name: string | undefined;
	readonly image: string;
	readonly cmd: readonly string[];
	readonly user: string;
	readonly env: readonly string[];
	readonly mounts: readonly Mount[];
	readonly jailParam: readonly string[];
	readonly networkDriver: NetworkDriver;
	readonly publicPorts: readonly PublishedPort[];
	/** CIDRs; empty: everybody. */
	readonly publishFrom: readonly string[];
	readonly restartPolicy: RestartPolicy;
	readonly persist: boolean;
	/** Bits per second, 0 for no limit. */
	readonly bandwidth: number;
}

/** What an update may change; `undefined` means unchanged. */
export type ContainerChange = Partial<
	Pick<ContainerRequest, 'name' | 'cmd' | 'user' | 'env' | 'jailParam' | 'restartPolicy' | 'persist'>
>;

export interface ContainerView {
	/** With the command that it really runs: its own, else that of its image. */
	readonly container: Container;
	readonly running: boolean;
	/** Process id of its first process, or jail id; null when stopped. */
	readonly pid: number | null;
	readonly imageName: string;
	readonly imageTag: string;
}

/** Milliseconds that processes get between being asked to end and being ended. */
const DEFAULT_GRACE = 10_000;

export class ContainerOperations {
	readonly #context: EngineContext;
	readonly #runs: Runs;
	readonly #planner: RunPlanner;
	readonly #volumes: VolumeOperations;

	constructor(context: EngineContext, runs: Runs, planner: RunPlanner, volumes: VolumeOperations) {
		this.#context = context;
		this.#runs = runs;
		this.#planner = planner;
		this.#volumes = volumes;
	}

	async list(all: boolean): Promise<ContainerView[]> {
		const { store, driver } = this.#context;
		const { sandboxes } = await driver.observe('sandboxes');
		const pids = new Map(sandboxes.map(({ container, pid }) => [container, pid]));
		return store.containers
			.list()
			.filter(({ id }) => all || this.#runs.isRunning(id))
			.map((container) => {
				const running = this.#runs.isRunning(container.id);
				const image = store.images.get(container.imageId);
				const pid = running ? (pids.get(container.id) ?? null) : null;
				const cmd = container.cmd.length > 0 ? container.cmd : (image?.cmd ?? []);
				const named = { imageName: image?.name ?? '', imageTag: image?.tag ?? '' };
				return { container: { ...container, cmd }, running, pid, ...named };
			});
	}

	inspect(identifier: string): { container: Container; running: boolean; endpoints: Endpoint[] } {
		const container = findContainer(this.#context.store, identifier);
		const endpoints = this.#context.store.endpoints.ofContainer(container.id);
		return { container, running: this.#runs.isRunning(container.id), endpoints };
	}

	async create(request: ContainerRequest): Promise<string> {
		const { store, driver, executor, timestamp, log } = this.#context;
		const id = newId();
		const name = request.name === undefined ? id : parseContainerName(request.name);
		const image = requireImage(store, request.image, driver.facts());
		requirePublishable(request);
		requireLimitable(request, driver.facts());
		this.#requireSound(request);
		this.#requireFreeName(name);
		const { cmd, user, env, jailParam, networkDriver, restartPolicy, persist, bandwidth } = request;
		const publicPorts = request.publicPorts.map((port) =>
			parsePublishedPort(port, (number) => this.#planner.isFreePort(port.protocol, number)),
		);
		const publishFrom = parsePublishFrom(request.publishFrom);
		const mounts = parseMounts(request.mounts);
		const limits = { restartPolicy, persist, bandwidth };
		const config = { cmd, user, env, jailParam, networkDriver, publicPorts, publishFrom, mounts, ...limits };
		const dataset = `${driver.facts().places.containers}/${id}`;
		const { reserved } = this.#planner;
		const container: Container = { id, name, imageId: image.id, ...config, created: timestamp(), dataset };
		await this.#volumes.withVolumesOf(container, ({ parts, record }) => {
			const steps = [make({ kind: 'root-files', container: id, image: image.id }), ...parts.map(make)];
			return executor.build({ subject: `container ${id}`, steps }, () => {
				this.#requireFreeName(name);
				requireImage(store, image.id, driver.facts());
				store.containers.insert(container);
				record();
			});
		});
		reserved.add(publicPorts);
		log.info({ container: id, name, image: image.id }, 'container created');
		return id;
	}

	remove(identifier: string): Promise<string> {
		const { store, locks } = this.#context;
		const { id } = findContainer(store, identifier, 'no such container');
		return locks.run(`container ${id}`, async () => {
			const container = findContainer(store, id, 'no such container');
			requireStopped(this.#runs, container, 'you cannot remove a running container');
			await this.#discard(container);
			return id;
		});
	}

	async #discard(container: Container): Promise<void> {
		const { store, executor, log } = this.#context;
		const { id, imageId } = container;
		const { reserved } = this.#planner;
		const steps = [unmake({ kind: 'root-files', container: id, image: imageId })];
		await executor.teardown({ subject: `container ${id}`, steps }, () => {
			for (const endpoint of store.endpoints.ofContainer(id)) {
				const network = store.networks.get(endpoint.networkId);
				store.endpoints.delete(endpoint.id);
				if (network) release(store, network, addressesOf(endpoint));
			}
			store.containers.delete(id);
			reserved.remove(container.publicPorts);
		});
		log.info({ container: id, name: container.name }, 'container removed');
	}

	/** Removes what is neither running nor persistent, oldest first. */
	async prune(): Promise<string[]> {
		const { store, locks } = this.#context;
		const removed: string[] = [];
		for (const { id } of store.containers.list().toReversed())
			await locks.run(`container ${id}`, async () => {
				const container = store.containers.get(id);
				if (!container || container.persist || this.#runs.isRunning(id)) return;
				await this.#discard(container);
				removed.push(id);
			});
		return removed;
	}

	stop(identifier: string, grace = DEFAULT_GRACE): Promise<string> {
		const { store, locks } = this.#context;
		const { id, name } = findContainer(store, identifier);
		return locks.run(`container ${id}`, async () => {
			if (!this.#runs.isRunning(id))
				throw new KleeneError({
					code: 'CONTAINER_NOT_RUNNING',
					what: `cannot stop container ${name}`,
					why: 'container not running',
					mend: `start it with "klee start ${name}"`,
					message: 'container not running',
				});
			await this.#runs.stop(id, grace);
			return id;
		});
	}

	/** Takes effect at the next start. */
	update(identifier: string, change: ContainerChange): Promise<string> {
		const { store, locks } = this.#context;
		const { id } = findContainer(store, identifier, `no such container '${identifier}'`);
		return locks.run(`container ${id}`, async () => {
			const container = findContainer(store, id);
			const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
			const updated: Container = { ...container, ...given };
			const name = parseContainerName(updated.name);
			if (name !== container.name) this.#requireFreeName(name);
			this.#requireSound(updated);
			store.containers.update({ ...updated, name });
			return id;
		});
	}

	/** What can be judged by looking at a configuration alone. */
	#requireSound(config: Pick<Container, 'env' | 'jailParam' | 'cmd' | 'user'>): void {
		const { driver, allowHostHooks } = this.#context;
		requireHooksAllowed(parseJailParameters(config.jailParam, driver.facts()).hooks, allowHostHooks);
		requireText(config);
	}

	#requireFreeName(name: string): void {
		const holder = this.#context.store.containers.byName(name);
		if (!holder) return;
		throw new KleeneError({
			code: 'NAME_TAKEN',
			what: `cannot use the name ${name}`,
			why: `container ${holder.id} has it`,
			mend: `choose another --name, or remove the other one with "klee rmc ${name}"`,
		});
	}
}

function requireText({ env, cmd, user }: Pick<Container, 'env' | 'cmd' | 'user'>): void {
	const refuse = (what: string, why: string, mend: string) =>
		new KleeneError({ code: 'INVALID_ARGUMENT', what, why, mend });
	const bad = env.find((entry) => !/^[^=]+=/.test(entry));
	if (bad !== undefined)
		throw refuse(`cannot use '${bad.slice(0, 80)}' as an environment variable`, 'it has no NAME=', 'write NAME=value');
	if ([...cmd, ...env, user].some((text) => text.includes('\0')))
		throw refuse('cannot use this command or environment', 'it holds a NUL byte', 'leave it out');
}

function requireLimitable({ bandwidth }: ContainerRequest, { limitsRates, release }: HostFacts): void {
	if (bandwidth === 0 || limitsRates) return;
	throw new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: 'cannot create the container with a limit on its bandwidth',
		why: `Kleene has no means for that on ${release}`,
		mend: 'leave --bandwidth out, and limit it with the tools of the host, e.g. dummynet(4)',
	});
}

function requirePublishable({ networkDriver, publicPorts }: ContainerRequest): void {
	if (publicPorts.length === 0 || networkDriver === 'vnet' || networkDriver === 'ipnet') return;
	const message = `cannot publish ports of a container using the '${networkDriver}' network driver`;
	throw new KleeneError({
		code: 'DRIVER_REFUSED',
		what: 'cannot create the container',
		why: message,
		mend: 'use "-l vnet" or "-l ipnet" with a network',
		message,
	});
}
