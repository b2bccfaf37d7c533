import { messageOf } from '#errors/kleene-error.ts';
import type { DiskUsage } from '#model/activity/disk-usage.ts';
import type { EngineContext } from '../context.ts';
import type { Builds } from './build/builds.ts';
import type { ContainerOperations } from './container/containers.ts';
import type { ImageOperations } from './image/images.ts';
import type { NetworkOperations } from './network/networks.ts';
import { prunable, type SystemOperations } from './system.ts';
import type { VolumeOperations } from './volumes.ts';

export interface PruneOptions {
	/** Images that have names, too. */
	readonly all: boolean;
	/** Volumes that nothing mounts, and those in lost+found. */
	readonly volumes: boolean;
}

/** Object that a prune removed or would remove. */
export interface Pruned {
	readonly kind: 'container' | 'network' | 'volume' | 'image' | 'cache' | 'lost';
	/** Of a volume: its name; of what was put into lost+found: with its kind in front. */
	readonly id: string;
	/** `''`: none besides the id. */
	readonly name: string;
}

export interface PruneReport {
	readonly objects: readonly Pruned[];
	/** Room on the disk. */
	readonly bytes: number;
}

interface Operations {
	readonly containers: ContainerOperations;
	readonly networks: NetworkOperations;
	readonly volumes: VolumeOperations;
	readonly images: ImageOperations;
	readonly builds: Builds;
	readonly system: SystemOperations;
}

/** Removal of everything that nothing uses: containers first, as they use the others. */
export class Pruning {
	readonly #context: EngineContext;
	readonly #operations: Operations;

	constructor(context: EngineContext, operations: Operations) {
		this.#context = context;
		this.#operations = operations;
	}

	/** What `run` would remove now. */
	async plan(options: PruneOptions): Promise<PruneReport> {
		const objects = [...(await this.#unused(options)), ...(await this.#lost(options))];
		const layers = this.#layersWithout(objects);
		const usage = await this.#context.driver.activity.diskUsage();
		return {
			objects,
			bytes: sizeOf(usage, objects, (id) => this.#context.store.layers.get(id) !== undefined && !layers.has(id)),
		};
	}

	/** What cannot be removed is logged and stays, with what it uses. */
	async run(options: PruneOptions): Promise<PruneReport> {
		const { store, driver, log } = this.#context;
		const { containers, networks, volumes, images, builds, system } = this.#operations;
		const planned = new Map((await this.#unused(options)).map((one) => [`${one.kind} ${one.id}`, one.name]));
		const usage = await driver.activity.diskUsage();
		const before = new Set(store.layers.list().map(({ id }) => id));
		const objects: Pruned[] = [];
		const take = async (kind: Pruned['kind'], removal: () => Promise<readonly string[]>) => {
			const ids = await removal().catch((error: unknown) => {
				log.error({ kind, error: messageOf(error) }, 'cannot remove all that nothing uses');
				return [];
			});
			objects.push(...ids.map((id) => ({ kind, id, name: planned.get(`${kind} ${id}`) ?? '' })));
		};
		await take('container', () => containers.prune());
		await take('network', async () => (await networks.prune({ dryRun: false })).ids);
		if (options.volumes) await take('volume', () => volumes.prune());
		await take('image', () => images.prune(options.all));
		await take('cache', () => builds.pruneCaches());
		await take('lost', () => system.prune(options));
		return { objects, bytes: sizeOf(usage, objects, (id) => before.has(id) && !store.layers.get(id)) };
	}

	async #lost({ volumes }: PruneOptions): Promise<Pruned[]> {
		const lost = prunable(await this.#operations.system.lost(), volumes);
		return lost.map(({ kind, id }) => ({ kind: 'lost', id: `${kind}-${id}`, name: '' }));
	}

	async #unused({ all, volumes }: PruneOptions): Promise<Pruned[]> {
		const { store, holds } = this.#context;
		const { containers, builds } = this.#operations;
		const going = new Set(containers.prunable());
		const isFree = (users: readonly string[]) => users.every((id) => going.has(id));
		const objects: Pruned[] = [...going].map((id) => ({
			kind: 'container',
			id,
			name: store.containers.get(id)?.name ?? '',
		}));
		for (const { id, name } of store.networks.list())
			if (isFree(store.endpoints.ofNetwork(id).map(({ containerId }) => containerId)))
				objects.push({ kind: 'network', id, name });
		for (const { name } of volumes ? store.volumes.list() : [])
			if (isFree(store.volumes.usersOf(name))) objects.push({ kind: 'volume', id: name, name: '' });
		for (const { id, name, tag } of store.images.list())
			if ((all || name === '') && !holds.has('image', id) && isFree(store.images.containersOf(id)))
				objects.push({ kind: 'image', id, name: name && `${name}:${tag}` });
		const caches = await builds.unusedCaches();
		return [...objects, ...caches.map((id) => ({ kind: 'cache', id, name: '' }) as const)];
	}

	/** Ids of the layers that stay when some objects go. */
	#layersWithout(objects: readonly Pruned[]): ReadonlySet<string> {
		const { store, holds } = this.#context;
		const going = new Set(objects.map(({ kind, id }) => `${kind} ${id}`));
		const tops = [
			...store.containers.list().filter(({ id }) => !going.has(`container ${id}`)),
			...store.images.list().filter(({ id }) => !going.has(`image ${id}`)),
		].map(({ layer }) => layer);
		const held = store.layers.list().flatMap(({ id }) => (holds.has('layer', id) ? [id] : []));
		return new Set([...tops, ...held].flatMap((top) => store.layers.chainIds(top)));
	}
}

/** @param isGone whether a layer is gone, or goes */
function sizeOf(usage: readonly DiskUsage[], objects: readonly Pruned[], isGone: (layer: string) => boolean): number {
	const gone = new Set(objects.map(({ kind, id }) => `${kind} ${id}`));
	return usage
		.filter(({ kind, id }) => (kind === 'layer' ? isGone(id) : gone.has(`${kind} ${id}`)))
		.reduce((sum, { bytes }) => sum + bytes, 0);
}
