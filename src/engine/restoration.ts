import { messageOf } from '#errors/kleene-error.ts';
import type { Part } from '#model/part.ts';
import { make } from '#model/step.ts';
import type { EngineContext } from './context.ts';
import { partsOfNetwork } from './plan/network.ts';

/** Parts that a flush of the host's firewall takes away. */
const FILTERS: ReadonlySet<Part['kind']> = new Set(['network-filter', 'filter-member', 'published-ports']);

/** Puts back what somebody else took away, and follows the host where it changes. */
export class Restoration {
	readonly #context: EngineContext;

	constructor(context: EngineContext) {
		this.#context = context;
	}

	/** Making is safe to repeat, so everything is made that should be there; connections of containers live on. */
	async firewall(): Promise<void> {
		const { store, log } = this.#context;
		const networks = store.networks.list().flatMap((network) => this.#partsOf(network.id));
		const runs = store.containers.running().flatMap(({ id }) => store.containers.parts(id));
		const parts = [...networks, ...runs].filter(({ kind }) => FILTERS.has(kind));
		await this.#make(parts);
		log.warn({ parts: parts.length }, 'the firewall of Kleene was changed from outside and is restored');
	}

	/** The host's default route may leave by another interface now: what is translated to it follows. */
	async addressing(): Promise<void> {
		const { driver, seen, store, log } = this.#context;
		const { gatewayInterface } = await driver.observe('addressing');
		if (gatewayInterface === seen.gatewayInterface) return;
		log.info({ before: seen.gatewayInterface, now: gatewayInterface }, "the host's default route moved");
		seen.gatewayInterface = gatewayInterface;
		const networks = store.networks.list().flatMap((network) => this.#partsOf(network.id));
		await this.#make(networks.filter(({ kind }) => kind === 'network-filter'));
	}

	#partsOf(networkId: string): Part[] {
		const network = this.#context.store.networks.get(networkId);
		return network ? partsOfNetwork(network, this.#context.seen) : [];
	}

	async #make(parts: readonly Part[]): Promise<void> {
		const { executor, driver, log } = this.#context;
		await executor.tryAll(parts.map(make), (step, error) =>
			log.error({ part: driver.describe(step), error: messageOf(error) }, 'could not restore this'),
		);
	}
}
