/** The part of the boundary between the engine and a host that looks at packets. Nothing here changes where they go. */
import type { Readable } from 'node:stream';
import type { CaptureEnd, CaptureRequest } from '#model/traffic/capture.ts';
import type { Flow, FlowChange, InterfaceCounters, Tracking } from '#model/traffic/flow.ts';
import type { RefusalReport } from '#model/traffic/refusal.ts';

/** A program that captures packets. It ends with the daemon. */
export interface HostCapture {
	/** What it writes, in the form that was asked for. While it is not read, packets are dropped and counted. */
	readonly output: Readable;
	/** Names of the interfaces there now, by the index that packets captured on all interfaces bear (LINKTYPE_LINUX_SLL2). */
	interfaces(): ReadonlyMap<number, string>;
	/** Asks it to end, at once: the output goes on to its end. */
	stop(): void;
	/** Ends it where nobody reads the output any more. */
	abandon(): void;
	/** After all output was read. */
	readonly ended: Promise<CaptureEnd>;
}

export interface HostTraffic {
	/**
	 * Captures packets. Resolves when the capture has begun. Absent: a host that does not capture.
	 *
	 * @throws INVALID_ARGUMENT for a filter that tcpdump refuses
	 */
	capture?(request: CaptureRequest): Promise<HostCapture>;
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
