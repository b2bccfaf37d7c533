import { FAMILIES, type Family } from '#inet/family.ts';
import { hostEnd, hostMac } from '#model/cable.ts';
import type { EpairPart } from '#model/parts/epair.ts';
import { hasCode } from '#os/errno.ts';
import type { InterfaceAddress } from '#os/linux/netlink/route/addresses.ts';
import type { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import type { ConntrackFlusher } from '../firewall/conntrack-flusher.ts';
import type { PartHandler } from '../handler.ts';
import { allOrNothing, interfaceTaken, onceGone, refuse } from '../refusals.ts';
import type { Stacks } from '../sandbox/stacks.ts';
import { answerAtOnce, conf4, conf6, describeSetting, type HostSettings, type Setting } from './sysctl.ts';

/**
 * No IPv6 of the host's own on a container's cable: it would take addresses and routes that the container announces.
 * A routed end gets it with its first IPv6 address of an ipnet container.
 */
function settingsOf({ unit, routed }: EpairPart): Setting[] {
	const name = hostEnd(unit);
	const quiet: Setting[] = [[conf6(name, 'disable_ipv6'), 1]];
	if (!routed) return quiet;
	return [
		...quiet,
		[conf4(name, 'forwarding'), 1],
		[conf4(name, 'proxy_arp'), 1],
		// Not 2: without an address on the interface that is as strict as 1, and a container of several networks answers over
		// any of them. Forged sources are dropped by the rules.
		[conf4(name, 'rp_filter'), 0],
		[conf4(name, 'accept_redirects'), 0],
		answerAtOnce(name, 4),
	];
}

/** In silence where there is no IPv6: on a bridge with hundreds of ports whatever is said to everybody costs the host. */
function bringUp(inner: Rtnetlink, { inside, linkLocal }: EpairPart): void {
	try {
		if (!linkLocal) inner.links.set(inside, { linkLocal: false });
	} catch (error) {
		// A kernel without IPv6, or an interface whose MTU is too small for it.
		if (!hasCode(error, 'EAFNOSUPPORT')) throw error;
	}
	inner.links.set(inside, { up: true });
}

/** Addresses of each family whose connections are forgotten. */
const MOST_FORGOTTEN = 32;

/** Its own are the first ones; a container may give itself tens of thousands, and each takes a while. */
function firstOf(addresses: readonly InterfaceAddress[]): string[] {
	const of = (family: Family) => addresses.filter((one) => one.family === family).slice(0, MOST_FORGOTTEN);
	return FAMILIES.flatMap(of).map(({ address }) => address);
}

interface Context {
	readonly net: Rtnetlink;
	readonly settings: HostSettings;
	readonly stacks: Stacks;
	readonly conversations: Pick<ConntrackFlusher, 'forget'>;
}

/** A virtual cable between the host and the stack of a container: a veth pair. */
export class Epairs implements PartHandler<'epair'> {
	readonly #net: Rtnetlink;
	readonly #settings: HostSettings;
	readonly #stacks: Stacks;
	readonly #conversations: Pick<ConntrackFlusher, 'forget'>;

	constructor({ net, settings, stacks, conversations }: Context) {
		this.#net = net;
		this.#settings = settings;
		this.#stacks = stacks;
		this.#conversations = conversations;
	}

	make(part: EpairPart): void {
		const name = hostEnd(part.unit);
		allOrNothing((done) => {
			if (this.#create(part)) done(() => this.#net.links.delete(name));
			else this.#requireSame(part);
			this.#settings.write(...settingsOf(part));
			this.#net.links.set(name, { up: true });
			this.#stacks.enter(part.container, (inner) => bringUp(inner, part));
		});
	}

	/**
	 * Taking one end away takes the other one along, and the addresses that are on it. A device of somebody else under the
	 * same name is left alone.
	 */
	async unmake(part: EpairPart): Promise<void> {
		const link = this.#net.links.find(hostEnd(part.unit));
		if (link?.kind !== 'veth' || !link.peerElsewhere) return;
		const peer = this.#stacks.tryEnter(part.container, (inner) => {
			const found = inner.links.find(part.inside);
			return found ? { ...found, addresses: firstOf(inner.addresses.list(found.index)) } : null;
		});
		if (peer && (peer.index !== link.peer || peer.peer !== link.index)) return;
		await onceGone(['ENODEV'], this.#net.links.deleteInBackground(link.index));
		await this.#conversations.forget(...(peer?.addresses ?? []));
	}

	describe(verb: 'make' | 'unmake', part: EpairPart): string[] {
		const name = hostEnd(part.unit);
		if (verb === 'unmake') return [`ip link delete ${name}`];
		const mtu = part.mtu === undefined ? '' : ` mtu ${part.mtu}`;
		const outer = `ip link add ${name} address ${hostMac(part.mac)}${mtu} type veth`;
		return [
			`${outer} peer name ${part.inside} address ${part.mac}${mtu} netns ${part.container}`,
			...settingsOf(part).map(describeSetting),
			`ip link set ${name} up`,
			...(part.linkLocal ? [] : [`ip -n ${part.container} link set ${part.inside} addrgenmode none`]),
			`ip -n ${part.container} link set ${part.inside} up`,
		];
	}

	/** @returns false when one of the two names is in use */
	#create(part: EpairPart): boolean {
		const mtu = part.mtu === undefined ? {} : { mtu: part.mtu };
		const outer = { name: hostEnd(part.unit), mac: hostMac(part.mac), ...mtu };
		const namespace = this.#stacks.require(part.container);
		try {
			this.#net.links.createVeth(outer, { name: part.inside, mac: part.mac, ...mtu, namespace });
			return true;
		} catch (error) {
			if (hasCode(error, 'EEXIST')) return false;
			throw error;
		}
	}

	/** The same cable is one whose two ends point at each other and whose inner end has our MAC address. */
	#requireSame(part: EpairPart): void {
		const outer = this.#net.links.find(hostEnd(part.unit));
		const inner = this.#stacks.enter(part.container, (net) => net.links.find(part.inside));
		if (!outer)
			throw refuse('make', part, {
				code: 'INTERFACE_TAKEN',
				why: `the container has an interface ${part.inside} already`,
				hint: 'disconnect the container from the network of this interface',
			});
		const joined = outer.peer === inner?.index && inner.peer === outer.index && outer.peerElsewhere;
		if (!joined || outer.kind !== 'veth' || inner.mac !== part.mac.toLowerCase())
			throw interfaceTaken(part, outer.name, `does not lead to ${part.inside} of this container`);
		if (part.mtu !== undefined && part.mtu !== inner.mtu)
			throw interfaceTaken(part, outer.name, `has an MTU of ${inner.mtu}, not ${part.mtu}`);
	}
}
