import { setImmediate } from 'node:timers/promises';
import { KleeneError } from '#errors/kleene-error.ts';
import type { Health, HealthStatus } from '#model/container/health.ts';
import type { ContainerOptions } from '#model/container/options.ts';
import type { Container } from '#model/container.ts';
import type { Endpoint } from '#model/endpoint.ts';
import { parseContainerName } from '#model/ids.ts';
import type { Image } from '#model/image.ts';
import type { Part } from '#model/part.ts';
import type { EngineContext } from '../../context.ts';
import { findContainer, requireContainer, requireNetwork } from '../../identify.ts';
import { containerLock } from '../../locks.ts';
import type { Target } from '../../plan/network/ports.ts';
import type { Check } from '../../plan/run/health.ts';
import {
	changedLive,
	changedPermissions,
	differsFrom,
	optionsDiffer,
	specAmong,
	withSpec,
} from '../../plan/run/live.ts';
import { sandboxOf, withImageDefaults } from '../../plan/run/sandbox.ts';
import { requireDistinctName } from '../network/distinct-names.ts';
import type { HostsFileUpdater } from '../network/hosts-file-updater.ts';
import type { ContainerRequest, Creations } from './creations.ts';
import type { HealthChecks } from './health-checks.ts';
import { targetsOf } from './port-targets.ts';
import type { Removals } from './removals.ts';
import type { Restarts } from './restarts.ts';
import { type Runs, requireStopped } from './runs.ts';

/** Settings that an update may change; `undefined` leaves a setting unchanged. */
export type ContainerChange = Partial<
	Pick<ContainerRequest, 'name' | 'cmd' | 'user' | 'env' | 'jailParam' | 'restartPolicy' | 'persist' | 'options'>
>;

/** A container as it is now. */
export interface ContainerState {
	/** With the command and user of its image where it has none of its own. */
	readonly container: Container;
	readonly running: boolean;
	/** Null: it does not run, or has no health check. */
	readonly health: HealthStatus | null;
	/** Addresses that its published ports lead to, one by one. */
	readonly targets: readonly Target[];
	/** Settings, by their keys in the API, that take effect at the next start. */
	readonly pending: readonly ('jail_param' | 'options')[];
}

export interface ContainerDetails extends ContainerState {
	readonly endpoints: Endpoint[];
	/** Its health check. */
	readonly check: Check | undefined;
	/** Results of its present or last run; undefined: it had no check. */
	readonly checks: Health | undefined;
}

export interface ContainerView extends ContainerState {
	/** Process id of its first process, or jail id; null when stopped. */
	readonly pid: number | null;
	readonly imageName: string;
	readonly imageTag: string;
}

export interface Updated {
	/** Id of the container. */
	readonly id: string;
	/** Changed settings, by their keys in the API, that take effect at the next start. */
	readonly pending: readonly ('cmd' | 'user' | 'env' | 'jail_param' | 'options')[];
}

/** Milliseconds that processes get between being asked to end and being ended. */
const DEFAULT_GRACE = 10_000;

/** Containers of a listing that are looked at in one turn of the event loop. */
const PER_TURN = 25;

export class ContainerOperations {
	readonly #context: EngineContext;
	readonly #runs: Runs;
	readonly #creations: Creations;
	readonly #names: HostsFileUpdater;
	readonly #removals: Removals;
	readonly #restarts: Restarts;
	readonly #health: HealthChecks;

	constructor(
		context: EngineContext,
		others: {
			runs: Runs;
			creations: Creations;
			names: HostsFileUpdater;
			removals: Removals;
			restarts: Restarts;
			health: HealthChecks;
		},
	) {
		this.#context = context;
		this.#runs = others.runs;
		this.#creations = others.creations;
		this.#names = others.names;
		this.#removals = others.removals;
		this.#restarts = others.restarts;
		this.#health = others.health;
	}

	async list(all: boolean): Promise<ContainerView[]> {
		const { store, driver } = this.#context;
		const { sandboxes } = await driver.observe('sandboxes');
		const pids = new Map(sandboxes.map(({ container, pid }) => [container, pid]));
		const images = new Map(store.images.list().map((image) => [image.id, image]));
		const views: ContainerView[] = [];
		for (const container of store.containers.list()) {
			const running = this.#runs.isRunning(container.id);
			if (!all && !running) continue;
			const image = images.get(container.imageId);
			const pid = running ? (pids.get(container.id) ?? null) : null;
			const named = { imageName: image?.name ?? '', imageTag: image?.tag ?? '' };
			const count = views.push({ ...this.#state(container, image), pid, ...named });
			// Others have their turn meanwhile.
			if (count % PER_TURN === 0) await setImmediate();
		}
		return views;
	}

	inspect(identifier: string): ContainerDetails {
		const container = findContainer(this.#context.store, identifier);
		const endpoints = this.#context.store.endpoints.ofContainer(container.id);
		const state = this.#state(container, this.#context.store.images.get(container.imageId));
		return { ...state, endpoints, check: this.#health.checkOf(container), checks: this.#health.details(container.id) };
	}

	#state(container: Container, image: Image | undefined): ContainerState {
		const running = this.#runs.isRunning(container.id);
		const targets = container.publicPorts.length > 0 ? targetsOf(this.#context.store, container, running) : [];
		return {
			container: withImageDefaults(container, image),
			running,
			health: this.#health.status(container.id),
			targets,
			pending: this.#pending(container),
		};
	}

	remove(identifier: string): Promise<string> {
		const { store, locks } = this.#context;
		const { id } = findContainer(store, identifier, 'no such container');
		return locks.run(containerLock(id), async () => {
			const container = requireContainer(store, id, 'no such container');
			requireStopped(this.#runs, container, 'you cannot remove a running container');
			await this.#removals.discard(container);
			return id;
		});
	}

	/** Ids of those that are neither running nor about to, nor persistent, nor of a build under way; oldest first. */
	prunable(): string[] {
		const containers = this.#context.store.containers.list().toReversed();
		return containers.filter((one) => this.#isPrunable(one)).map(({ id }) => id);
	}

	#isPrunable({ id, persist }: Container): boolean {
		const isActive = this.#runs.isRunning(id) || this.#restarts.isWaiting(id);
		return !persist && !isActive && !this.#context.holds.has('container', id);
	}

	/** Removes them. */
	async prune(): Promise<string[]> {
		const { store, locks } = this.#context;
		const removed: string[] = [];
		for (const id of this.prunable())
			await locks.run(containerLock(id), async () => {
				const container = store.containers.get(id);
				if (!container || !this.#isPrunable(container)) return;
				await this.#removals.discard(container);
				removed.push(id);
			});
		return removed;
	}

	/** One that waits for a restart is stopped by calling that off. */
	stop(identifier: string, grace = DEFAULT_GRACE): Promise<string> {
		return this.#whileRunning(identifier, async (id) => {
			if (this.#restarts.cancel(id)) return id;
			await this.#runs.stop(id, grace);
			return id;
		});
	}

	/** Plan of `stop` as host commands. */
	describeStop(identifier: string): Promise<string[]> {
		return this.#whileRunning(identifier, async (id) => this.#runs.describeStop(id));
	}

	#whileRunning<T>(identifier: string, task: (id: string) => Promise<T>): Promise<T> {
		const { store, locks } = this.#context;
		const { id, name } = findContainer(store, identifier);
		return locks.run(containerLock(id), async () => {
			if (!this.#runs.isRunning(id) && !this.#restarts.isWaiting(id))
				throw new KleeneError({
					code: 'CONTAINER_NOT_RUNNING',
					what: `cannot stop container ${name}`,
					why: 'container not running',
					hint: 'nothing to do: it is already stopped',
					message: 'container not running',
				});
			return task(id);
		});
	}

	/** Of a running container those settings change that the host can change; others take effect at the next start. */
	update(identifier: string, change: ContainerChange): Promise<Updated> {
		const { store, locks } = this.#context;
		const { id } = findContainer(store, identifier, `no such container '${identifier}'`);
		return locks.run(containerLock(id), async () => {
			const container = requireContainer(store, id);
			const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
			const options = changedOptions(container.options, change);
			const updated: Container = { ...container, ...given, options };
			const name = updated.name === container.name ? container.name : parseContainerName(updated.name);
			if (name !== container.name) this.#requireFreeName({ id, name });
			this.#creations.requireSound(updated);
			const parts = await this.#changeLive(updated);
			store.transaction(() => {
				store.containers.update({ ...updated, name });
				if (parts) store.containers.setParts(id, parts);
			});
			if (name !== container.name) this.#names.changedBy(id);
			if (change.options?.health) this.#health.refresh(id);
			this.#context.events.tell({ kind: 'container-updated', container: id, name });
			const pending = [...this.#pendingCommand(container, updated), ...this.#pending(updated)];
			return { id, pending: [...new Set(pending)] };
		});
	}

	#requireFreeName({ id, name }: Pick<Container, 'id' | 'name'>): void {
		const { store } = this.#context;
		this.#creations.requireFreeName(name, id);
		const networks = store.endpoints.ofContainer(id).map(({ networkId }) => requireNetwork(store, networkId));
		requireDistinctName(store, { id, name }, networks);
	}

	/** @returns the parts of its run with the settings that they have now; undefined when it does not run */
	async #changeLive(container: Container): Promise<Part[] | undefined> {
		const { store, driver } = this.#context;
		const parts = store.containers.parts(container.id);
		const running = specAmong(parts);
		if (!running) return undefined;
		const facts = driver.facts();
		const changed = changedLive(running, sandboxOf(container, running.process, facts), facts);
		const { hostname } = changed;
		const permissions = changedPermissions(running, changed);
		const renamed = hostname === running.hostname ? {} : { hostname };
		if (permissions.length > 0 || hostname !== running.hostname)
			await driver.modify(container.id, { ...renamed, permissions });
		return withSpec(parts, changed);
	}

	/** Settings, by their keys in the API, that the next start gives to a container that runs. */
	#pending(container: Container): ('jail_param' | 'options')[] {
		const { store, driver } = this.#context;
		const running = specAmong(store.containers.parts(container.id));
		if (!running) return [];
		const wanted = sandboxOf(container, running.process, driver.facts());
		return [
			...(differsFrom(running, wanted) ? (['jail_param'] as const) : []),
			...(optionsDiffer(running, wanted) ? (['options'] as const) : []),
		];
	}

	/** New processes of `exec` have them at once, the first process has them from the next start on. */
	#pendingCommand(before: Container, after: Container): ('cmd' | 'user' | 'env' | 'options')[] {
		if (!this.#runs.isRunning(after.id)) return [];
		const differ = (one: unknown, other: unknown) => JSON.stringify(one) !== JSON.stringify(other);
		const changed = (['cmd', 'user', 'env'] as const).filter((key) => differ(before[key], after[key]));
		const ofProcess = (['workdir', 'entrypoint'] as const).some((key) =>
			differ(before.options?.[key], after.options?.[key]),
		);
		return ofProcess ? [...changed, 'options'] : changed;
	}
}

/** A policy of the original Kleene is in place of one of ours. Settings of the health check are changed one by one. */
function changedOptions(before: ContainerOptions = {}, { options, restartPolicy }: ContainerChange): ContainerOptions {
	const { restart: _, ...rest } = before;
	const health = { ...before.health, ...options?.health };
	const merged = { ...(restartPolicy === undefined ? before : rest), ...options };
	return Object.keys(health).length > 0 ? { ...merged, health } : merged;
}
