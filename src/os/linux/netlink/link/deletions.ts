/** What deletes links: by index, and all links of a group (ip-link(8), `group`). */
export interface LinkDeleter {
	/** @throws NetlinkError, `ENODEV` when there is none */
	group(index: number, group: number): void;
	deleteOne(index: number): Promise<void>;
	deleteGroup(group: number): Promise<void>;
}

interface Waiting {
	readonly index: number;
	readonly gone: PromiseWithResolvers<void>;
}

/** A group that no tool gives out by itself: they have names for small numbers. */
const FIRST_GROUP = 0x6b6c_0000;

/**
 * Deletes links together. For each deletion the kernel waits, tens of milliseconds, until no processor uses the link any
 * more, and meanwhile nobody can change the network of the machine. For a group of links it waits once: those that are
 * to be deleted while a deletion is under way are deleted together after it.
 */
export class LinkDeletions {
	readonly #deleter: LinkDeleter;
	readonly #group = FIRST_GROUP + Math.floor(Math.random() * 0xffff);
	#waiting: Waiting[] = [];
	#running = false;

	constructor(deleter: LinkDeleter) {
		this.#deleter = deleter;
	}

	/** @throws NetlinkError, `ENODEV` when there is none */
	async delete(index: number): Promise<void> {
		const gone = Promise.withResolvers<void>();
		this.#waiting.push({ index, gone });
		if (!this.#running) void this.#run();
		return gone.promise;
	}

	async #run(): Promise<void> {
		this.#running = true;
		while (this.#waiting.length > 0) {
			const batch = this.#waiting;
			this.#waiting = [];
			await this.#deleteAll(batch);
		}
		this.#running = false;
	}

	async #deleteAll(batch: readonly Waiting[]): Promise<void> {
		const [first, ...others] = batch;
		if (first === undefined) return;
		if (others.length === 0) return this.#deleteOne(first);
		const grouped = batch.filter((one) => this.#intoGroup(one));
		try {
			if (grouped.length > 0) await this.#deleter.deleteGroup(this.#group);
			for (const { gone } of grouped) gone.resolve();
		} catch {
			// One that cannot be deleted keeps the others.
			for (const one of grouped) await this.#deleteOne(one);
		}
	}

	/** False when there is no such link, which its waiter is told. */
	#intoGroup({ index, gone }: Waiting): boolean {
		try {
			this.#deleter.group(index, this.#group);
			return true;
		} catch (error) {
			gone.reject(error);
			return false;
		}
	}

	async #deleteOne({ index, gone }: Waiting): Promise<void> {
		await this.#deleter.deleteOne(index).then(gone.resolve, gone.reject);
	}
}
