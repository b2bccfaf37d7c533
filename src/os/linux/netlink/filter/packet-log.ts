import { hasCode } from '#os/errno.ts';
import { decodeMessages } from '../messages.ts';
import { MulticastFeed } from '../multicast.ts';
import { NetlinkSocket } from '../socket.ts';
import { takeEverything } from './packet-filter.ts';
import { decodePacket, encodeBinding, type ReportedPacket } from './packet-log-codec.ts';

const NETLINK_NETFILTER = 12;
const SUBSYSTEM = 4 << 8;
const MESSAGE = { PACKET: SUBSYSTEM | 0, CONFIGURE: SUBSYSTEM | 1 } as const;
/** Groups that are tried; below are those that other programs use by default, such as ulogd. */
const GROUPS = { first: 27_000, last: 27_063 } as const;

export interface PacketReport {
	take(packet: ReportedPacket): void;
	/** Nothing will arrive any more. */
	lost(error: Error): void;
}

/** Packets that rules report to a group (`log group`), until it is closed. */
export interface PacketLog {
	/** Of nfnetlink_log: free in this network namespace before, as another process may have one too. */
	readonly group: number;
	close(): void;
}

/** @param namespace descriptor; undefined: the one of this process. @throws NetlinkError, SystemCallError */
export function openPacketLog(namespace: number | undefined, report: PacketReport): PacketLog {
	let group: number = GROUPS.first;
	const feed = new MulticastFeed({
		protocol: NETLINK_NETFILTER,
		groups: [],
		namespace,
		filter: takeEverything(),
		configure: (fd) => {
			group = bindFree(NetlinkSocket.over(fd));
		},
		take: (datagram) => {
			for (const { type, payload } of decodeMessages(datagram)) {
				const packet = type === MESSAGE.PACKET ? decodePacket(payload) : undefined;
				if (packet) report.take(packet);
			}
		},
		overrun: () => {},
		lost: (error) => report.lost(error),
	});
	return { group, close: () => feed.close() };
}

/** A group belongs to one socket of the network namespace: the next one is tried where it is taken. */
function bindFree(socket: NetlinkSocket): number {
	for (let group: number = GROUPS.first; ; group += 1)
		try {
			const words = `listen to group ${group} of nfnetlink_log`;
			socket.request({ type: MESSAGE.CONFIGURE, payload: encodeBinding(group), words });
			return group;
		} catch (error) {
			if (group === GROUPS.last || !hasCode(error, 'EPERM', 'EBUSY')) throw error;
		}
}
