/**
 * Problems in the networks of a host: differences between the observed and the stored state.
 * Finding and repairing are separate: a finding carries the steps that fix it, where Kleene can.
 */
import type { Endpoint } from '#model/endpoint.ts';
import type { Observed } from '#model/host/observed.ts';
import type { HostTraits } from '#model/host/traits.ts';
import type { Network } from '#model/network.ts';
import type { Part } from '#model/part.ts';
import type { Step } from '#model/step.ts';

export type FindingKind =
	/** A part is missing or different. */
	| 'drift'
	/** Something of Kleene's that nothing explains. */
	| 'leak'
	/** An address twice. */
	| 'duplicate'
	/** A bridge or a subnet that is nearly full. */
	| 'capacity';

/** A network or a container. */
export interface Owner {
	readonly kind: 'network' | 'container';
	readonly id: string;
}

export interface Finding {
	readonly kind: FindingKind;
	/** Part, address or object that it is about: with `kind`, the same for as long as it is not repaired. */
	readonly about: string;
	/** `error`: packets are lost or go astray now; `warning`: they may. */
	readonly severity: 'error' | 'warning';
	/** For people, e.g. `network testnet`. */
	readonly subject: string;
	readonly what: string;
	/** Why it matters. */
	readonly why: string;
	/** what fixes it, where the steps do not or cannot. */
	readonly hint: string;
	/** Empty: needs the hands of the administrator. */
	readonly steps: readonly Step[];
	/** Whom the steps are about; nobody for what belongs to none of the store. */
	readonly owners: readonly Owner[];
}

export interface NetworkState {
	readonly network: Network;
	readonly parts: readonly Part[];
	readonly endpoints: readonly Endpoint[];
}

/** A container that runs. */
export interface RunState {
	readonly id: string;
	readonly name: string;
	readonly parts: readonly Part[];
}

export interface Examination {
	readonly networks: readonly NetworkState[];
	readonly runs: readonly RunState[];
	/** Names of all containers by id, for those that don't run too. */
	readonly names: ReadonlyMap<string, string>;
	/** Parts that a change under way makes or unmakes at this moment. */
	readonly inFlight: readonly Part[];
	/** With a comparison. */
	readonly observed: Observed;
	readonly traits: HostTraits;
}

/** Whether both are the same thing that is wrong, in whatever words. */
export function isSame(one: Finding, other: Finding): boolean {
	return one.kind === other.kind && one.about === other.about;
}

const MEND_BY_REPAIR = 'klee network doctor --repair';

export function hintOfRepair(steps: readonly Step[], otherwise: string): string {
	return steps.length > 0 ? MEND_BY_REPAIR : otherwise;
}
