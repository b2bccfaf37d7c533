/** Sender or receiver of packets. */
export interface FlowEnd {
	readonly address: string;
	/** 0 for protocols without ports. */
	readonly port: number;
}

export interface FlowCount {
	readonly packets: number;
	readonly bytes: number;
}

/** Packets between two ends, in both directions: a TCP connection, or what the host takes for one. */
export interface Flow {
	/** Unique on the host while the flow is there. */
	readonly id: string;
	/** `tcp`, `udp`, `icmp`, `icmp6`, `sctp`, or the number of another protocol. */
	readonly protocol: string;
	/** As the first packet was sent. */
	readonly source: FlowEnd;
	readonly destination: FlowEnd;
	/** Receiver of the packets; differs from the destination where the host translated that, as for published ports. */
	readonly target: FlowEnd;
	/** Sender as the receiver sees it; differs from the source where the host translated that (NAT). */
	readonly sender: FlowEnd;
	/** `closing`: one end has closed. */
	readonly state: 'new' | 'established' | 'closing';
	/** From the source to the destination; undefined where the host does not count. */
	readonly sent: FlowCount | undefined;
	readonly received: FlowCount | undefined;
}

/** `missed`: more happened than could be taken; a new list tells what is there. */
export type FlowChange =
	| { readonly kind: 'began' | 'changed' | 'ended'; readonly flow: Flow }
	| { readonly kind: 'missed' };

/** What passed an interface of the host, as the host sees it. */
export interface InterfaceCounters {
	readonly interface: string;
	readonly receivedBytes: number;
	readonly receivedPackets: number;
	readonly sentBytes: number;
	readonly sentPackets: number;
	/** Packets that were not passed on, in both directions. */
	readonly dropped: number;
}

/** Fill of the connection tracking of a host. */
export interface Tracking {
	readonly entries: number;
	readonly limit: number;
}
