import { type Family, familyOf } from '#inet/family.ts';
import { blockOfOne } from '#inet/prefix.ts';
import { hostEnd } from '#model/cable.ts';
import type { IpnetAddressPart } from '#model/parts/ipnet-address.ts';
import type { NewRoute } from '#os/linux/netlink/route/routes.ts';
import type { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import type { ConntrackFlusher } from '../firewall/conntrack-flusher.ts';
import type { PartHandler } from '../handler.ts';
import { allOrNothing, GONE, noInterface, unlessGone } from '../refusals.ts';
import type { Stacks } from '../sandbox/stacks.ts';
import { ensureAddress, ensureRoute, familyOption, ROUTER6 } from './addressing.ts';
import { describeForwarding, type Forwarding } from './forwarding.ts';
import type { Holders } from './holders.ts';
import { answerAtOnce, conf6, describeSetting, type HostSettings, type Setting } from './sysctl.ts';

type Done = (undo: () => void) => void;

interface Context {
	readonly net: Rtnetlink;
	readonly settings: HostSettings;
	readonly stacks: Stacks;
	readonly conversations: ConntrackFlusher;
	readonly forwarding: Forwarding;
	readonly holders: Holders;
}

/** Settings of a routed host end for IPv6; `disable_ipv6` last, when all is prepared. */
function settings6(name: string): Setting[] {
	return [
		[conf6(name, 'accept_ra'), 0],
		[conf6(name, 'autoconf'), 0],
		[conf6(name, 'accept_dad'), 0],
		[conf6(name, 'addr_gen_mode'), 1],
		[conf6(name, 'force_forwarding'), 1],
		[conf6(name, 'disable_ipv6'), 0],
	];
}

function describeAnswering(name: string, family: Family): string[] {
	const ndp: Setting[] = [
		[conf6(name, 'proxy_ndp'), 1],
		[conf6(name, 'forwarding'), 1],
	];
	const settings = [answerAtOnce(name, family), ...(family === 6 ? ndp : [])];
	return [describeForwarding(name, family), ...settings.map(describeSetting)];
}

/** An address of an ipnet container: routed to its epair, and answered for by the host on the network's interface. */
export class IpnetAddresses implements PartHandler<'ipnet-address'> {
	readonly #net: Rtnetlink;
	readonly #settings: HostSettings;
	readonly #stacks: Stacks;
	readonly #conversations: ConntrackFlusher;
	readonly #forwarding: Forwarding;
	readonly #holders: Holders;

	constructor({ net, settings, stacks, conversations, forwarding, holders }: Context) {
		this.#net = net;
		this.#settings = settings;
		this.#stacks = stacks;
		this.#conversations = conversations;
		this.#forwarding = forwarding;
		this.#holders = holders;
	}

	make(part: IpnetAddressPart): void {
		const network = this.#net.links.find(part.interface);
		if (!network) throw noInterface(part, part.interface);
		const epair = this.#net.links.find(hostEnd(part.unit));
		if (!epair) throw noInterface(part, hostEnd(part.unit));
		allOrNothing((done) => {
			if (familyOf(part.address) === 6) this.#prepare6(part);
			this.#configureInside(part, done);
			const route = hostRoute(part, epair.index);
			const isNew = ensureRoute(this.#net, part, route);
			if (isNew) done(() => this.#net.routes.remove(route));
			this.#answerFor(part, network.index);
			const { index: link, mac } = network;
			if (isNew) this.#holders.take({ link, mac, address: part.address });
		});
	}

	async unmake(part: IpnetAddressPart): Promise<void> {
		const network = this.#net.links.find(part.interface);
		const epair = this.#net.links.find(hostEnd(part.unit));
		if (network) this.#stopAnswering(part, network.index);
		if (epair)
			unlessGone(GONE, () => this.#net.routes.remove({ destination: blockOfOne(part.address), link: epair.index }));
		this.#stacks.tryEnter(part.container, (inner) => {
			const link = inner.links.find(part.inside);
			if (!link) return;
			unlessGone(GONE, () => inner.routes.remove(insideRoute(part, link.index)));
			unlessGone(GONE, () => inner.addresses.remove(link.index, blockOfOne(part.address), link.name));
		});
		await this.#conversations.forget(part.address);
	}

	describe(verb: 'make' | 'unmake', part: IpnetAddressPart): string[] {
		const name = hostEnd(part.unit);
		const family = familyOf(part.address);
		const action = verb === 'make' ? 'add' : 'delete';
		const inside = [`ip -n ${part.container} addr ${action} ${blockOfOne(part.address)} dev ${part.inside}`];
		const via = family === 6 ? `via ${ROUTER6} dev ${part.inside} onlink` : `dev ${part.inside} scope link`;
		inside.push(`ip ${familyOption(family)}-n ${part.container} route ${action} ${part.subnet} ${via}`);
		const source = part.hostAddress === '' ? '' : ` src ${part.hostAddress}`;
		const host = [
			`ip ${familyOption(family)}route ${action} ${blockOfOne(part.address)} dev ${name}${source}`,
			`ip ${familyOption(family)}neigh ${action} proxy ${part.address} dev ${part.interface}`,
		];
		if (verb === 'unmake') return [...host.toReversed(), ...inside.toReversed()];
		host.push(...describeAnswering(part.interface, family));
		const prepare = family === 4 ? [] : settings6(name).map(describeSetting);
		if (family === 6) prepare.push(`ip addr add ${ROUTER6}/64 dev ${name} nodad`);
		return [...prepare, ...inside, ...host];
	}

	/** Stays when the address goes: it ends with the epair. */
	#prepare6(part: IpnetAddressPart): void {
		const name = hostEnd(part.unit);
		this.#settings.write(...settings6(name));
		ensureAddress(this.#net, this.#net.links.get(name), { part, address: `${ROUTER6}/64` });
	}

	#configureInside(part: IpnetAddressPart, done: Done): void {
		const { container, inside } = part;
		this.#stacks.enter(container, (inner) => {
			const link = inner.links.get(inside);
			if (ensureAddress(inner, link, { part, address: blockOfOne(part.address) }))
				done(() => this.#stacks.enter(container, (net) => net.addresses.remove(link.index, blockOfOne(part.address))));
			const route = insideRoute(part, link.index);
			if (ensureRoute(inner, part, route)) done(() => this.#stacks.enter(container, (net) => net.routes.remove(route)));
		});
	}

	#answerFor(part: IpnetAddressPart, network: number): void {
		const family = familyOf(part.address);
		allOrNothing((done) => {
			this.#net.neighbours.addProxy({ link: network, address: part.address });
			done(() => this.#stopAnswering(part, network));
			this.#forwarding.allow(part.interface, family, 'ipnet-address');
			if (family === 6) this.#forwarding.answerNdp(part.interface);
			else this.#settings.write(answerAtOnce(part.interface, 4));
		});
	}

	#stopAnswering({ interface: name, address }: IpnetAddressPart, network: number): void {
		const family = familyOf(address);
		unlessGone(GONE, () => this.#net.neighbours.removeProxy({ link: network, address }));
		if (!this.#forwarding.isNoted(name, family, 'ipnet-address')) return;
		if (this.#net.neighbours.listProxies(family, network).length === 0)
			this.#forwarding.release(name, family, 'ipnet-address');
	}
}

/** The host speaks from its address on the network, or the container would answer over another of its networks. */
function hostRoute(part: IpnetAddressPart, link: number): NewRoute {
	const route = { destination: blockOfOne(part.address), link };
	return part.hostAddress === '' ? route : { ...route, source: part.hostAddress };
}

/** To the other members of the network. */
function insideRoute({ address, subnet }: IpnetAddressPart, link: number): NewRoute {
	const route = { destination: subnet, link };
	return familyOf(address) === 4 ? { ...route, source: address } : { ...route, gateway: ROUTER6, onlink: true };
}
