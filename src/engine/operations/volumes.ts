import { KleeneError } from '#errors/kleene-error.ts';
import type { Container } from '#model/container.ts';
import type { Part } from '#model/part.ts';
import { make, unmake } from '#model/step.ts';
import type { VolumeCreated } from '#model/store-change.ts';
import { parseVolumeName, type Volume } from '#model/volume.ts';
import type { EngineContext } from '../context.ts';
import { volumeLock } from '../locks.ts';
import { partsOfMounts, volumesAmong } from '../plan/run/mounts.ts';
import type { Runs } from './container/runs.ts';

/** Parts that the volumes of a container add to its creation. */
export interface VolumesOfContainer {
	/** In the order of making, after the files of the container. */
	readonly parts: readonly Part[];
	/** Those that come with it. */
	readonly created: readonly VolumeCreated[];
	/** Names of all. */
	readonly names: readonly string[];
}

export class VolumeOperations {
	readonly #context: EngineContext;
	readonly #runs: Runs;

	constructor(context: EngineContext, runs: Runs) {
		this.#context = context;
		this.#runs = runs;
	}

	list(): Volume[] {
		return this.#context.store.volumes.list();
	}

	/** Path on the host of the directory that its files are in. */
	mountpoint({ name }: Volume): string {
		return `${this.#context.driver.facts().places.volumePath}/${name}`;
	}

	inspect(name: string): { volume: Volume; users: Container[] } {
		const volume = this.#find(name);
		return { volume, users: this.#usersOf(name) };
	}

	/** One that is there stays as it is. */
	create(text: string): Promise<string> {
		const { store, executor, locks } = this.#context;
		const name = parseVolumeName(text);
		return locks.run(volumeLock(name), async () => {
			if (store.volumes.get(name)) return name;
			const steps = [make({ kind: 'volume-files', volume: name })];
			const done = [{ kind: 'volume-created', volume: this.#newVolume(name) }] as const;
			await executor.build({ subject: `volume ${name}`, steps, done });
			return name;
		});
	}

	remove(name: string): Promise<string> {
		this.#find(name);
		return this.#context.locks.run(volumeLock(name), async () => {
			this.#find(name);
			const users = this.#usersOf(name);
			if (users.length > 0) throw inUse(name, users);
			await this.#discard(name);
			return name;
		});
	}

	/** Removes those that no container mounts, oldest first. */
	async prune(): Promise<string[]> {
		const { store, locks } = this.#context;
		const removed: string[] = [];
		for (const { name } of store.volumes.unused())
			await locks.run(volumeLock(name), async () => {
				if (!store.volumes.get(name) || store.volumes.usersOf(name).length > 0) return;
				await this.#discard(name);
				removed.push(name);
			});
		return removed;
	}

	/**
	 * Create a container with what it mounts. Volumes that are not there come with it, and go with it when it fails;
	 * meanwhile nobody else makes, removes, fills or starts to use one of them.
	 */
	withVolumesOf<T>(container: Container, create: (volumes: VolumesOfContainer) => Promise<T>): Promise<T> {
		const { store, locks } = this.#context;
		const names = volumesAmong(container.mounts);
		return locks.runAll(names.map(volumeLock), () => {
			const layers = store.layers.chainIds(container.layer);
			const missing = names.filter((name) => !store.volumes.get(name));
			const runs = (id: string) => this.#runs.isRunning(id);
			const busy = new Set(names.filter((name) => store.volumes.usersOf(name).some(runs)));
			const created = missing.map((name) => ({ kind: 'volume-created', volume: this.#newVolume(name) }) as const);
			return create({ parts: partsOfMounts(container, { layers, missing, busy }), created, names });
		});
	}

	async #discard(name: string): Promise<void> {
		const { executor } = this.#context;
		const steps = [unmake({ kind: 'volume-files', volume: name })];
		const done = [{ kind: 'volume-removed', volume: name }] as const;
		// Files that the host does not let go of are still a volume.
		await executor.teardown({ subject: `volume ${name}`, chains: [steps], done, whole: true });
	}

	#newVolume(name: string): Volume {
		const { timestamp, driver } = this.#context;
		return { name, created: timestamp(), dataset: `${driver.facts().places.volumes}/${name}` };
	}

	#usersOf(name: string): Container[] {
		const { volumes, containers } = this.#context.store;
		return volumes.usersOf(name).flatMap((id) => containers.get(id) ?? []);
	}

	#find(name: string): Volume {
		const volume = this.#context.store.volumes.get(name);
		if (volume) return volume;
		throw new KleeneError({
			code: 'NO_SUCH_VOLUME',
			what: 'No such volume',
			why: `no volume has the name '${name.slice(0, 140)}'`,
			hint: 'see "klee volume ls" for those there are',
			message: 'No such volume',
		});
	}
}

function inUse(name: string, users: readonly Container[]): KleeneError {
	return new KleeneError({
		code: 'IN_USE',
		what: `cannot remove volume ${name}`,
		why: `containers mount it: ${users.map((container) => container.name).join(', ')}`,
		hint: 'remove them first with "klee rmc"',
		message: `could not remove volume ${name} since it is used for containers:\n${users.map(({ id }) => id).join('\n')}`,
	});
}
