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
const NDA = { DST: 1, LLADDR: 2, IFINDEX: 8 } as const;
/** The kernel asks for it, as it does for a packet to it. */
const NTF_USE = 0x01;
const NTF_PROXY = 0x08;
/** Without it the kernel forgets an entry when its interface loses carrier, as a bridge does with its last port. */
const NUD_PERMANENT = 0x80;
/** States of an entry (NUD_*). */
const STATES: Readonly<Record<number, NeighbourState>> = {
	1: 'asked',
	2: 'known',
	4: 'stale',
	8: 'stale',
	16: 'asked',
	32: 'silent',
	64: 'without',
	128: 'known',
};
const NUD_PROBE = 16;
const STRUCT_SIZE = 12;

export interface Neighbour {
	/** Index of the interface. */
	readonly link: number;
	readonly address: string;
}

/**
 * `known`: it answered lately, or is set; `stale`: it answered some time ago; `asked`: it has not answered yet; `silent`: it
 * does not answer; `without`: the interface needs no addresses.
 */
export type NeighbourState = 'known' | 'stale' | 'asked' | 'silent' | 'without';

export interface NeighbourEntry {
	readonly state: NeighbourState;
	/** `''` while it is not known. */
	readonly mac: string;
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

	/** Entry of the kernel for a neighbour; undefined: it has none. */
	find({ link, address }: Neighbour): NeighbourEntry | undefined {
		const filter = encodeAttributes([u32(NDA.IFINDEX, link)]);
		const payload = Buffer.concat([head(familyOf(address), 0, 0), filter]);
		const all = this.#socket.dump({ type: GETNEIGH, payload, words: 'list neighbours' }, decodeEntry);
		return all.find((entry) => entry.link === link && entry.address === address);
	}

	/** The kernel asks for a neighbour as it would for a packet to it, and goes on meanwhile. */
	ask({ link, address }: Neighbour): void {
		const entry = Buffer.concat([
			head(familyOf(address), link, NTF_USE),
			encodeAttributes([bytes(NDA.DST, addressBytes(address))]),
		]);
		const words = `ask for neighbour ${address} on interface #${link}`;
		this.#socket.request({ type: NEWNEIGH, flags: FLAG.CREATE, payload: entry, words });
	}

	/** The kernel asks again a neighbour that it knows. @throws NetlinkError, `ENOENT` when there is no entry */
	askAgain({ link, address }: Neighbour): void {
		const entry = head(familyOf(address), link, 0);
		entry.writeUInt16LE(NUD_PROBE, 8);
		const payload = Buffer.concat([entry, encodeAttributes([bytes(NDA.DST, addressBytes(address))])]);
		const words = `ask neighbour ${address} on interface #${link} again`;
		this.#socket.request({ type: NEWNEIGH, flags: FLAG.REPLACE, payload, words });
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

function decodeEntry(payload: Buffer): (Neighbour & NeighbourEntry) | undefined {
	const attributes = attributeMap(payload.subarray(STRUCT_SIZE));
	const address = attributes.get(NDA.DST);
	const state = STATES[payload.readUInt16LE(8)];
	if (!address || !state) return undefined;
	const mac = [...(attributes.get(NDA.LLADDR) ?? [])].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
	return { link: payload.readInt32LE(4), address: addressText(address), state, mac };
}
