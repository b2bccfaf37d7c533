import { FAMILIES, type Family } from '#inet/family.ts';
import { EVERY_UPLINK } from '#model/network.ts';
import type { Element } from '../../firewall/element.ts';

/** Part of `Forwarding` that is used here. */
export interface Uplinks {
	allow(name: string, family: Family, reason: 'uplink'): void;
	release(name: string, family: Family, reason: 'uplink'): void;
	letLoopbackOut(name: string, family: Family): void;
	/** Whether the host passes on what comes in there without being told so by Kleene. */
	isRouter(name: string, family: Family): boolean;
	/** Lists the interfaces that `EVERY_UPLINK` stands for; some of them may be those of networks. */
	uplinks(): readonly string[];
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
	held: readonly Element[];
}

/** User of each uplink as long as anybody uses all of them: a change of uplinks costs the same for a thousand. */
const ALL_USERS = 'every uplink';

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
	/** Users of every uplink, by family. */
	readonly #everywhere: Readonly<Record<Family, Set<string>>> = { 4: new Set(), 6: new Set() };
	/** Uplinks that are open for them. */
	readonly #followed = new Set<string>();
	/** Interfaces of networks. */
	readonly #own = new Set<string>();

	constructor(forwarding: Uplinks, elements: Elements) {
		this.#forwarding = forwarding;
		this.#elements = elements;
	}

	/** @param uplink name of an interface, `EVERY_UPLINK`, or `''` for none */
	use(user: string, uplink: string, families: readonly Family[]): void {
		this.leave(user, uplink);
		if (uplink === '') return;
		if (uplink === EVERY_UPLINK) {
			const added = families.filter((family) => this.#everywhere[family].size === 0);
			for (const family of families) this.#everywhere[family].add(user);
			if (added.length > 0) this.follow();
			return;
		}
		this.#enter(user, uplink);
		this.#used.set(user, uplink);
		for (const family of families) this.#forwarding.allow(uplink, family, 'uplink');
	}

	leave(user: string, except = ''): void {
		const uplink = this.#used.get(user);
		if (uplink !== undefined && uplink !== except) {
			this.#used.delete(user);
			this.#exit(user, uplink);
		}
		if (except === EVERY_UPLINK) return;
		let left = false;
		for (const family of FAMILIES) left = this.#everywhere[family].delete(user) || left;
		if (left && FAMILIES.every((family) => this.#everywhere[family].size === 0)) this.follow();
	}

	/** Interfaces of the host came or went. */
	follow(): void {
		const families = FAMILIES.filter((family) => this.#everywhere[family].size > 0);
		const there = new Set(
			families.length === 0 ? [] : this.#forwarding.uplinks().filter((name) => !this.#own.has(name)),
		);
		for (const name of this.#followed) {
			if (there.has(name)) continue;
			this.#followed.delete(name);
			this.#exit(ALL_USERS, name);
		}
		for (const name of there) {
			this.#followed.add(name);
			this.#enter(ALL_USERS, name);
			for (const family of families) this.#forwarding.allow(name, family, 'uplink');
		}
	}

	/** The interface of a network is no uplink. */
	own(name: string): void {
		this.#own.add(name);
		if (this.#followed.delete(name)) this.#exit(ALL_USERS, name);
	}

	disown(name: string): void {
		this.#own.delete(name);
	}

	/** Opened by addresses of ipnet containers. */
	share(network: string, name: string): void {
		const user = `neighbours ${network}`;
		this.#enter(user, name);
		this.#used.set(user, name);
	}

	unshare(network: string): void {
		this.leave(`neighbours ${network}`);
	}

	/** Somebody made the host a router, or no router any more. */
	reconsider(): void {
		for (const [name, way] of this.#ways) {
			const held = this.#heldOn(name);
			const differs = (one: readonly Element[], other: readonly Element[]) =>
				one.filter(({ set }) => !other.some((two) => two.set === set));
			this.#elements.add(differs(held, way.held));
			this.#elements.remove(differs(way.held, held));
			way.held = held;
		}
	}

	#heldOn(name: string): Element[] {
		const closed = FAMILIES.filter((family) => !this.#forwarding.isRouter(name, family));
		return closed.map((family) => ({ set: `ingress_interfaces${family}`, element: `"${name}"` }));
	}

	/** After somebody emptied the table. */
	restore(): void {
		this.#elements.add([...this.#ways.values()].flatMap(({ held }) => held));
	}

	/** Restrictions apply before the interface is opened, so that no packet passes in between. */
	#enter(user: string, name: string): void {
		let way = this.#ways.get(name);
		if (!way) {
			way = { users: new Set(), held: this.#heldOn(name) };
			this.#elements.add(way.held);
			this.#ways.set(name, way);
		}
		way.users.add(user);
	}

	#exit(user: string, name: string): void {
		const way = this.#ways.get(name);
		way?.users.delete(user);
		if (!way || way.users.size > 0) return;
		this.#ways.delete(name);
		for (const family of FAMILIES) this.#forwarding.release(name, family, 'uplink');
		this.#elements.remove(way.held);
	}
}
