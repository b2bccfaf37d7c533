/**
 * Objects that tasks under way use though nothing in the store says so yet: no prune takes them. Only this process knows
 * of them, as such a task ends with it.
 */
export class Holds {
	readonly #counts = new Map<string, number>();

	has(kind: HeldKind, id: string): boolean {
		return this.#counts.has(keyOf(kind, id));
	}

	/** Taken as often as it is let go of. An object may be held before it is made. */
	take(kind: HeldKind, id: string): void {
		const key = keyOf(kind, id);
		this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
	}

	letGo(kind: HeldKind, id: string): void {
		const key = keyOf(kind, id);
		const count = this.#counts.get(key) ?? 0;
		if (count > 1) this.#counts.set(key, count - 1);
		else this.#counts.delete(key);
	}
}

export type HeldKind = 'image' | 'layer' | 'container';

function keyOf(kind: HeldKind, id: string): string {
	return `${kind} ${id}`;
}
