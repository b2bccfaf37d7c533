import { FAMILIES, type Family } from '#inet/family.ts';
import { unitOfHostEnd } from '#model/cable.ts';
import { EVERY_INTERFACE } from '#os/linux/netlink/link/link-changes.ts';
import type { Link } from '#os/linux/netlink/link/links.ts';
import type { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';

/** So often within `WINDOW` forwarding is restored; somebody who takes it away more often wants it off. */
const MOST = 5;
/** Milliseconds. */
const WINDOW = 60_000;

/** Part of `Forwarding` that is used here. */
export interface Restorable {
	/** Whether it was opened here and is closed now. */
	isLost(name: string, family: Family): boolean;
	reopen(name: string, family: Family): void;
	/** The same for the end of a routed cable on the host, which needs it from its beginning. */
	isCableLost(name: string, family: Family): boolean;
	reopenCable(name: string, family: Family): void;
}

export interface RestorerOptions {
	readonly net: Rtnetlink;
	readonly forwarding: Restorable;
	/** Milliseconds of a clock that only goes forward. */
	readonly now?: () => number;
}

interface Log {
	warn(fields: object, message: string): void;
}

/** So many interfaces are looked up one by one. */
const FEW = 8;

/**
 * Restores forwarding where somebody took it away from interfaces that containers need: `sysctl -p`, a hardening role, a
 * network manager that sets `ip_forward` and takes it back. If it is taken away again and again, that is left and said.
 */
export class ForwardingRestorer {
	readonly #options: RestorerOptions;
	/** Times of restorations, by interface and family. */
	readonly #restored = new Map<string, number[]>();

	constructor(options: RestorerOptions) {
		this.#options = options;
	}

	/** @param indexes interfaces that lost it; `EVERY_INTERFACE` for all of them */
	restore(indexes: ReadonlySet<number>, log: Log): void {
		const { links } = this.#options.net;
		const some = indexes.size <= FEW && !indexes.has(EVERY_INTERFACE);
		const found = some ? [...indexes].flatMap((index) => links.find(index) ?? []) : links.list();
		const concerned = found.filter(({ index }) => indexes.has(index) || indexes.has(EVERY_INTERFACE));
		const restored = concerned.flatMap((link) => this.#restoreLink(link, log));
		const shown = restored.length > 4 ? [...restored.slice(0, 3), `${restored.length - 3} more`] : restored;
		if (restored.length > 0)
			log.warn({ interfaces: shown }, 'another program turned forwarding off, which containers need: restored it');
	}

	/** @returns what was restored, e.g. `uplink0 IPv4` */
	#restoreLink({ name, master }: Link, log: Log): string[] {
		const { forwarding } = this.#options;
		const isCable = unitOfHostEnd(name) !== undefined;
		// The bridge speaks for those of vnet containers.
		if (isCable && master !== 0) return [];
		const isLost = (family: Family) =>
			isCable ? forwarding.isCableLost(name, family) : forwarding.isLost(name, family);
		const restored = FAMILIES.filter((family) => isLost(family) && this.#mayRestore(name, family, log));
		for (const family of restored)
			if (isCable) forwarding.reopenCable(name, family);
			else forwarding.reopen(name, family);
		return restored.map((family) => `${name} IPv${family}`);
	}

	#mayRestore(name: string, family: Family, log: Log): boolean {
		const now = this.#options.now?.() ?? performance.now();
		const key = `${name} ${family}`;
		const times = (this.#restored.get(key) ?? []).filter((time) => now - time < WINDOW);
		const given = times.length > MOST;
		// The last entry is the time when it was given up.
		this.#restored.set(key, given ? [...times.slice(0, MOST), now] : [...times, now]);
		if (times.length === MOST) {
			const setting = family === 4 ? `net.ipv4.conf.${name}.forwarding` : `net.ipv6.conf.${name}.force_forwarding`;
			const hint = `find out who sets it, then "klee network doctor --repair"`;
			log.warn(
				{ setting, hint },
				'another program turns forwarding off again and again: left off, containers are cut off',
			);
		}
		return times.length < MOST;
	}
}
