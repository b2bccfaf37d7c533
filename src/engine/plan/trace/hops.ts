import type { Ruling } from './rules.ts';

export type HopKind = 'process' | 'cable' | 'bridge' | 'route' | 'nat' | 'rule' | 'outside';

/** One thing that a packet meets. */
export interface Hop {
	readonly kind: HopKind;
	readonly what: string;
	/** Absent: it is only passed by. */
	readonly verdict?: 'accept' | 'reject' | 'drop' | 'lost';
	/** Change that would alter the outcome. */
	readonly change?: string;
}

/** The end of a packet's way, from which there is no going on. */
export class Stopped extends Error {}

/** Hops in the order in which a packet meets them. */
export class Hops {
	readonly list: Hop[] = [];

	add(kind: HopKind, what: string): void {
		this.list.push({ kind, what });
	}

	/** @throws Stopped when the packet ends here */
	rule({ verdict, rule, change }: Ruling): void {
		this.list.push({ kind: 'rule', what: rule, verdict, change });
		if (verdict !== 'accept') throw new Stopped(rule);
	}

	/** The packet gets no further for a reason that is no rule. */
	lose(kind: HopKind, what: string, change: string): never {
		this.list.push({ kind, what, verdict: 'lost', change });
		throw new Stopped(what);
	}
}
