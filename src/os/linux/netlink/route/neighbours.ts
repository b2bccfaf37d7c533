/** Neighbours of the host, and those that it answers ARP and NDP for (proxy neighbours): `ip neigh`. */

import { addressBytes, addressText } from '#inet/address.ts';
import { type Family, familyOf } from '#inet/family.ts';
import { addressFamily } from '../../address-family.ts';
import { attributeMap, bytes, encodeAttributes, u32 } from '../attributes.ts';
import { FLAG } from '../messages.ts';
import type { NetlinkSocket } from '../socket.ts';

const NEWNEIGH = 28;
const DELNEIGH = 29;
const GETNEIGH = 30;
const NDA = { DST: 1, IFINDEX: 8 } as const;
const NTF_PROXY = 0x08;
/** Without it the kernel forgets an entry when its interface loses carrier, as a bridge does with its last port. */
const NUD_PERMANENT = 0x80;
const STRUCT_SIZE = 12;

export interface Neighbour {
	/** Index of the interface. */
	readonly link: number;
	readonly address: string;
}

export interface ProxyNeighbour {
	/** Index of the interface on which the host answers. */
	readonly link: number;
	readonly address: string;
}

export class Neighbours {
	readonly #socket: NetlinkSocket;

	constructor(socket: NetlinkSocket) {
		this.#socket = socket;
	}

	/** Adding what is there succeeds. */
	addProxy({ link, address }: ProxyNeighbour): void {
		this.#socket.request({
			type: NEWNEIGH,
			flags: FLAG.CREATE | FLAG.REPLACE,
			payload: encodeProxy(link, address),
			words: `answer for ${address} on interface #${link}`,
		});
	}

	/** @throws NetlinkError, `ENOENT` when there is none */
	removeProxy({ link, address }: ProxyNeighbour): void {
		this.#socket.request({
			type: DELNEIGH,
			payload: encodeProxy(link, address),
			words: `stop answering for ${address} on interface #${link}`,
		});
	}

	/** With the packets that wait for it to answer. @throws NetlinkError, `ENOENT` when there is none */
	remove({ link, address }: Neighbour): void {
		const target = encodeAttributes([bytes(NDA.DST, addressBytes(address))]);
		this.#socket.request({
			type: DELNEIGH,
			payload: Buffer.concat([head(familyOf(address), link, 0), target]),
			words: `forget neighbour ${address} on interface #${link}`,
		});
	}

	/** @param link index of the only interface that is asked about */
	listProxies(family: Family, link?: number): ProxyNeighbour[] {
		const filter = link === undefined ? [] : [u32(NDA.IFINDEX, link)];
		const payload = Buffer.concat([head(family, 0), encodeAttributes(filter)]);
		return this.#socket.dump({ type: GETNEIGH, payload, words: 'list proxy neighbours' }, decodeProxy);
	}
}

function encodeProxy(link: number, address: string): Buffer {
	const entry = head(familyOf(address), link);
	entry.writeUInt16LE(NUD_PERMANENT, 8);
	return Buffer.concat([entry, encodeAttributes([bytes(NDA.DST, addressBytes(address))])]);
}

/** `struct ndmsg` */
function head(family: Family, link: number, flags = NTF_PROXY): Buffer {
	const buffer = Buffer.alloc(STRUCT_SIZE);
	buffer[0] = addressFamily(family);
	buffer.writeInt32LE(link, 4);
	buffer[10] = flags;
	return buffer;
}

function decodeProxy(payload: Buffer): ProxyNeighbour | undefined {
	const address = attributeMap(payload.subarray(STRUCT_SIZE)).get(NDA.DST);
	return address && { link: payload.readInt32LE(4), address: addressText(address) };
}
