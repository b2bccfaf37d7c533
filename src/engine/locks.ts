import { AsyncLocalStorage } from 'node:async_hooks';
import type { Part } from '#model/part.ts';

/**
 * Lock keys, in the order in which locks are taken: a task that holds one asks for later ones only, so that tasks do
 * not wait for each other in a circle.
 */
const ORDER = [
	/** The list of networks: names, interfaces and subnets are judged against each other. */
	'networks',
	/** A network and its members: held while containers are connected, which may take their time to end. */
	'network',
	/** Its parts on the host: held while they are made again, or unmade for good. */
	'network parts',
	'container',
	/** A volume that is made, filled, removed, or mounted by a container that starts. */
	'volume',
	'image',
	/** A layer that is removed. */
	'layer',
] as const;

/** Names one lock. */
export interface LockKey {
	readonly kind: (typeof ORDER)[number];
	/** Id, or the name of a volume; `''` where there is but one of its kind. */
	readonly name: string;
}

export const NETWORKS: LockKey = { kind: 'networks', name: '' };

export function networkLock(id: string): LockKey {
	return { kind: 'network', name: id };
}

export function networkPartsLock(id: string): LockKey {
	return { kind: 'network parts', name: id };
}

export function containerLock(id: string): LockKey {
	return { kind: 'container', name: id };
}

export function volumeLock(name: string): LockKey {
	return { kind: 'volume', name };
}

export function imageLock(id: string): LockKey {
	return { kind: 'image', name: id };
}

export function layerLock(id: string): LockKey {
	return { kind: 'layer', name: id };
}

/** Locks of those whose parts these are. Parts that do not say whose they are belong to the list of networks. */
export function locksOf(parts: readonly Part[]): LockKey[] {
	return parts.flatMap((part) => {
		if ('container' in part && part.container !== '') return [containerLock(part.container)];
		if ('network' in part) return [networkLock(part.network), networkPartsLock(part.network)];
		if ('volume' in part) return [volumeLock(part.volume)];
		return 'layer' in part ? [layerLock(part.layer)] : [NETWORKS];
	});
}

/** A lock that a task holds, within what it held before. */
interface Held {
	readonly key: LockKey;
	readonly before: Held | undefined;
	released: boolean;
}

/**
 * One task at a time per key, in the order of asking; tasks of different keys do not wait for each other.
 *
 * @throws Error, before it waits, where a task asks for a lock that it holds or that comes before one that it holds
 */
export class KeyedLocks {
	readonly #tails = new Map<string, Promise<void>>();
	readonly #held = new AsyncLocalStorage<Held | undefined>();

	async run<T>(key: LockKey, task: () => Promise<T>): Promise<T> {
		const before = this.#held.getStore();
		requireLater(key, before);
		const text = `${key.kind} ${key.name}`;
		const tail = this.#tails.get(text);
		const { promise: mine, resolve: release } = Promise.withResolvers<void>();
		this.#tails.set(text, mine);
		await tail;
		const held = { key, before, released: false };
		try {
			return await this.#held.run(held, task);
		} finally {
			held.released = true;
			if (this.#tails.get(text) === mine) this.#tails.delete(text);
			release();
		}
	}

	/** One task that holds several locks; each may be named more than once. */
	runAll<T>(keys: readonly LockKey[], task: () => Promise<T>): Promise<T> {
		const [first, ...rest] = keys.toSorted(compare);
		if (first === undefined) return task();
		const others = rest.filter((key) => compare(key, first) !== 0);
		return this.run(first, () => this.runAll(others, task));
	}

	/** Run a task detached: it holds none of the locks of its caller, and may take any lock. */
	apart(task: () => void): void {
		this.#held.run(undefined, task);
	}
}

function requireLater(key: LockKey, held: Held | undefined): void {
	for (let one = held; one; one = one.before)
		if (!one.released && compare(key, one.key) <= 0)
			throw new Error(`the lock of ${key.kind} ${key.name} is asked for under that of ${one.key.kind} ${one.key.name}`);
}

function compare(one: LockKey, other: LockKey): number {
	const kinds = ORDER.indexOf(one.kind) - ORDER.indexOf(other.kind);
	return kinds || Number(one.name > other.name) - Number(one.name < other.name);
}
