/**
 * Tells the neighbours on a link who has an address, so that they forget whom they took for its holder: an ARP
 * announcement (RFC 5227, section 3) or an unsolicited neighbour advertisement (RFC 4861, section 7.2.6).
 */

import { close } from 'node:fs';
import { addressBytes } from '#inet/address.ts';
import { familyOf } from '#inet/family.ts';
import { macBytes } from '#inet/mac.ts';
import { checked } from '../libc.ts';
import { within } from '../netns.ts';
import {
	AF_PACKET,
	ETHERTYPE,
	EVERYBODY,
	encodeArpRequest,
	encodeNeighbourPacket,
	linkAddress,
	SOCK_CLOEXEC,
	sendto,
	socket,
} from './packets.ts';

const SOCK_DGRAM = 2;
/** Ethernet address of every host with IPv6. */
const ALL_NODES = '33:33:00:00:00:01';
const ALL_NODES6 = 'ff02::1';
const NEIGHBOUR_ADVERTISEMENT = 136;
/** In place of what the neighbours know. */
const OVERRIDE = 0x2000_0000;
const TARGET_LINK_LAYER_ADDRESS = 2;

export interface Announcement {
	/** Index of the interface. */
	readonly link: number;
	/** Its MAC address. */
	readonly mac: string;
	/** Without prefix. */
	readonly address: string;
}

/** Sends announcements from one namespace. */
export class Announcer {
	readonly #fd: number;

	/** @param namespace descriptor; undefined: the one of this process @throws SystemCallError */
	constructor(namespace: number | undefined) {
		// Protocol 0: it sends, and receives nothing.
		const open = () => checked('socket', () => socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
		this.#fd = namespace === undefined ? open() : within(namespace, open);
	}

	/** @throws SystemCallError, e.g. ENETDOWN or ENXIO when the interface is down or gone */
	send({ link, mac, address }: Announcement): void {
		const six = familyOf(address) === 6;
		const packet = six ? encodeAdvertisement(mac, address) : encodeArp(mac, address);
		const name = linkAddress(link, six ? ETHERTYPE.ipv6 : ETHERTYPE.arp, six ? ALL_NODES : EVERYBODY);
		checked('sendto', () => sendto(this.#fd, packet, packet.length, 0, name, name.length));
	}

	/** In the background: the kernel waits until no processor uses the socket any more. */
	close(): void {
		close(this.#fd, () => {});
	}
}

/** A question for an address by its holder, which is how ARP announces. */
export function encodeArp(mac: string, address: string): Buffer {
	return encodeArpRequest(mac, { sender: address, target: address });
}

/** Source: RFC 4861, section 4.4. */
export function encodeAdvertisement(mac: string, address: string): Buffer {
	const body = Buffer.alloc(32);
	body[0] = NEIGHBOUR_ADVERTISEMENT;
	body.writeUInt32BE(OVERRIDE, 4);
	addressBytes(address).copy(body, 8);
	body[24] = TARGET_LINK_LAYER_ADDRESS;
	body[25] = 1;
	macBytes(mac).copy(body, 26);
	return encodeNeighbourPacket(body, { source: address, target: ALL_NODES6 });
}
