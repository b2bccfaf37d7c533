/** MAC addresses that stay with one port of a bridge: `bridge fdb replace ... static sticky` (include/uapi/linux/neighbour.h). */
import { macBytes, macText } from '#inet/mac.ts';
import { attributeMap, bytes, encodeAttributes } from '../attributes.ts';
import { FLAG } from '../messages.ts';
import type { NetlinkSocket } from '../socket.ts';

const NEWNEIGH = 28;
const GETNEIGH = 30;
const AF_BRIDGE = 7;
const LINK_LAYER_ADDRESS = 2;
const NUD_NOARP = 0x40;
/** The table of the bridge that the interface is a port of; a frame of another port does not move the entry there. */
const FLAGS = { MASTER: 0x04, STICKY: 0x40 } as const;
const STRUCT_SIZE = 12;

export interface PinnedAddress {
	/** Index of the port. */
	readonly link: number;
	readonly mac: string;
}

export class PinnedAddresses {
	readonly #socket: NetlinkSocket;

	constructor(socket: NetlinkSocket) {
		this.#socket = socket;
	}

	/**
	 * Frames for this address go to this port from now on, until it leaves the bridge. Repeating it succeeds.
	 *
	 * @throws NetlinkError, e.g. `EOPNOTSUPP` when the interface is no port of a bridge
	 */
	add({ link, mac }: PinnedAddress, interfaceName = `#${link}`): void {
		const head = Buffer.alloc(STRUCT_SIZE);
		head[0] = AF_BRIDGE;
		head.writeInt32LE(link, 4);
		head.writeUInt16LE(NUD_NOARP, 8);
		head[10] = FLAGS.MASTER | FLAGS.STICKY;
		this.#socket.request({
			type: NEWNEIGH,
			flags: FLAG.CREATE | FLAG.REPLACE,
			payload: Buffer.concat([head, encodeAttributes([bytes(LINK_LAYER_ADDRESS, macBytes(mac))])]),
			words: `keep ${mac} at bridge port ${interfaceName}`,
		});
	}

	/** Those of all bridges. */
	list(): PinnedAddress[] {
		const head = Buffer.alloc(STRUCT_SIZE);
		head[0] = AF_BRIDGE;
		return this.#socket.dump({ type: GETNEIGH, payload: head, words: 'list addresses of bridge ports' }, decode);
	}
}

function decode(payload: Buffer): PinnedAddress | undefined {
	if (((payload[10] ?? 0) & FLAGS.STICKY) === 0) return undefined;
	const mac = attributeMap(payload.subarray(STRUCT_SIZE)).get(LINK_LAYER_ADDRESS);
	return mac && { link: payload.readInt32LE(4), mac: macText(mac) };
}
