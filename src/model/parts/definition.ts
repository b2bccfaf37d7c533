/** Layer of the host that a part belongs to: decides what a flush of the firewall removes and what doctor examines. */
export type Layer = 'network' | 'firewall' | 'storage' | 'process';

/** Severity when doctor finds a part missing or changed. */
export interface Absence {
	/** `error`: packets are lost or go astray now; `warning`: they may. */
	readonly severity: 'error' | 'warning';
	/** The same where it is there and different; absent: as when it is missing. */
	readonly different?: 'error' | 'warning';
	/** Why it matters, e.g. `every container of the network needs it`. */
	readonly why: string;
}

/**
 * One kind of part. References are text by which parts refer to each other on one host; a part provides some, and
 * stands on those of others. See `references.ts`.
 */
export interface PartDefinition<P> {
	readonly layer: Layer;
	/** Text of doctor when it is missing; `not compared` for parts that are restored when the daemon starts. */
	readonly absence: Absence | 'not compared';
	/** Identity within its kind, e.g. `kleene0 10.4.6.1/24`. */
	identity(part: P): string;
	/** Title for users, e.g. `address 10.4.6.1/24 of kleene0`. */
	title(part: P): string;
	/** References that other parts stand on while it is there. */
	provides(part: P): readonly string[];
	/** References that must be there before it is made, and may not go before it. */
	standsOn(part: P): readonly string[];
	/** Those of them that take it along when they go: it need not be unmade then. */
	removedWith(part: P): readonly string[];
}

/** For parts that nothing stands on, or that stand on nothing. */
export function none(): readonly string[] {
	return [];
}
