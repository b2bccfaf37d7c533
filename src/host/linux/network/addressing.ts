import { type Family, familyOf } from '#inet/family.ts';
import { EVERYWHERE, splitPrefix, withoutPrefix } from '#inet/prefix.ts';
import type { Part } from '#model/part.ts';
import type { InsideAddressPart, InsideRoutePart } from '#model/parts/inside.ts';
import type { InterfaceAddressPart } from '#model/parts/network-interface.ts';
import { hasCode } from '#os/errno.ts';
import type { Link } from '#os/linux/netlink/link/links.ts';
import type { NewRoute } from '#os/linux/netlink/route/routes.ts';
import type { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import type { ConntrackFlusher } from '../firewall/conntrack-flusher.ts';
import type { PartHandler } from '../handler.ts';
import { allOrNothing, GONE, noInterface, refuse, unlessGone } from '../refusals.ts';
import type { Stacks } from '../sandbox/stacks.ts';
import { describeForwarding, type Forwarding } from './forwarding.ts';
import type { Holders } from './holders.ts';

/**
 * The host on every routed cable, as the next hop of IPv6. IPv4 needs none, since the host answers ARP for every
 * address it has a route to; for NDP the kernel would want an entry for each destination.
 */
export const ROUTER6 = 'fe80::1';

/** `-6 ` where `ip` needs to be told. */
export function familyOption(family: Family): string {
	return family === 6 ? '-6 ' : '';
}

/** @returns whether it was added, false when it was there */
export function ensureAddress(net: Rtnetlink, link: Link, { part, address }: { part: Part; address: string }): boolean {
	try {
		net.addresses.add(link.index, address, link.name);
		return true;
	} catch (error) {
		if (!hasCode(error, 'EEXIST')) throw error;
	}
	const bare = withoutPrefix(address);
	const there = net.addresses.list(link.index).map((entry) => entry.address);
	if (there.includes(address)) return false;
	throw refuse('make', part, {
		code: 'ADDRESS_TAKEN',
		why: `${link.name} has ${there.find((other) => withoutPrefix(other) === bare) ?? 'it'} already`,
		hint: `remove it with "ip address delete", or choose another address`,
	});
}

/** @returns whether it was added, false when it was there */
export function ensureRoute(net: Rtnetlink, part: Part, route: NewRoute): boolean {
	try {
		net.routes.add(route);
		return true;
	} catch (error) {
		if (!hasCode(error, 'EEXIST')) throw error;
	}
	const all = net.routes.list({ family: familyOf(route.destination) });
	const there = all.find((entry) => entry.destination === route.destination);
	if (there?.link === route.link && there.gateway === (route.gateway ?? '')) return false;
	const device = there ? (net.links.find(there.link)?.name ?? `#${there.link}`) : 'another interface';
	const via = there?.gateway ? `over ${there.gateway} on ${device}` : `over ${device}`;
	throw refuse('make', part, {
		code: route.destination.endsWith('/0') ? 'HOST_FAILED' : 'ADDRESS_TAKEN',
		why: `${route.destination} is routed ${via} already`,
		hint: `remove that route with "ip route delete ${route.destination}", or choose another address`,
	});
}

/** An address of the host on a network: with it the host is the gateway, so it routes what comes in there. */
export class InterfaceAddresses implements PartHandler<'interface-address'> {
	readonly #net: Rtnetlink;
	readonly #forwarding: Forwarding;

	constructor(net: Rtnetlink, forwarding: Forwarding) {
		this.#net = net;
		this.#forwarding = forwarding;
	}

	make(part: InterfaceAddressPart): void {
		const link = this.#net.links.find(part.interface);
		if (!link) throw noInterface(part, part.interface);
		allOrNothing((done) => {
			if (ensureAddress(this.#net, link, { part, address: part.address }))
				done(() => this.#net.addresses.remove(link.index, part.address, link.name));
			this.#forwarding.allow(link.name, familyOf(part.address), 'gateway');
		});
	}

	unmake(part: InterfaceAddressPart): void {
		const link = this.#net.links.find(part.interface);
		if (!link) return;
		unlessGone(GONE, () => this.#net.addresses.remove(link.index, part.address, link.name));
		this.#forwarding.release(link.name, familyOf(part.address), 'gateway');
	}

	describe(verb: 'make' | 'unmake', { address, interface: name }: InterfaceAddressPart): string[] {
		if (verb === 'unmake') return [`ip addr delete ${address} dev ${name}`];
		return [`ip addr add ${address} dev ${name}`, describeForwarding(name, familyOf(address))];
	}
}

/** An address on the inner end of a vnet container. */
export class InsideAddresses implements PartHandler<'inside-address'> {
	readonly #stacks: Stacks;
	readonly #conversations: ConntrackFlusher;
	readonly #holders: Holders;

	constructor(stacks: Stacks, conversations: ConntrackFlusher, holders: Holders) {
		this.#stacks = stacks;
		this.#conversations = conversations;
		this.#holders = holders;
	}

	make(part: InsideAddressPart): void {
		this.#stacks.enter(part.container, (net) => {
			const link = net.links.get(part.interface);
			if (!ensureAddress(net, link, { part, address: part.address })) return;
			const { address } = splitPrefix(part.address);
			this.#holders.take({ link: link.index, mac: link.mac, address }, this.#stacks.require(part.container));
		});
	}

	async unmake(part: InsideAddressPart): Promise<void> {
		this.#stacks.tryEnter(part.container, (net) => {
			const link = net.links.find(part.interface);
			if (link) unlessGone(GONE, () => net.addresses.remove(link.index, part.address, link.name));
		});
		await this.#conversations.forget(part.address);
	}

	describe(verb: 'make' | 'unmake', { container, address, interface: name }: InsideAddressPart): string[] {
		return [`ip -n ${container} addr ${verb === 'make' ? 'add' : 'delete'} ${address} dev ${name}`];
	}
}

/** The default route of one family inside a vnet container. */
export class InsideRoutes implements PartHandler<'inside-route'> {
	readonly #stacks: Stacks;

	constructor(stacks: Stacks) {
		this.#stacks = stacks;
	}

	make(part: InsideRoutePart): void {
		this.#stacks.enter(part.container, (net) => {
			const { index } = net.links.get(part.interface);
			if (part.replaces) net.routes.replace(defaultRoute(part, index));
			else ensureRoute(net, part, defaultRoute(part, index));
		});
	}

	unmake(part: InsideRoutePart): void {
		this.#stacks.tryEnter(part.container, (net) => {
			const link = net.links.find(part.interface);
			if (!link) return;
			if (part.replaces) giveBack(net, { ...part, ...part.replaces }, link.index);
			else unlessGone(GONE, () => net.routes.remove(defaultRoute(part, link.index)));
		});
	}

	describe(verb: 'make' | 'unmake', part: InsideRoutePart): string[] {
		const { container, family, gateway, interface: name } = part;
		const action = verb === 'unmake' ? 'delete' : part.replaces ? 'replace' : 'add';
		const routed = family === 6 ? `via ${ROUTER6} dev ${name} onlink` : `dev ${name} scope link`;
		const way = gateway === '' ? routed : `via ${gateway} dev ${name}`;
		return [`ip ${familyOption(family)}-n ${container} route ${action} default ${way}`];
	}
}

/** The route that was there before, unless it still is. @param taken index of the interface that took its place */
function giveBack(net: Rtnetlink, before: InsideRoutePart, taken: number): void {
	const { family, interface: name } = before;
	const ways = net.routes.list({ family, link: taken });
	const link = net.links.find(name);
	if (link && ways.some(({ destination }) => destination === EVERYWHERE[family]))
		net.routes.replace(defaultRoute(before, link.index));
}

function defaultRoute({ family, gateway, source }: InsideRoutePart, link: number): NewRoute {
	const route = { destination: EVERYWHERE[family], link };
	if (gateway !== '') return { ...route, gateway };
	if (family === 4) return { ...route, ...(source ? { source } : {}) };
	return { ...route, gateway: ROUTER6, onlink: true };
}
