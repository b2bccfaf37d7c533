/**
 * Numbers of cables on the host: the lowest free one is taken. A number that somebody else uses is reserved.
 * `#hint` is never above the lowest free one, so taking does not walk over those in use again and again.
 */
export class EpairUnits {
	readonly #used = new Set<number>();
	#hint = 0;

	take(): number {
		while (this.#used.has(this.#hint)) this.#hint += 1;
		this.#used.add(this.#hint);
		return this.#hint;
	}

	reserve(unit: number): void {
		this.#used.add(unit);
	}

	release(unit: number): void {
		this.#used.delete(unit);
		if (unit < this.#hint) this.#hint = unit;
	}
}
