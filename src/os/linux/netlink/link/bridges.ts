/** Settings of a bridge: `ip link set ... type bridge` (include/uapi/linux/if_link.h). */
import { encodeAttributes, nested, text, u8 } from '../attributes.ts';
import type { NetlinkSocket } from '../socket.ts';

const NEWLINK = 16;
const LINKINFO = 18;
const INFO_KIND = 1;
const INFO_DATA = 2;
const BRIDGE = { NF_CALL_IPTABLES: 36, NF_CALL_IP6TABLES: 37 } as const;
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
		const options = [u8(BRIDGE.NF_CALL_IPTABLES, 1), u8(BRIDGE.NF_CALL_IP6TABLES, 1)];
		const head = Buffer.alloc(STRUCT_SIZE);
		head.writeInt32LE(link, 4);
		const info = nested(LINKINFO, [text(INFO_KIND, 'bridge'), nested(INFO_DATA, options)]);
		this.#socket.request({
			type: NEWLINK,
			payload: Buffer.concat([head, encodeAttributes([info])]),
			words: `set bridge ${interfaceName}`,
		});
	}
}
