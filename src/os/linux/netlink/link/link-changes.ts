/** Notifications of interfaces and their addresses (rtnetlink(7)). */

import { attributeMap, readText } from '../attributes.ts';
import { decodeMessages } from '../messages.ts';
import { decodeAddress } from '../route/addresses.ts';
import type { Link } from './links.ts';

const NEWLINK = 16;
const DELLINK = 17;
const NEWADDR = 20;
const DELADDR = 21;
const NEWROUTE = 24;
const DELROUTE = 25;
const NEWNETCONF = 80;
/** `struct netconfmsg`, padded. */
const NETCONF_STRUCT_SIZE = 4;
const NETCONF_IFINDEX = 1;
const IFNAME = 3;
const IFF_UP = 1;
/** `struct ifinfomsg` */
const STRUCT_SIZE = 16;

export interface LinkChange {
	/** One that gets another name is gone under the old one and new under the new one. */
	readonly kind: 'link-new' | 'link-up' | 'link-down' | 'link-gone';
	readonly name: string;
	readonly index: number;
}

export interface AddressChange {
	readonly kind: 'address-changed';
	/** Of the interface; `''` for one that is not watched. */
	readonly name: string;
	/** Of the interface. */
	readonly index: number;
	/** With prefix. */
	readonly address: string;
	/** Whether the interface has it now. An address may be announced again without any change, by router advertisements. */
	readonly present: boolean;
}

export interface DefaultRouteChange {
	readonly kind: 'default-route-changed';
}

/** Index of all interfaces together (NETCONFA_IFINDEX_ALL). */
export const EVERY_INTERFACE = -1;

/** Interfaces do not forward any more, or all of them do. Interfaces that begin to, one by one, are not told. */
export interface ForwardingChange {
	readonly kind: 'forwarding-changed';
	readonly index: number;
}

export type HostChange = LinkChange | AddressChange | DefaultRouteChange | ForwardingChange;

type Known = Pick<Link, 'index' | 'name' | 'up'>;

/** Compares announcements with what was known before: most of them change nothing that counts here. */
export class LinkChanges {
	readonly #known = new Map<number, Known>();

	/** @param links all that are there */
	know(links: readonly Known[]): void {
		this.#known.clear();
		for (const { index, name, up } of links) this.#known.set(index, { index, name, up });
	}

	take(datagram: Buffer): HostChange[] {
		return decodeMessages(datagram).flatMap<HostChange>(({ type, payload }) => {
			if (type === NEWROUTE || type === DELROUTE) return [{ kind: 'default-route-changed' }];
			if (type === NEWADDR || type === DELADDR) return this.#address(type === NEWADDR, payload);
			if (type === NEWNETCONF) return this.#forwarding(payload);
			// A bridge speaks of its ports in the same words and means their membership.
			if (payload[0] !== 0) return [];
			if (type === NEWLINK) return this.#changed(decodeKnown(payload));
			return type === DELLINK ? this.#gone(payload.readInt32LE(4)) : [];
		});
	}

	#changed(link: Known): LinkChange[] {
		const { index, name, up } = link;
		const known = this.#known.get(index);
		this.#known.set(index, link);
		const is = (kind: LinkChange['kind']): LinkChange => ({ kind, name, index });
		if (known?.name === name) return known.up === up ? [] : [is(up ? 'link-up' : 'link-down')];
		const before: LinkChange[] = known ? [{ kind: 'link-gone', name: known.name, index }] : [];
		return [...before, is('link-new'), ...(up ? [is('link-up')] : [])];
	}

	#gone(index: number): LinkChange[] {
		const known = this.#known.get(index);
		this.#known.delete(index);
		return known ? [{ kind: 'link-gone', name: known.name, index }] : [];
	}

	#forwarding(payload: Buffer): ForwardingChange[] {
		const index = attributeMap(payload.subarray(NETCONF_STRUCT_SIZE)).get(NETCONF_IFINDEX)?.readInt32LE();
		return index === undefined ? [] : [{ kind: 'forwarding-changed', index }];
	}

	#address(present: boolean, payload: Buffer): AddressChange[] {
		const decoded = decodeAddress(payload);
		if (!decoded) return [];
		const { link: index, address } = decoded;
		return [{ kind: 'address-changed', name: this.#known.get(index)?.name ?? '', index, address, present }];
	}
}

function decodeKnown(payload: Buffer): Known {
	return {
		index: payload.readInt32LE(4),
		name: readText(attributeMap(payload.subarray(STRUCT_SIZE)).get(IFNAME)),
		up: (payload.readUInt32LE(8) & IFF_UP) !== 0,
	};
}
