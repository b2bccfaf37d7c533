import type { PassageRule } from '../reach/passage.ts';
import type { FlowEnd } from './flow.ts';

/** Reason for which the firewall refused a packet: a rule for passages, or a protection of the host. */
export type RefusalReason =
	| Extract<
			PassageRule,
			| 'icc-off'
			| 'icc-off-internal'
			| 'leaves-internal'
			| 'enters-internal'
			| 'networks-apart'
			| 'outside-apart'
			| 'transit'
			| 'source-refused'
			| 'host-closed'
	  >
	/** The source is no address of the sender's network or endpoint. */
	| 'foreign-source'
	/** To the loopback addresses of the host. */
	| 'host-loopback'
	/** Limits of the sender: tracked connections, questions for names per second. */
	| 'connection-limit'
	| 'query-limit'
	/** It belongs to no connection that is known, e.g. as it came late. */
	| 'no-connection';

/** A packet that the firewall refused. */
export interface Refusal {
	/** `reject`: the sender was told; `drop`: nobody was. */
	readonly verdict: 'reject' | 'drop';
	readonly reason: RefusalReason;
	/** As in a flow. */
	readonly protocol: string;
	/** As the packet had them when it was refused: of a published port the destination is the one that the sender wrote. */
	readonly source: FlowEnd;
	readonly destination: FlowEnd;
	/** Interfaces of the host by which it came and would have left; `''`: none, or not known yet. */
	readonly arrived: string;
	readonly leaving: string;
}

/** `unshown`: packets that were refused beyond the rate at which they are reported. */
export type RefusalReport =
	| { readonly kind: 'refused'; readonly refusal: Refusal }
	| { readonly kind: 'unshown'; readonly reason: RefusalReason; readonly packets: number };
