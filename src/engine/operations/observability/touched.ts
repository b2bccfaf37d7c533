import type { EngineEvent } from '../../events.ts';

/** Ids remembered for a slow reader, at most; beyond that it gets everything anew. */
const MOST = 2000;

/** Ids of objects that events were about. */
export interface TouchedIds {
	readonly networks: ReadonlySet<string>;
	readonly containers: ReadonlySet<string>;
	readonly endpoints: ReadonlySet<string>;
	/** Interfaces or routes of the host changed. */
	readonly host: boolean;
	/** More changed than is remembered. */
	readonly everything: boolean;
}

/** Collects the objects that events are about until somebody takes them. Memory is bounded. */
export class Touched {
	#networks = new Set<string>();
	#containers = new Set<string>();
	#endpoints = new Set<string>();
	#host = false;
	#everything = false;
	#wake: () => void = () => {};

	add(event: EngineEvent): void {
		if ('network' in event) this.#networks.add(event.network);
		if ('container' in event) this.#containers.add(event.container);
		if ('endpoint' in event) this.#endpoints.add(event.endpoint);
		if (event.kind === 'default-route-moved') this.#host = true;
		if (this.#networks.size + this.#containers.size + this.#endpoints.size > MOST) this.addEverything();
		else this.#wake();
	}

	addEverything(): void {
		this.#reset(true);
		this.#wake();
	}

	/** Resolves when there is something to take, or `stop` was called. */
	async some(): Promise<void> {
		if (!this.isEmpty) return;
		const { promise, resolve } = Promise.withResolvers<void>();
		this.#wake = resolve;
		await promise;
	}

	stop(): void {
		this.#wake();
	}

	get isEmpty(): boolean {
		const count = this.#networks.size + this.#containers.size + this.#endpoints.size;
		return count === 0 && !this.#host && !this.#everything;
	}

	take(): TouchedIds {
		const taken = {
			networks: this.#networks,
			containers: this.#containers,
			endpoints: this.#endpoints,
			host: this.#host,
			everything: this.#everything,
		};
		this.#reset(false);
		return taken;
	}

	#reset(everything: boolean): void {
		this.#networks = new Set();
		this.#containers = new Set();
		this.#endpoints = new Set();
		this.#host = false;
		this.#everything = everything;
	}
}
