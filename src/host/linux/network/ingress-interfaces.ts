import { FAMILIES, type Family } from '#inet/family.ts';
import type { Element } from '../firewall/element.ts';

/** Part of `Forwarding` that is used here. */
export interface Uplinks {
	allow(name: string, family: Family, reason: 'uplink'): void;
	release(name: string, family: Family, reason: 'uplink'): void;
	letLoopbackOut(name: string, family: Family): void;
	/** Whether the host passes on what comes in there without being told so by Kleene. */
	isRouter(name: string, family: Family): boolean;
}

/** Part of the table that is used here. */
export interface Elements {
	add(elements: readonly Element[]): void;
	/** Missing elements are no error. */
	remove(elements: readonly Element[]): void;
}

interface Way {
	/** Networks and published ports that need packets to come in there. */
	readonly users: Set<string>;
	/** Elements that hold back what is not for containers. */
	readonly held: readonly Element[];
}

/**
 * The interfaces of the host on which packets for containers come in: uplinks, on which they are let in as long as
 * somebody needs that, and those that networks share with their neighbours. The host is no router between these and
 * others for that: the firewall holds back what is for nobody of ours (`ingress_interfaces4`, `ingress_interfaces6`).
 */
export class IngressInterfaces {
	readonly #forwarding: Uplinks;
	readonly #elements: Elements;
	readonly #ways = new Map<string, Way>();
	/** Interface by user. */
	readonly #used = new Map<string, string>();

	constructor(forwarding: Uplinks, elements: Elements) {
		this.#forwarding = forwarding;
		this.#elements = elements;
	}

	use(user: string, uplink: string, families: readonly Family[]): void {
		this.leave(user, uplink);
		if (uplink === '') return;
		this.#enter(user, uplink);
		for (const family of families) this.#forwarding.allow(uplink, family, 'uplink');
	}

	leave(user: string, except = ''): void {
		const uplink = this.#used.get(user);
		if (uplink !== undefined && uplink !== except) this.#exit(user, uplink);
	}

	/** Opened by addresses of ipnet containers. */
	share(network: string, name: string): void {
		this.#enter(`neighbours ${network}`, name);
	}

	unshare(network: string): void {
		this.leave(`neighbours ${network}`);
	}

	/** After somebody emptied the table. */
	restore(): void {
		this.#elements.add([...this.#ways.values()].flatMap(({ held }) => held));
	}

	/** Restrictions apply before the interface is opened, so that no packet passes in between. */
	#enter(user: string, name: string): void {
		let way = this.#ways.get(name);
		if (!way) {
			const closed = FAMILIES.filter((family) => !this.#forwarding.isRouter(name, family));
			way = {
				users: new Set(),
				held: closed.map((family) => ({ set: `ingress_interfaces${family}`, element: `"${name}"` })),
			};
			this.#elements.add(way.held);
			this.#ways.set(name, way);
		}
		way.users.add(user);
		this.#used.set(user, name);
	}

	#exit(user: string, name: string): void {
		const way = this.#ways.get(name);
		this.#used.delete(user);
		way?.users.delete(user);
		if (!way || way.users.size > 0) return;
		this.#ways.delete(name);
		for (const family of FAMILIES) this.#forwarding.release(name, family, 'uplink');
		this.#elements.remove(way.held);
	}
}
