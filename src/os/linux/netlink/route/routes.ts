/** Routes: `ip route` (include/uapi/linux/rtnetlink.h). */

import { addressBytes, addressText } from '#inet/address.ts';
import { type Family, familyOf, widthOf } from '#inet/family.ts';
import { splitPrefix } from '#inet/prefix.ts';
import { hasCode } from '#os/errno.ts';
import { AF_INET, AF_INET6, addressFamily } from '../../address-family.ts';
import {
	type Attribute,
	type AttributeMap,
	attributeMap,
	bytes,
	encodeAttributes,
	readU32,
	u32,
} from '../attributes.ts';
import { FLAG } from '../messages.ts';
import type { NetlinkSocket } from '../socket.ts';

const NEWROUTE = 24;
const DELROUTE = 25;
const GETROUTE = 26;
const RTA = {
	DST: 1,
	SRC: 2,
	IIF: 3,
	OIF: 4,
	GATEWAY: 5,
	PRIORITY: 6,
	PREFSRC: 7,
	METRICS: 8,
	MULTIPATH: 9,
	TABLE: 15,
} as const;
/** Of RTA_METRICS. */
const RTAX_MTU = 2;
const MAIN_TABLE = 254;
/** Of the host's own addresses. */
const LOCAL_TABLE = 255;
/** A metric after those of routes that the kernel makes itself. */
const LATE = 4096;
/** Routing protocol number of static routes (RTPROT_STATIC). */
const PROTOCOL_STATIC = 4;
const SCOPE = { universe: 0, link: 253, nowhere: 255 } as const;
const UNICAST = 1;
const LOCAL = 2;
/** The gateway is on the link even if no address of the interface says so. */
const ONLINK = 4;
const CLONED = 0x200;
const STRUCT_SIZE = 12;
const NEXTHOP_SIZE = 8;

export interface Route {
	readonly family: Family;
	/** CIDR; `0.0.0.0/0` and `::/0` are the default. */
	readonly destination: string;
	/** Index of the interface (of the first next hop where there are several), 0 for none. */
	readonly link: number;
	/** `''` for a destination on the link. */
	readonly gateway: string;
	/** MTU that the route itself sets, or that routers on the way reported; 0: none, that of the interface holds. Bytes. */
	readonly mtu: number;
}

export interface NewRoute {
	/** CIDR. */
	readonly destination: string;
	readonly link: number;
	readonly gateway?: string;
	/** Address that packets by this route have as their source, where nothing else says so. */
	readonly source?: string;
	/** Take the gateway to be on the link although no address of the interface covers it. */
	readonly onlink?: boolean;
}

export interface RouteFilter {
	readonly family: Family;
	/** Index of the interface. */
	readonly link?: number;
}

export class Routes {
	readonly #socket: NetlinkSocket;

	constructor(socket: NetlinkSocket) {
		this.#socket = socket;
	}

	/** @throws NetlinkError, `EEXIST` when the destination has a route */
	add(route: NewRoute): void {
		this.#change(NEWROUTE, FLAG.CREATE | FLAG.EXCLUSIVE, route);
	}

	/**
	 * Take packets for an address in that come by this interface, as if it had the address. After routes over other
	 * interfaces that say so. It ends with the interface.
	 *
	 * @throws NetlinkError, `EEXIST` when it is there
	 */
	addLocal({ destination, link }: Pick<NewRoute, 'destination' | 'link'>): void {
		const payload = encodeRoute(NEWROUTE, { destination, link });
		payload[4] = LOCAL_TABLE;
		payload[7] = LOCAL;
		const words = `take packets for ${destination} in`;
		const later = encodeAttributes([u32(RTA.PRIORITY, LATE)]);
		this.#socket.request({ type: NEWROUTE, flags: FLAG.CREATE, payload: Buffer.concat([payload, later]), words });
	}

	replace(route: NewRoute): void {
		this.#change(NEWROUTE, FLAG.CREATE | FLAG.REPLACE, route);
	}

	/** @throws NetlinkError, `ESRCH` when there is none */
	remove(route: NewRoute): void {
		this.#change(DELROUTE, 0, route);
	}

	/**
	 * Which way a packet for an address would take.
	 *
	 * @param from the packet comes in there from that address; default: it is one of the host itself
	 * @returns undefined where there is none, or the host itself, or where what comes in there is not passed on
	 */
	towards(address: string, from?: { readonly source: string; readonly link: number }): Route | undefined {
		const { prefix } = splitPrefix(address);
		const head = Buffer.alloc(STRUCT_SIZE);
		head[0] = addressFamily(familyOf(address));
		head[1] = prefix;
		const attributes = [bytes(RTA.DST, addressBytes(address))];
		if (from) {
			head[2] = prefix;
			attributes.push(bytes(RTA.SRC, addressBytes(from.source)), u32(RTA.IIF, from.link));
		}
		const payload = Buffer.concat([head, encodeAttributes(attributes)]);
		try {
			const answer = this.#socket.request({ type: GETROUTE, payload, words: `look for a way to ${address}` });
			return answer && decodeWay(answer.payload);
		} catch (error) {
			if (hasCode(error, 'ENETUNREACH', 'EHOSTUNREACH', 'EACCES', 'EINVAL', 'EXDEV')) return undefined;
			throw error;
		}
	}

	/** Unicast routes of the main table. */
	list({ family, link }: RouteFilter): Route[] {
		const attributes = [u32(RTA.TABLE, MAIN_TABLE), ...(link === undefined ? [] : [u32(RTA.OIF, link)])];
		const head = Buffer.alloc(STRUCT_SIZE);
		head[0] = addressFamily(family);
		const payload = Buffer.concat([head, encodeAttributes(attributes)]);
		try {
			return this.#socket.dump({ type: GETROUTE, payload, words: 'list routes' }, decodeRoute);
		} catch (error) {
			// A namespace in which nothing was ever routed has no main table yet.
			if (hasCode(error, 'ENOENT')) return [];
			throw error;
		}
	}

	#change(type: number, flags: number, route: NewRoute): void {
		const verb = type === DELROUTE ? 'remove' : flags & FLAG.REPLACE ? 'replace' : 'add';
		const via = route.gateway === undefined ? '' : ` via ${route.gateway}`;
		this.#socket.request({
			type,
			flags,
			payload: encodeRoute(type, route),
			words: `${verb} route ${route.destination}${via}`,
		});
	}
}

function encodeRoute(type: number, { destination, link, gateway, source, onlink }: NewRoute): Buffer {
	const { address, prefix } = splitPrefix(destination);
	const target = addressBytes(address);
	const head = Buffer.alloc(STRUCT_SIZE);
	head[0] = target.length === 4 ? AF_INET : AF_INET6;
	head[1] = prefix;
	head[4] = MAIN_TABLE;
	if (type === NEWROUTE) {
		head[5] = PROTOCOL_STATIC;
		head[6] = gateway === undefined && target.length === 4 ? SCOPE.link : SCOPE.universe;
		head[7] = UNICAST;
	} else head[6] = SCOPE.nowhere;
	if (onlink) head.writeUInt32LE(ONLINK, 8);
	const attributes: Attribute[] = [u32(RTA.OIF, link)];
	if (prefix > 0) attributes.push(bytes(RTA.DST, target));
	if (source !== undefined) attributes.push(bytes(RTA.PREFSRC, addressBytes(source)));
	if (gateway !== undefined) attributes.push(bytes(RTA.GATEWAY, addressBytes(gateway)));
	return Buffer.concat([head, encodeAttributes(attributes)]);
}

function decodeRoute(payload: Buffer): Route | undefined {
	const attributes = attributeMap(payload.subarray(STRUCT_SIZE));
	const table = attributes.has(RTA.TABLE) ? readU32(attributes.get(RTA.TABLE)) : payload[4];
	if (table !== MAIN_TABLE || payload.readUInt32LE(8) & CLONED) return undefined;
	return decodeWay(payload);
}

function decodeWay(payload: Buffer): Route | undefined {
	if (payload[7] !== UNICAST) return undefined;
	const attributes = attributeMap(payload.subarray(STRUCT_SIZE));
	const family: Family = payload[0] === AF_INET ? 4 : 6;
	const target = attributes.get(RTA.DST) ?? Buffer.alloc(widthOf(family) / 8);
	const gateway = attributes.get(RTA.GATEWAY);
	return {
		family,
		destination: `${addressText(target)}/${payload[1]}`,
		link: firstLink(attributes),
		gateway: gateway ? addressText(gateway) : '',
		mtu: mtuOf(attributes.get(RTA.METRICS)),
	};
}

function mtuOf(metrics: Buffer | undefined): number {
	const mtu = metrics && attributeMap(metrics).get(RTAX_MTU);
	return mtu ? readU32(mtu) : 0;
}

function firstLink(attributes: AttributeMap): number {
	const hops = attributes.get(RTA.MULTIPATH);
	if (hops && hops.length >= NEXTHOP_SIZE) return hops.readInt32LE(4);
	return readU32(attributes.get(RTA.OIF));
}
