/** Interfaces: `ip link` (rtnetlink(7), include/uapi/linux/if_link.h). */
import { macBytes, macText } from '#inet/mac.ts';
import { AF_INET6 } from '../../address-family.ts';
import {
	type Attribute,
	attributeMap,
	bytes,
	encodeAttributes,
	nested,
	readText,
	readU32,
	text,
	u8,
	u32,
} from '../attributes.ts';
import { FLAG } from '../messages.ts';
import { NetlinkError, type NetlinkSocket, type Request } from '../socket.ts';
import { type LinkDeleter, LinkDeletions } from './deletions.ts';

const NEWLINK = 16;
const DELLINK = 17;
const GETLINK = 18;
const SETLINK = 19;
const IFLA = {
	ADDRESS: 1,
	IFNAME: 3,
	MTU: 4,
	LINK: 5,
	MASTER: 10,
	LINKINFO: 18,
	AF_SPEC: 26,
	GROUP: 27,
	NET_NS_FD: 28,
	EXT_MASK: 29,
	LINK_NETNSID: 37,
} as const;
const INFO_KIND = 1;
const INFO_DATA = 2;
const BRIDGE = { FORWARD_DELAY: 1, STP_STATE: 5 } as const;
const VETH_PEER = 1;
const VLAN_ID = 1;
/** Of `IFLA_AF_SPEC` for IPv6. */
const ADDR_GEN_MODE = 8;
const GENERATE = { eui64: 0, none: 1 } as const;
/** Counters are most of an answer and nobody here reads them. */
const WITHOUT_COUNTERS = u32(IFLA.EXT_MASK, 1 << 3);
const IFF_UP = 1;
const IFF_LOWER_UP = 0x1_0000;
const STRUCT_SIZE = 16;

export interface Link {
	readonly index: number;
	readonly name: string;
	/** `bridge`, `veth`, `dummy` ...; `''` for a physical one and for lo. */
	readonly kind: string;
	readonly up: boolean;
	/** Whether something is connected; a bridge has it while one of its ports has. */
	readonly carrier: boolean;
	/** `''` where it has none. */
	readonly mac: string;
	readonly mtu: number;
	/** Index of what it is a port of, else 0. */
	readonly master: number;
	/** Index of the other end of a veth pair, in the namespace of that end. */
	readonly peer: number;
	/** Whether the other end is in another namespace. */
	readonly peerElsewhere: boolean;
}

export type LinkId = number | string;

export interface LinkChanges {
	readonly up?: boolean;
	/** Index of a bridge, 0 for none. */
	readonly master?: number;
	readonly mac?: string;
	readonly mtu?: number;
	readonly name?: string;
	/** Whether it gives itself an IPv6 link-local address when it comes up. A kernel without IPv6 answers EAFNOSUPPORT. */
	readonly linkLocal?: boolean;
}

export interface NewLink {
	readonly name: string;
	readonly mac?: string;
	readonly mtu?: number;
	readonly up?: boolean;
}

/** A peer cannot be up from the start: the kernel joins the two ends after it made both. */
export interface NewPeer extends Omit<NewLink, 'up'> {
	/** Descriptor of the namespace in which it shall appear; default: that of the socket. */
	readonly namespace?: number;
}

export interface LinkFilter {
	readonly kind?: string;
	/** Index of the bridge whose ports are wanted. */
	readonly master?: number;
}

export class Links {
	readonly #socket: NetlinkSocket;
	readonly #deletions: LinkDeletions;

	constructor(socket: NetlinkSocket) {
		this.#socket = socket;
		this.#deletions = new LinkDeletions(deleterOf(socket));
	}

	/**
	 * A bridge without spanning tree, whose ports forward at once. Its MTU follows that of its ports, even where one is
	 * given here; setting it afterwards makes it stay.
	 */
	createBridge(link: NewLink): void {
		const options = [u32(BRIDGE.FORWARD_DELAY, 0), u32(BRIDGE.STP_STATE, 0)];
		this.#create('bridge', link, nested(INFO_DATA, options));
	}

	/** Kernels without the dummy driver answer EOPNOTSUPP. */
	createDummy(link: NewLink): void {
		this.#create('dummy', link);
	}

	/**
	 * Frames of one VLAN of another interface.
	 *
	 * @param parent index of that interface
	 * @throws NetlinkError EOPNOTSUPP where the kernel has no 8021q
	 */
	createVlan(link: NewLink, parent: number, id: number): void {
		const number = Buffer.alloc(2);
		number.writeUInt16LE(id);
		this.#create('vlan', link, nested(INFO_DATA, [bytes(VLAN_ID, number)]), [u32(IFLA.LINK, parent)]);
	}

	/** Both ends at once, the peer under its final name in its final namespace. */
	createVeth(link: NewLink, peer: NewPeer): void {
		const where = peer.namespace === undefined ? [] : [u32(IFLA.NET_NS_FD, peer.namespace)];
		const peerPayload = payload({}, [...describeLink(peer), ...where]);
		this.#create('veth', link, nested(INFO_DATA, [bytes(VETH_PEER, peerPayload)]));
	}

	#create(kind: string, link: NewLink, data?: Attribute, more: readonly Attribute[] = []): void {
		const info = nested(IFLA.LINKINFO, [text(INFO_KIND, kind), ...(data ? [data] : [])]);
		this.#socket.request({
			type: NEWLINK,
			flags: FLAG.CREATE | FLAG.EXCLUSIVE,
			payload: payload({ up: link.up }, [...describeLink(link), ...more, info]),
			words: `create ${kind} ${link.name}`,
		});
	}

	/** @throws NetlinkError, `ENODEV` when there is none */
	get(id: LinkId): Link {
		const message = this.#socket.request({
			type: GETLINK,
			payload: payload({ id }, [...nameOf(id), WITHOUT_COUNTERS]),
			words: `look up interface ${id}`,
		});
		if (!message) throw new Error(`the kernel confirmed interface ${id} without describing it`);
		return decodeLink(message.payload);
	}

	find(id: LinkId): Link | undefined {
		try {
			return this.get(id);
		} catch (error) {
			if (error instanceof NetlinkError && error.code === 'ENODEV') return undefined;
			throw error;
		}
	}

	list({ kind, master }: LinkFilter = {}): Link[] {
		const filters = [WITHOUT_COUNTERS];
		if (kind !== undefined) filters.push(nested(IFLA.LINKINFO, [text(INFO_KIND, kind)]));
		if (master !== undefined) filters.push(u32(IFLA.MASTER, master));
		return this.#socket.dump({ type: GETLINK, payload: payload({}, filters), words: 'list interfaces' }, decodeLink);
	}

	/** All changes in one message. A name can be changed only when the index says which interface is meant. */
	set(id: LinkId, changes: LinkChanges): void {
		const attributes = changes.name === undefined ? [...nameOf(id)] : [text(IFLA.IFNAME, changes.name)];
		if (changes.mac !== undefined) attributes.push(bytes(IFLA.ADDRESS, macBytes(changes.mac)));
		if (changes.mtu !== undefined) attributes.push(u32(IFLA.MTU, changes.mtu));
		if (changes.master !== undefined) attributes.push(u32(IFLA.MASTER, changes.master));
		if (changes.linkLocal !== undefined) attributes.push(addressGeneration(changes.linkLocal));
		this.#socket.request({
			type: SETLINK,
			payload: payload({ id, up: changes.up }, attributes),
			words: `set interface ${id}`,
		});
	}

	/** Takes tens of milliseconds. @throws NetlinkError, `ENODEV` when there is none */
	delete(id: LinkId): void {
		this.#socket.request(deletion(id));
	}

	/** The same while the main thread goes on, together with others. @param index @throws NetlinkError */
	deleteInBackground(index: number): Promise<void> {
		return this.#deletions.delete(index);
	}
}

function deletion(id: LinkId): Request {
	return { type: DELLINK, payload: payload({ id }, nameOf(id)), words: `delete interface ${id}` };
}

function deleterOf(socket: NetlinkSocket): LinkDeleter {
	return {
		group: (id, group) => {
			const words = `set the group of interface ${id}`;
			socket.request({ type: SETLINK, payload: payload({ id }, [u32(IFLA.GROUP, group)]), words });
		},
		deleteOne: (id) => socket.requestInBackground(deletion(id)),
		deleteGroup: (group) =>
			socket.requestInBackground({
				type: DELLINK,
				payload: payload({}, [u32(IFLA.GROUP, group)]),
				words: `delete the interfaces of group ${group}`,
			}),
	};
}

function nameOf(id: LinkId): Attribute[] {
	return typeof id === 'string' ? [text(IFLA.IFNAME, id)] : [];
}

/** `ip link set ... addrgenmode`. The kernel comes to it after `up`, so that both at once are too late. */
function addressGeneration(linkLocal: boolean): Attribute {
	const mode = u8(ADDR_GEN_MODE, linkLocal ? GENERATE.eui64 : GENERATE.none);
	return nested(IFLA.AF_SPEC, [nested(AF_INET6, [mode])]);
}

function describeLink({ name, mac, mtu }: NewLink): Attribute[] {
	const attributes = [text(IFLA.IFNAME, name)];
	if (mac !== undefined) attributes.push(bytes(IFLA.ADDRESS, macBytes(mac)));
	if (mtu !== undefined) attributes.push(u32(IFLA.MTU, mtu));
	return attributes;
}

/** `struct ifinfomsg` and what follows it. */
function payload(head: { id?: LinkId; up?: boolean | undefined }, attributes: readonly Attribute[]): Buffer {
	const buffer = Buffer.alloc(STRUCT_SIZE);
	if (typeof head.id === 'number') buffer.writeInt32LE(head.id, 4);
	if (head.up !== undefined) {
		buffer.writeUInt32LE(head.up ? IFF_UP : 0, 8);
		buffer.writeUInt32LE(IFF_UP, 12);
	}
	return Buffer.concat([buffer, encodeAttributes(attributes)]);
}

export function decodeLink(buffer: Buffer): Link {
	const attributes = attributeMap(buffer.subarray(STRUCT_SIZE));
	const info = attributes.get(IFLA.LINKINFO);
	return {
		index: buffer.readInt32LE(4),
		name: readText(attributes.get(IFLA.IFNAME)),
		kind: info ? readText(attributeMap(info).get(INFO_KIND)) : '',
		up: (buffer.readUInt32LE(8) & IFF_UP) !== 0,
		carrier: (buffer.readUInt32LE(8) & IFF_LOWER_UP) !== 0,
		mac: macText(attributes.get(IFLA.ADDRESS) ?? Buffer.of()),
		mtu: readU32(attributes.get(IFLA.MTU)),
		master: readU32(attributes.get(IFLA.MASTER)),
		peer: readU32(attributes.get(IFLA.LINK)),
		peerElsewhere: attributes.has(IFLA.LINK_NETNSID),
	};
}
