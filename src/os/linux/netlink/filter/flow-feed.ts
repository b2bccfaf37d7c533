import { decodeMessages } from '../messages.ts';
import { MulticastFeed } from '../multicast.ts';
import { decodeFlow, type TrackedFlow } from './flow-codec.ts';
import { takeEverything } from './packet-filter.ts';

const NETLINK_NETFILTER = 12;
/** Of `enum nfnetlink_groups`. */
const GROUP = { NEW: 1, UPDATE: 2, DESTROY: 3 } as const;
const NEW = (1 << 8) | 0;
const DELETE = (1 << 8) | 2;
/** Flags of the message of a connection that is new: NLM_F_CREATE, NLM_F_EXCL. */
const CREATED = 0x600;

export interface FlowReport {
	began(flow: TrackedFlow): void;
	changed(flow: TrackedFlow): void;
	/** With what was counted until then. */
	ended(flow: TrackedFlow): void;
	/** More happened than the socket could hold. */
	missed(): void;
}

/** Reports changes of tracked connections until it is closed: `conntrack -E`. @throws SystemCallError */
export function watchConnections(namespace: number | undefined, report: FlowReport): { close(): void } {
	return new MulticastFeed({
		protocol: NETLINK_NETFILTER,
		groups: [GROUP.NEW, GROUP.UPDATE, GROUP.DESTROY],
		namespace,
		filter: takeEverything(),
		take: (datagram) => {
			for (const { type, flags, payload } of decodeMessages(datagram)) {
				if (type === DELETE) report.ended(decodeFlow(payload));
				else if (type === NEW && flags & CREATED) report.began(decodeFlow(payload));
				else if (type === NEW) report.changed(decodeFlow(payload));
			}
		},
		overrun: () => report.missed(),
		lost: () => report.missed(),
	});
}
