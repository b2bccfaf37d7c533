import { type KleeneError, messageOf } from '#errors/kleene-error.ts';
import { unitOfHostEnd } from '#model/cable.ts';
import type { Container } from '#model/container.ts';
import type { Observed } from '#model/host/observed.ts';
import { isOf, type Part } from '#model/part.ts';
import { make, type Step } from '#model/step.ts';
import type { EngineContext } from './context.ts';
import { Leaks, type Unknown } from './leaks.ts';
import { containerLock, locksOf, NETWORKS, networkPartsLock } from './locks.ts';
import type { Removals } from './operations/container/removals.ts';
import type { Runs } from './operations/container/runs.ts';
import type { HostsFileUpdater } from './operations/network/hosts-file-updater.ts';
import type { LiveEndpoints } from './operations/network/live-endpoints.ts';
import { partsOfNetwork } from './plan/network/network.ts';
import { forgetMismatched } from './restoration.ts';
import type { RunPlanner } from './run-planner.ts';

/**
 * Bring host and store together after a start of the daemon. INVARIANTS:
 * - what runs is adopted and not touched; of the firewall, which may have lost something meanwhile, what is missing or
 *   different is made again and the rest is not, so that no rule changes and no connection is cut;
 * - what the store knows and the host lacks is made again (networks) or cleared away (runs that ended meanwhile);
 * - what the host has below our root and the store does not know: see `Leaks`.
 */
export class Reconciler {
	readonly #context: EngineContext;
	readonly #runs: Runs;
	readonly #planner: RunPlanner;
	readonly #live: LiveEndpoints;
	readonly #names: HostsFileUpdater;
	readonly #removals: Removals;

	constructor(
		context: EngineContext,
		others: { runs: Runs; planner: RunPlanner; live: LiveEndpoints; names: HostsFileUpdater; removals: Removals },
	) {
		this.#context = context;
		this.#runs = others.runs;
		this.#planner = others.planner;
		this.#live = others.live;
		this.#names = others.names;
		this.#removals = others.removals;
	}

	/** Before anything is asked of a daemon that starts. */
	async settle(unknown: Unknown): Promise<void> {
		const leaks = new Leaks(this.#context);
		const observed = await this.#recover();
		if (unknown === 'is refused') leaks.requireNoneRunning(observed);
		const found = leaks.find(observed, unknown);
		this.#adoptAll();
		const sound = await this.#soundFilters();
		await this.#networks(sound);
		await this.#volumes();
		await this.#containers(sound);
		if (sound.size < this.#expectedFilters().length) forgetMismatched(this.#context);
		await this.#removals.afterRuns();
		this.#context.store.transaction(() => this.#forgetStaleUnits());
		await leaks.clear(found);
		this.#names.refresh();
	}

	/** The host was out of reach for a while, and requests go on: nothing is touched that somebody is at work on. */
	async resettle(): Promise<void> {
		await this.#recover();
		await this.#context.locks.run(NETWORKS, () => this.#networks());
		await this.#containers();
		await this.#removals.afterRuns();
		this.#names.refresh();
	}

	/** Before it is looked which of them run: of one that ends later than that, the host tells. */
	#adoptAll(): void {
		for (const container of this.#context.store.containers.running()) this.#adopt(container);
	}

	#adopt({ id, name }: Container): void {
		try {
			this.#runs.adopt(id);
		} catch (error) {
			this.#report(`container ${name}`, error);
		}
	}

	async #recover(): Promise<Observed> {
		const { executor, driver, store, seen, locks } = this.#context;
		await executor.recover((parts, task) => locks.runAll(locksOf(parts), task));
		const observed = await driver.observe('everything');
		seen.gatewayInterface = observed.gatewayInterface;
		seen.uplinks = observed.uplinks;
		this.#planner.reserveUnits([...epairUnits(observed), ...store.endpoints.epairs()]);
		return observed;
	}

	#expectedFilters(): Part[] {
		const { store, seen } = this.#context;
		const ofNetworks = store.networks.list().flatMap((network) => partsOfNetwork(network, seen));
		const ofContainers = store.containers.running().flatMap(({ id }) => store.containers.parts(id));
		return [...ofNetworks, ...ofContainers].filter(isFirewall);
	}

	/** Rules that are on the host as they should be. Where it cannot tell, none are known to be. */
	async #soundFilters(): Promise<SoundFilters> {
		const { driver } = this.#context;
		const expected = this.#expectedFilters();
		if (expected.length === 0) return new Set();
		try {
			const { comparison } = await driver.observe('everything', expected);
			const differing = new Set(comparison?.differing.map(({ part }) => textOf(part)));
			return new Set(comparison ? expected.map(textOf).filter((text) => !differing.has(text)) : []);
		} catch (error) {
			this.#report('the firewall', error);
			return new Set();
		}
	}

	async #networks(sound: SoundFilters = new Set()): Promise<void> {
		const { store, locks, seen } = this.#context;
		for (const { id } of store.networks.list())
			await locks.run(networkPartsLock(id), async () => {
				const network = store.networks.get(id);
				if (network) await this.#makeAll(`network ${network.name}`, partsOfNetwork(network, seen), sound);
			});
	}

	/** Unknown ones are left alone: nobody but their owner knows what is in them. */
	async #volumes(): Promise<void> {
		const steps = this.#context.store.volumes.list().map(({ name }) => make({ kind: 'volume-files', volume: name }));
		await this.#try('volumes', steps);
	}

	async #containers(sound: SoundFilters = new Set()): Promise<void> {
		const { store, driver, locks } = this.#context;
		const { sandboxes } = await driver.observe('sandboxes');
		const alive = new Set(sandboxes.filter(({ running }) => running).map(({ container }) => container));
		for (const container of store.containers.running())
			await locks
				.run(containerLock(container.id), () => this.#container(container, alive.has(container.id), sound))
				.catch((error: unknown) => this.#report(`container ${container.name}`, error));
	}

	async #container(container: Container, alive: boolean, sound: SoundFilters): Promise<void> {
		const { store, events } = this.#context;
		const { id, name } = container;
		const parts = store.containers.parts(id);
		// Meanwhile it may have been stopped by somebody who held the lock.
		if (parts.length === 0) return;
		const known = this.#runs.isRunning(id);
		if (!known) this.#adopt(container);
		if ((alive && known) || (await this.#isAlive(id))) {
			events.tell({ kind: 'container-adopted', container: id, name });
			await this.#makeAll(
				`container ${name}`,
				parts.filter((part) => isFirewall(part) || part.kind === 'lease-client'),
				sound,
			);
			// A daemon may have died after it took the container from a network.
			await this.#live.complete(container);
		} else await this.#runs.conclude(id);
	}

	/** Once more, as it may have been started, or been adopted, since all were looked at. */
	async #isAlive(id: string): Promise<boolean> {
		const { sandboxes } = await this.#context.driver.observe('sandboxes');
		return sandboxes.some(({ container, running }) => container === id && running);
	}

	/** Units of runs whose start never came to its end. */
	#forgetStaleUnits(): void {
		const { store } = this.#context;
		for (const { id } of store.containers.list()) {
			if (this.#runs.isRunning(id)) continue;
			for (const endpoint of store.endpoints.ofContainer(id)) store.endpoints.setEpair(endpoint.id, null);
		}
	}

	async #makeAll(subject: string, parts: readonly Part[], sound: SoundFilters): Promise<void> {
		const isSound = (part: Part) => sound.has(textOf(part));
		await this.#try(subject, parts.filter((part) => !isSound(part)).map(make));
		await this.#try(subject, parts.filter(isSound).map(make), { found: true });
	}

	async #try(subject: string, steps: readonly Step[], options: { found?: boolean } = {}): Promise<void> {
		if (steps.length === 0) return;
		await this.#context.executor.tryAll(steps, (_, error) => this.#report(subject, error), options);
	}

	#report(subject: string, error: unknown): void {
		const hint = (error as KleeneError).hint;
		this.#context.log.error(
			{ subject, error: messageOf(error), hint },
			'cannot restore the state of the store on the host',
		);
	}
}

/** Rules by what they are, see `textOf`. */
type SoundFilters = ReadonlySet<string>;

function textOf(part: Part): string {
	return JSON.stringify(part);
}

function isFirewall(part: Part): boolean {
	return isOf('firewall', part);
}

function epairUnits(observed: Observed): number[] {
	return observed.interfaces.flatMap(({ name }) => unitOfHostEnd(name) ?? []);
}
