/**
 * Numbers of cables on the host: the lowest free one is taken. A number that somebody else uses is reserved.
 * `#hint` is never above the lowest free one, so taking does not walk over those in use again and again.
 */
export class EpairUnits {
	/** Ids of the endpoints that have them, `''` where that is not known. */
	readonly #owners = new Map<number, string>();
	#hint = 0;

	/** @param endpoint id */
	take(endpoint: string): number {
		while (this.#owners.has(this.#hint)) this.#hint += 1;
		this.#owners.set(this.#hint, endpoint);
		return this.#hint;
	}

	/** One that exists on the host. */
	reserve(unit: number): void {
		if (!this.#owners.has(unit)) this.#owners.set(unit, '');
	}

	/** One that another endpoint has by now stays as it is. */
	release(unit: number, endpoint: string): void {
		const owner = this.#owners.get(unit);
		if (owner === undefined || (owner !== '' && owner !== endpoint)) return;
		this.#owners.delete(unit);
		if (unit < this.#hint) this.#hint = unit;
	}
}
