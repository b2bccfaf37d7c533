import { messageOf } from '#errors/kleene-error.ts';
import { isOf, type Part } from '#model/part.ts';
import { make } from '#model/step.ts';
import type { EngineContext } from './context.ts';
import { containerLock, NETWORKS, networkPartsLock } from './locks.ts';
import { partsOfNetwork } from './plan/network/network.ts';

/**
 * Puts back what somebody else took away, and follows the host where it changes. Whatever is made again is read under
 * the lock that it is unmade under: else it could be made when its owner has just let go of it, and nobody would have it.
 */
export class Restoration {
	readonly #context: EngineContext;

	constructor(context: EngineContext) {
		this.#context = context;
	}

	/** Making is safe to repeat, so everything is made that should be there; connections of containers live on. */
	async firewall(): Promise<void> {
		const { locks, events } = this.#context;
		// Networks first, as their members need them; one that is being made is waited for.
		const networks = await locks.run(NETWORKS, () => this.#networks());
		const parts = networks + (await this.#containers());
		forgetMismatched(this.#context);
		events.tell({ kind: 'firewall-restored', parts });
	}

	/** Traffic may leave by other interfaces now: rules that name them follow. */
	addressing(): Promise<void> {
		const { driver, locks, seen, events } = this.#context;
		return locks.run(NETWORKS, async () => {
			const { gatewayInterface, uplinks } = await driver.observe('addressing');
			if (gatewayInterface !== seen.gatewayInterface)
				events.tell({ kind: 'default-route-moved', before: seen.gatewayInterface, now: gatewayInterface });
			seen.gatewayInterface = gatewayInterface;
			if (uplinks?.join() === seen.uplinks?.join()) return;
			seen.uplinks = uplinks;
			await this.#networks();
		});
	}

	async #networks(): Promise<number> {
		const { store, locks, seen } = this.#context;
		const restored = store.networks.list().map(({ id }) =>
			locks.run(networkPartsLock(id), () => {
				const network = store.networks.get(id);
				return this.#make(network ? partsOfNetwork(network, seen) : []);
			}),
		);
		return sum(await Promise.all(restored));
	}

	/** Side by side, as one that is being stopped may take its time. One that is being started gets its parts now. */
	async #containers(): Promise<number> {
		const { store, locks } = this.#context;
		const restored = store.containers
			.list()
			.map(({ id }) => locks.run(containerLock(id), () => this.#make(store.containers.parts(id))));
		return sum(await Promise.all(restored));
	}

	/** @returns how many there were to be made */
	async #make(parts: readonly Part[]): Promise<number> {
		const { executor, driver, log } = this.#context;
		const filters = parts.filter((part) => isOf('firewall', part));
		if (filters.length === 0) return 0;
		await executor.tryAll(filters.map(make), (step, error) =>
			log.error({ part: driver.describe(step), error: messageOf(error) }, 'cannot restore a part'),
		);
		return filters.length;
	}
}

/** What began while rules were missing is no part of what they let begin. To be called when all are there again. */
export function forgetMismatched({ store, driver, seen, log }: EngineContext): void {
	const parts = store.networks.list().flatMap((network) => partsOfNetwork(network, seen));
	try {
		driver.forgetMismatched?.(parts.filter((part) => part.kind === 'network-filter'));
	} catch (error) {
		log.error({ error: messageOf(error) }, 'cannot forget connections that began while rules were missing');
	}
}

function sum(numbers: readonly number[]): number {
	return numbers.reduce((total, number) => total + number, 0);
}
