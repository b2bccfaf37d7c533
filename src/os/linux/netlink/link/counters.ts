/** Counters of interfaces: `ip -s link` (include/uapi/linux/if_link.h). */
import { attributeMap, readText } from '../attributes.ts';
import { NetlinkSocket } from '../socket.ts';

const NETLINK_ROUTE = 0;
const GETLINK = 18;
const IFLA = { IFNAME: 3, STATS64: 23 } as const;
/** `struct ifinfomsg` */
const STRUCT_SIZE = 16;
/** Places in `struct rtnl_link_stats64`, in numbers of eight bytes. */
const PLACE = { RX_PACKETS: 0, TX_PACKETS: 1, RX_BYTES: 2, TX_BYTES: 3, RX_DROPPED: 6, TX_DROPPED: 7 } as const;

export interface LinkCounters {
	readonly name: string;
	readonly receivedBytes: number;
	readonly receivedPackets: number;
	readonly sentBytes: number;
	readonly sentPackets: number;
	/** In both directions. */
	readonly dropped: number;
}

/** @param namespace descriptor; undefined: the one of this process. @throws NetlinkError */
export function listCounters(namespace: number | undefined): LinkCounters[] {
	const socket = NetlinkSocket.open(NETLINK_ROUTE, namespace);
	try {
		return socket.dump({ type: GETLINK, payload: Buffer.alloc(STRUCT_SIZE), words: 'list counters' }, decode);
	} finally {
		socket.close();
	}
}

function decode(payload: Buffer): LinkCounters | undefined {
	const attributes = attributeMap(payload.subarray(STRUCT_SIZE));
	const [name, stats] = [attributes.get(IFLA.IFNAME), attributes.get(IFLA.STATS64)];
	if (!name || !stats) return undefined;
	const at = (place: number) => Number(stats.readBigUInt64LE(place * 8));
	return {
		name: readText(name),
		receivedBytes: at(PLACE.RX_BYTES),
		receivedPackets: at(PLACE.RX_PACKETS),
		sentBytes: at(PLACE.TX_BYTES),
		sentPackets: at(PLACE.TX_PACKETS),
		dropped: at(PLACE.RX_DROPPED) + at(PLACE.TX_DROPPED),
	};
}
