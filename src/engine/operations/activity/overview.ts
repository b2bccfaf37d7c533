import type { HostFacts } from '#host/driver.ts';
import type { DiskUsage } from '#model/activity/disk-usage.ts';
import type { EngineContext } from '../../context.ts';
import type { CacheMounts } from '../build/cache-mounts.ts';
import type { Runs } from '../container/runs.ts';

export interface Overview {
	readonly facts: HostFacts;
	readonly containers: number;
	readonly running: number;
	readonly images: number;
	readonly networks: number;
	readonly volumes: number;
}

/** `used`: a container needs it, or of a container: it runs. */
export type UsedRoom = DiskUsage & { readonly used: boolean };

export class OverviewOperations {
	readonly #context: EngineContext;
	readonly #runs: Runs;
	readonly #caches: CacheMounts;

	constructor(context: EngineContext, runs: Runs, caches: CacheMounts) {
		this.#context = context;
		this.#runs = runs;
		this.#caches = caches;
	}

	show(): Overview {
		const { store, driver } = this.#context;
		const containers = store.containers.list();
		return {
			facts: driver.facts(),
			containers: containers.length,
			running: containers.filter(({ id }) => this.#runs.isRunning(id)).length,
			images: store.images.list().length,
			networks: store.networks.list().length,
			volumes: store.volumes.list().length,
		};
	}

	/** What the daemon knows, with the room that it occupies. */
	async diskUsage(): Promise<UsedRoom[]> {
		const { store, driver } = this.#context;
		const measured = await driver.activity.diskUsage();
		const containers = store.containers.list();
		const layers = new Set(containers.flatMap(({ layer }) => store.layers.chainIds(layer)));
		const known = {
			layer: new Map(store.layers.list().map(({ id }) => [id, layers.has(id)])),
			container: new Map(containers.map(({ id }) => [id, this.#runs.isRunning(id)])),
			volume: new Map(store.volumes.list().map(({ name }) => [name, store.volumes.usersOf(name).length > 0])),
		};
		return measured.flatMap((one) => {
			if (one.kind === 'lost') return [{ ...one, used: false }];
			if (one.kind === 'cache') return [{ ...one, used: this.#caches.isUsed(one.id) }];
			const used = known[one.kind].get(one.id);
			return used === undefined ? [] : [{ ...one, used }];
		});
	}
}
