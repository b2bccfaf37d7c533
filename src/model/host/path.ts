/** Way of a packet on a host, as its kernel tells it. */
import type { Family } from '#inet/family.ts';

export interface PathQuestion {
	readonly address: string;
	/** Where the packet comes in; absent: it is sent there. */
	readonly from?: { readonly source: string; readonly interface: string };
	/** Id of a running container with a stack of its own, whose routes are asked for; absent: the host. */
	readonly container?: string;
}

/**
 * `no-route`: none, or one that refuses; `forwarding-off`: what comes in there is not passed on; `reverse-path-filter`: the
 * way back is another one; `policy-rule`: it would be passed on but for a rule of policy routing.
 */
export type Obstacle = 'no-route' | 'forwarding-off' | 'reverse-path-filter' | 'policy-rule';

/** Way of a packet out of a stack. */
export type Path = { readonly obstacle: Obstacle } | PathOut;

export interface PathOut {
	readonly obstacle?: undefined;
	readonly interface: string;
	/** Address on the link that the packet is given to: a router, or the destination. */
	readonly next: string;
	/** Largest packet, in bytes: of the route where that sets one, else of the interface. */
	readonly mtu: number;
}

/** Somebody on a link of the host; `mac` is `''` where the interface needs none. */
export interface NeighbourAnswer {
	readonly mac: string;
}

export type PacketHook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | 'ingress' | 'egress';

/** Chain of another program at a hook that packets pass. */
export interface ForeignChain {
	/** For people, e.g. `chain forward of table inet filter`. */
	readonly name: string;
	/** `drop`: no packet of that family passes; `unknown`: it has rules that are not evaluated. */
	readonly effect: 'drop' | 'unknown';
}

/** Rules that a packet passes on a host. */
export interface RulesOnTheWay {
	/** Whether those of Kleene are there. */
	readonly own: boolean;
	/** Chains of other programs, less those that let everything through. */
	readonly foreign: readonly ForeignChain[];
}

export interface RulesQuestion {
	readonly family: Family;
	readonly hooks: readonly PacketHook[];
	/** Whether packets pass a bridge on their way, or nothing but one. */
	readonly bridge: 'no' | 'also' | 'only';
}
