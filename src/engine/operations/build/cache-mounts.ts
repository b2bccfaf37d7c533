import { createHash } from 'node:crypto';
import type { RunMount } from '#model/build/run-mounts.ts';
import type { PlannedMount } from '../../plan/build/run-mounts.ts';

/** Caches of RUN that this process uses. The names of the others are with the host. */
export class CacheMounts {
	/** By their names on the host. */
	readonly #users = new Map<string, { readonly count: number; readonly alone: boolean }>();
	/** Resolved when a cache is let go of. */
	#changed = Promise.withResolvers<void>();

	/**
	 * Waits until the caches among some mounts may be used as they are to be shared.
	 *
	 * @returns the mounts with the caches that were chosen, and what lets go of them
	 */
	async take(
		planned: readonly PlannedMount[],
		signal?: AbortSignal,
	): Promise<{ readonly mounts: readonly RunMount[]; readonly release: () => void }> {
		const chosen = new Map<PlannedMount, string>();
		const release = () => {
			for (const name of chosen.values()) this.#letGo(name);
		};
		try {
			// In one order, so that two RUNs do not wait for each other.
			for (const mount of planned.toSorted(byName)) {
				const name = await this.#choose(mount, signal);
				if (name !== undefined) chosen.set(mount, name);
			}
		} catch (error) {
			release();
			throw error;
		}
		return { mounts: planned.map((mount) => withCache(mount, chosen.get(mount))), release };
	}

	async #choose({ source, sharing }: PlannedMount, signal?: AbortSignal): Promise<string | undefined> {
		if (source.kind !== 'cache') return undefined;
		const name = createHash('sha256').update(source.cache).digest('hex').slice(0, 32);
		if (sharing === 'private') return this.#take(this.#firstFree(name), true);
		const alone = sharing === 'locked';
		for (;;) {
			const users = this.#users.get(name);
			if (!users || !(alone || users.alone)) return this.#take(name, alone);
			await untilEither(this.#changed.promise, signal);
		}
	}

	#firstFree(name: string): string {
		for (let number = 0; ; number += 1) {
			const own = number === 0 ? name : `${name}-${number}`;
			if (!this.#users.has(own)) return own;
		}
	}

	#take(name: string, alone: boolean): string {
		this.#users.set(name, { count: (this.#users.get(name)?.count ?? 0) + 1, alone });
		return name;
	}

	#letGo(name: string): void {
		const { count = 0, alone = false } = this.#users.get(name) ?? {};
		if (count > 1) this.#users.set(name, { count: count - 1, alone });
		else this.#users.delete(name);
		this.#changed.resolve();
		this.#changed = Promise.withResolvers();
	}

	isUsed(name: string): boolean {
		return this.#users.has(name);
	}

	/** Runs something while no RUN uses a cache. @returns false where one does: nothing was run */
	async whileUnused(name: string, task: () => Promise<void>): Promise<boolean> {
		if (this.isUsed(name)) return false;
		this.#take(name, true);
		await task().finally(() => this.#letGo(name));
		return true;
	}
}

function byName(one: PlannedMount, other: PlannedMount): number {
	const name = ({ source }: PlannedMount) => (source.kind === 'cache' ? source.cache : '');
	return Number(name(one) > name(other)) - Number(name(one) < name(other));
}

function withCache({ sharing: _, ...mount }: PlannedMount, cache: string | undefined): RunMount {
	const { source } = mount;
	return cache === undefined || source.kind !== 'cache' ? mount : { ...mount, source: { ...source, cache } };
}

async function untilEither(change: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
	const left = Promise.withResolvers<void>();
	const leave = () => left.resolve();
	signal?.addEventListener('abort', leave);
	await Promise.race([change, left.promise]).finally(() => signal?.removeEventListener('abort', leave));
	signal?.throwIfAborted();
}
