import type { Family } from '#inet/family.ts';
import { blockOfOne, EVERYWHERE } from '#inet/prefix.ts';
import type { Observed, ObservedInterface, ObservedStack } from '#model/host/observed.ts';
import type { HostTraits } from '#model/host/traits.ts';
import { customsOf, type HostCustoms } from './host-customs.ts';

/** Observed state of a host, by name. */
export class HostView {
	readonly traits: HostTraits;
	readonly customs: HostCustoms;
	readonly #interfaces: ReadonlyMap<string, ObservedInterface>;
	readonly #stacks: ReadonlyMap<string, ObservedStack>;
	readonly #routes: ReadonlySet<string>;
	readonly #proxies: ReadonlySet<string>;

	constructor({ interfaces, routes, comparison }: Observed, traits: HostTraits) {
		this.traits = traits;
		this.customs = customsOf(traits);
		this.#interfaces = new Map(interfaces.map((one) => [one.name, one]));
		this.#stacks = new Map(comparison?.stacks.map((stack) => [stack.container, stack]));
		this.#routes = new Set(routes.map(({ destination, interface: name }) => `${destination} ${name}`));
		this.#proxies = new Set(comparison?.proxies.map(({ address, interface: name }) => `${address} ${name}`));
	}

	interface(name: string): ObservedInterface | undefined {
		return this.#interfaces.get(name);
	}

	/** @returns `unknown` for a container whose stack the host could not look into */
	inside(container: string, name: string): ObservedInterface | 'unknown' | undefined {
		const stack = this.#stacks.get(container);
		return stack ? stack.interfaces.find((one) => one.name === name) : 'unknown';
	}

	/** Any will do: a container with a stack of its own may have chosen another. True where nothing is known. */
	hasDefaultRoute(container: string, family: Family): boolean {
		const stack = this.#stacks.get(container);
		return !stack || stack.routes.some(({ destination }) => destination === EVERYWHERE[family]);
	}

	/** The same for a route over an interface inside. */
	hasInsideRoute(container: string, block: string, name: string): boolean {
		const stack = this.#stacks.get(container);
		return !stack || stack.routes.some((route) => route.destination === block && route.interface === name);
	}

	/** Whether a single address is routed to an interface. */
	hasRoute(address: string, name: string): boolean {
		return this.#routes.has(`${blockOfOne(address)} ${name}`);
	}

	/** Whether the host answers for an address on an interface. */
	answers(address: string, name: string): boolean {
		return this.#proxies.has(`${address} ${name}`);
	}
}
