/** Addresses of interfaces: `ip address` (include/uapi/linux/if_addr.h). */

import { addressBytes, addressText } from '#inet/address.ts';
import { type Family, familyOf } from '#inet/family.ts';
import { splitPrefix } from '#inet/prefix.ts';
import { addressFamily } from '../../address-family.ts';
import { attributeMap, bytes, encodeAttributes, readU32, u32 } from '../attributes.ts';
import { FLAG } from '../messages.ts';
import type { NetlinkSocket } from '../socket.ts';

const NEWADDR = 20;
const DELADDR = 21;
const GETADDR = 22;
const IFA = { ADDRESS: 1, LOCAL: 2, BROADCAST: 4, FLAGS: 8 } as const;
/** Usable at once: no duplicate address detection. */
const NODAD = 0x02;
const STRUCT_SIZE = 8;

export interface InterfaceAddress {
	/** Index of the interface. */
	readonly link: number;
	readonly family: Family;
	/** With prefix, e.g. `10.4.6.1/24`. */
	readonly address: string;
}

export class Addresses {
	readonly #socket: NetlinkSocket;

	constructor(socket: NetlinkSocket) {
		this.#socket = socket;
	}

	/**
	 * IPv4 gets the broadcast address of its prefix, IPv6 is usable at once.
	 *
	 * @param address with prefix
	 * @throws NetlinkError, `EEXIST` when the interface has it
	 */
	add(link: number, address: string, interfaceName = `#${link}`): void {
		const { prefix, address: bare } = splitPrefix(address);
		const local = addressBytes(bare);
		const attributes = [bytes(IFA.LOCAL, local), bytes(IFA.ADDRESS, local)];
		if (local.length === 16) attributes.push(u32(IFA.FLAGS, NODAD));
		else if (prefix < 31) attributes.push(bytes(IFA.BROADCAST, broadcastOf(local, prefix)));
		this.#socket.request({
			type: NEWADDR,
			flags: FLAG.CREATE | FLAG.EXCLUSIVE,
			payload: Buffer.concat([head(link, bare, prefix), encodeAttributes(attributes)]),
			words: `add address ${address} to ${interfaceName}`,
		});
	}

	/** @throws NetlinkError, `EADDRNOTAVAIL` when the interface does not have it */
	remove(link: number, address: string, interfaceName = `#${link}`): void {
		const { prefix, address: bare } = splitPrefix(address);
		const local = addressBytes(bare);
		this.#socket.request({
			type: DELADDR,
			payload: Buffer.concat([
				head(link, bare, prefix),
				encodeAttributes([bytes(IFA.LOCAL, local), bytes(IFA.ADDRESS, local)]),
			]),
			words: `remove address ${address} from ${interfaceName}`,
		});
	}

	/** @param link index of the only interface that is asked about; default: all */
	list(link = 0): InterfaceAddress[] {
		const payload = Buffer.alloc(STRUCT_SIZE);
		payload.writeUInt32LE(link, 4);
		const addresses = this.#socket.dump({ type: GETADDR, payload, words: 'list addresses' }, decodeAddress);
		return link === 0 ? addresses : addresses.filter((address) => address.link === link);
	}
}

function head(link: number, address: string, prefix: number): Buffer {
	const buffer = Buffer.alloc(STRUCT_SIZE);
	buffer[0] = addressFamily(familyOf(address));
	buffer[1] = prefix;
	buffer.writeUInt32LE(link, 4);
	return buffer;
}

export function broadcastOf(address: Buffer, prefix: number): Buffer {
	const buffer = Buffer.alloc(4);
	buffer.writeUInt32BE((address.readUInt32BE() | (2 ** (32 - prefix) - 1)) >>> 0);
	return buffer;
}

export function decodeAddress(payload: Buffer): InterfaceAddress | undefined {
	const attributes = attributeMap(payload.subarray(STRUCT_SIZE));
	const value = attributes.get(IFA.LOCAL) ?? attributes.get(IFA.ADDRESS);
	if (!value) return undefined;
	return {
		link: readU32(payload.subarray(4)),
		family: value.length === 4 ? 4 : 6,
		address: `${addressText(value)}/${payload[1]}`,
	};
}
