/** Numbers and names of interfaces: `ip link` (include/uapi/linux/if_link.h). */
import { attributeMap, readText } from '../attributes.ts';
import { NetlinkSocket } from '../socket.ts';

const NETLINK_ROUTE = 0;
const GETLINK = 18;
const IFLA_IFNAME = 3;
/** `struct ifinfomsg`, with the index at byte 4. */
const STRUCT_SIZE = 16;
const INDEX_AT = 4;

/** @param namespace descriptor; undefined: the one of this process. @returns names by index. @throws NetlinkError */
export function listIndices(namespace: number | undefined): Map<number, string> {
	const socket = NetlinkSocket.open(NETLINK_ROUTE, namespace);
	try {
		const request = { type: GETLINK, payload: Buffer.alloc(STRUCT_SIZE), words: 'list interfaces' };
		return new Map(socket.dump(request, decode));
	} finally {
		socket.close();
	}
}

function decode(payload: Buffer): [number, string] | undefined {
	const name = attributeMap(payload.subarray(STRUCT_SIZE)).get(IFLA_IFNAME);
	return name && [payload.readInt32LE(INDEX_AT), readText(name)];
}
