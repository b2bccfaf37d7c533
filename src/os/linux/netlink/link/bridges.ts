/** Settings of a bridge: `ip link set ... type bridge` (include/uapi/linux/if_link.h). */
import { type Attribute, attributeMap, encodeAttributes, nested, text, u8, u32 } from '../attributes.ts';
import type { NetlinkSocket } from '../socket.ts';

const NEWLINK = 16;
const LINKINFO = 18;
const INFO_KIND = 1;
const INFO_DATA = 2;
const GETLINK = 18;
const BRIDGE = { NF_CALL_IPTABLES: 36, NF_CALL_IP6TABLES: 37, FDB_MAX_LEARNED: 49 } as const;
const STRUCT_SIZE = 16;

export class Bridges {
	readonly #socket: NetlinkSocket;

	constructor(socket: NetlinkSocket) {
		this.#socket = socket;
	}

	/**
	 * Packets of both families that cross this bridge pass the IP firewall, whatever `net.bridge.bridge-nf-call-*` says.
	 * Without effect while the kernel has br_netfilter not loaded.
	 *
	 * @param link index of the bridge
	 */
	filterPackets(link: number, interfaceName = `#${link}`): void {
		this.#set(link, [u8(BRIDGE.NF_CALL_IPTABLES, 1), u8(BRIDGE.NF_CALL_IP6TABLES, 1)], interfaceName);
	}

	/**
	 * Limits how many MAC addresses the bridge learns. Entries that were added by hand do not count. Kernels before 6.7
	 * have no such limit and ignore it.
	 *
	 * @param link index of the bridge
	 * @param count 0 for no limit
	 */
	limitLearned(link: number, count: number, interfaceName = `#${link}`): void {
		this.#set(link, [u32(BRIDGE.FDB_MAX_LEARNED, count)], interfaceName);
	}

	/**
	 * Returns how many MAC addresses a bridge learns at the most, 0 for no limit; undefined where the kernel knows no such
	 * limit, or for an interface that is no bridge.
	 */
	mostLearned(link: number, interfaceName = `#${link}`): number | undefined {
		const message = this.#socket.request({
			type: GETLINK,
			payload: headOf(link),
			words: `look up bridge ${interfaceName}`,
		});
		const info = message && attributeMap(message.payload.subarray(STRUCT_SIZE)).get(LINKINFO);
		const data = info && attributeMap(info).get(INFO_DATA);
		return data && attributeMap(data).get(BRIDGE.FDB_MAX_LEARNED)?.readUInt32LE();
	}

	#set(link: number, options: readonly Attribute[], interfaceName: string): void {
		const info = nested(LINKINFO, [text(INFO_KIND, 'bridge'), nested(INFO_DATA, options)]);
		this.#socket.request({
			type: NEWLINK,
			payload: Buffer.concat([headOf(link), encodeAttributes([info])]),
			words: `set bridge ${interfaceName}`,
		});
	}
}

/** `struct ifinfomsg` */
function headOf(link: number): Buffer {
	const head = Buffer.alloc(STRUCT_SIZE);
	head.writeInt32LE(link, 4);
	return head;
}
