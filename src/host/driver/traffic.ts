/** The part of the boundary between the engine and a host that looks at packets. Nothing here changes where they go. */
import type { Flow, FlowChange, InterfaceCounters, Tracking } from '#model/traffic/flow.ts';
import type { RefusalReport } from '#model/traffic/refusal.ts';

export interface HostTraffic {
	/**
	 * Flows that the host tracks, and connections within the network stacks of these containers, which pass a bridge
	 * that tracks none. A flow may come twice, from both ends, under the same id.
	 *
	 * @param containers ids of running containers with a stack of their own
	 */
	flows(containers: readonly string[]): Promise<Flow[]>;
	/** Changes of flows that the host tracks, from now on until `abandoned` is aborted. */
	watchFlows(listener: (change: FlowChange) => void, abandoned: AbortSignal): void;
	/**
	 * Packets that the firewall refuses, from now on until `abandoned` is aborted, a limited number in a second.
	 *
	 * @throws UNSUPPORTED_HERE where the host cannot tell
	 */
	watchRefusals(listener: (report: RefusalReport) => void, abandoned: AbortSignal): void;
	/** Counters of the interfaces of the host. */
	counters(): Promise<InterfaceCounters[]>;
	/** How full the connection tracking of the host is; undefined: it tracks none yet. */
	tracking(): Promise<Tracking | undefined>;
}
