/**
 * One task at a time per key, in the order of asking; tasks of different keys don't wait for each other.
 * A task must not ask for the key that it holds.
 */
export class KeyedLocks {
	readonly #tails = new Map<string, Promise<void>>();

	async run<T>(key: string, task: () => Promise<T>): Promise<T> {
		const before = this.#tails.get(key);
		const { promise: mine, resolve: release } = Promise.withResolvers<void>();
		this.#tails.set(key, mine);
		await before;
		try {
			return await task();
		} finally {
			if (this.#tails.get(key) === mine) this.#tails.delete(key);
			release();
		}
	}

	/** One task that holds several keys. They are taken in one order by all, so that nobody waits in a circle. */
	runAll<T>(keys: readonly string[], task: () => Promise<T>): Promise<T> {
		const [first, ...rest] = [...new Set(keys)].sort();
		return first === undefined ? task() : this.run(first, () => this.runAll(rest, task));
	}
}
