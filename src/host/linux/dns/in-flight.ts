/**
 * Questions that wait for somebody else's answer. Their number is bounded; when it is reached, the network that has most
 * of them makes room, and on it the oldest of the container with the most: a container that floods the resolver is in the way of
 * its own network at worst, however many addresses it speaks from.
 */

export interface Waiting {
	/** Id of the network that the question came from. */
	readonly network: string;
	/** Address of the asking container, or `''` for all unknown sources. */
	readonly source: string;
	/** Called when the question has to make room. */
	giveUp(): void;
}

interface OfNetwork {
	count: number;
	readonly bySource: Map<string, Set<Waiting>>;
}

export class InFlight {
	readonly #most: number;
	readonly #networks = new Map<string, OfNetwork>();
	#count = 0;

	constructor(most: number) {
		this.#most = most;
	}

	get count(): number {
		return this.#count;
	}

	add(waiting: Waiting): void {
		if (this.#count >= this.#most) this.#makeRoom(waiting.network);
		const network = this.#networks.get(waiting.network) ?? { count: 0, bySource: new Map<string, Set<Waiting>>() };
		this.#networks.set(waiting.network, network);
		const those = network.bySource.get(waiting.source);
		if (those) those.add(waiting);
		else network.bySource.set(waiting.source, new Set([waiting]));
		network.count += 1;
		this.#count += 1;
	}

	delete(waiting: Waiting): void {
		const network = this.#networks.get(waiting.network);
		const those = network?.bySource.get(waiting.source);
		if (!network || !those?.delete(waiting)) return;
		this.#count -= 1;
		network.count -= 1;
		if (those.size === 0) network.bySource.delete(waiting.source);
		if (network.count === 0) this.#networks.delete(waiting.network);
	}

	giveUpAll(): void {
		const sources = [...this.#networks.values()].flatMap(({ bySource }) => [...bySource.values()]);
		for (const waiting of sources.flatMap((those) => [...those])) this.#giveUp(waiting);
	}

	/** @param newcomer network that gives way where several have most */
	#makeRoom(newcomer: string): void {
		const own = this.#networks.get(newcomer);
		const network = most([...(own ? [own] : []), ...this.#networks.values()], ({ count }) => count);
		const those = network && most(network.bySource.values(), ({ size }) => size);
		// A set keeps the order in which it was filled.
		const oldest = those?.values().next().value;
		if (oldest) this.#giveUp(oldest);
	}

	#giveUp(waiting: Waiting): void {
		this.delete(waiting);
		waiting.giveUp();
	}
}

function most<T>(all: Iterable<T>, sizeOf: (one: T) => number): T | undefined {
	let found: T | undefined;
	for (const one of all) if (found === undefined || sizeOf(one) > sizeOf(found)) found = one;
	return found;
}
