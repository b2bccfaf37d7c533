/** Settings of a bridge port: `bridge link` (include/uapi/linux/if_link.h). */
import { attributeMap, encodeAttributes, nested, u8 } from '../attributes.ts';
import type { NetlinkSocket } from '../socket.ts';

const GETLINK = 18;
const SETLINK = 19;
const AF_BRIDGE = 7;
const PROTINFO = 12;
const LINKINFO = 18;
const INFO_SLAVE_DATA = 5;
const BRPORT = { HAIRPIN: 4, LEARNING: 8, ISOLATED: 33 } as const;
const STRUCT_SIZE = 16;

export interface BridgePort {
	/** Exchanges nothing with other isolated ports; with the bridge itself and all other ports it does. */
	readonly isolated: boolean;
	/** Frames may go back to where they came from. */
	readonly hairpin: boolean;
	/** Senders of frames that come in there are noted in the table of the bridge. */
	readonly learning: boolean;
}

export class BridgePorts {
	readonly #socket: NetlinkSocket;

	constructor(socket: NetlinkSocket) {
		this.#socket = socket;
	}

	/**
	 * Options that are absent stay as they are. An interface that leaves its bridge loses all of them.
	 *
	 * @param link index of the interface
	 * @throws NetlinkError, `EOPNOTSUPP` or `EINVAL` when it is no port of a bridge
	 */
	set(link: number, { isolated, hairpin, learning }: Partial<BridgePort>, interfaceName = `#${link}`): void {
		const flags = [];
		if (hairpin !== undefined) flags.push(u8(BRPORT.HAIRPIN, Number(hairpin)));
		if (isolated !== undefined) flags.push(u8(BRPORT.ISOLATED, Number(isolated)));
		if (learning !== undefined) flags.push(u8(BRPORT.LEARNING, Number(learning)));
		const head = headOf(link);
		head[0] = AF_BRIDGE;
		this.#socket.request({
			type: SETLINK,
			payload: Buffer.concat([head, encodeAttributes([nested(PROTINFO, flags)])]),
			words: `set bridge port ${interfaceName}`,
		});
	}

	/** @returns undefined for an interface that is no port @throws NetlinkError, `ENODEV` when there is none */
	get(link: number, interfaceName = `#${link}`): BridgePort | undefined {
		const message = this.#socket.request({
			type: GETLINK,
			payload: headOf(link),
			words: `look up bridge port ${interfaceName}`,
		});
		return message && decodePort(message.payload);
	}
}

/** `struct ifinfomsg` */
function headOf(link: number): Buffer {
	const head = Buffer.alloc(STRUCT_SIZE);
	head.writeInt32LE(link, 4);
	return head;
}

function decodePort(payload: Buffer): BridgePort | undefined {
	const info = attributeMap(payload.subarray(STRUCT_SIZE)).get(LINKINFO);
	const data = info && attributeMap(info).get(INFO_SLAVE_DATA);
	if (!data) return undefined;
	const flags = attributeMap(data);
	const isOn = (flag: number) => flags.get(flag)?.[0] === 1;
	return { isolated: isOn(BRPORT.ISOLATED), hairpin: isOn(BRPORT.HAIRPIN), learning: isOn(BRPORT.LEARNING) };
}
