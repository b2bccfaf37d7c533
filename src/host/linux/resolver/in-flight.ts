/**
 * Questions that wait for somebody else's answer. Their number is bounded; when it is reached, the oldest of whoever
 * has most of them makes room, so that a container that floods the resolver is in nobody's way but its own.
 */

export interface Waiting {
	/** Address of who asked. */
	readonly source: string;
	/** Called when the question has to make room. */
	giveUp(): void;
}

export class InFlight {
	readonly #most: number;
	readonly #bySource = new Map<string, Set<Waiting>>();
	#count = 0;

	constructor(most: number) {
		this.#most = most;
	}

	get count(): number {
		return this.#count;
	}

	add(waiting: Waiting): void {
		if (this.#count >= this.#most) this.#makeRoom();
		const those = this.#bySource.get(waiting.source);
		if (those) those.add(waiting);
		else this.#bySource.set(waiting.source, new Set([waiting]));
		this.#count += 1;
	}

	delete(waiting: Waiting): void {
		const those = this.#bySource.get(waiting.source);
		if (!those?.delete(waiting)) return;
		this.#count -= 1;
		if (those.size === 0) this.#bySource.delete(waiting.source);
	}

	giveUpAll(): void {
		const all = [...this.#bySource.values()].flatMap((those) => [...those]);
		for (const waiting of all) this.#giveUp(waiting);
	}

	#makeRoom(): void {
		let busiest: Set<Waiting> | undefined;
		for (const those of this.#bySource.values()) if (!busiest || those.size > busiest.size) busiest = those;
		// A set keeps the order in which it was filled.
		const oldest = busiest?.values().next().value;
		if (oldest) this.#giveUp(oldest);
	}

	#giveUp(waiting: Waiting): void {
		this.delete(waiting);
		waiting.giveUp();
	}
}
