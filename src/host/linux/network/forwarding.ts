/**
 * Which interfaces packets may come in on to be routed onward, one by one: `ip_forward` of the host stays as it is.
 *
 * IPv4: the flag of the interface a packet comes in on decides.
 * IPv6: that flag decides from Linux 6.17 on, under the name `force_forwarding`. Earlier kernels look at
 * `net.ipv6.conf.all.forwarding` alone; there it is turned on once and stays on, and interfaces that learn routes from
 * router advertisements are told to go on doing so (`accept_ra=2`).
 *
 * The kernel drops default routes learned from advertisements whenever any interface is made an IPv6 router, except
 * where `accept_ra` is 2, so it is 2 for the moment of the change.
 *
 * Changes to interfaces that are not Kleene's are noted in their `tag`, a number the kernel keeps for any program that
 * wants one: so it can be taken back when the last reason is gone, by a daemon that was started again too.
 */
import type { Family } from '#inet/family.ts';
import type { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import { unlessGone } from '../refusals.ts';
import { listUplinks } from './ingress/uplinks.ts';
import { answerAtOnce, conf4, conf6, describeSetting, type HostSettings } from './sysctl.ts';

export type Reason =
	/** The host has an address on it and is the router of a network. */
	| 'gateway'
	/** ipnet containers have addresses of the network on it. */
	| 'ipnet-address'
	/** The interface leads to the outside, so answers to containers come in on it. */
	| 'uplink';

const MARK = 0x4b4c_0000;
const REASON_BITS: Record<Reason, number> = { gateway: 1, 'ipnet-address': 2, uplink: 4 };
/** Reasons for which it was turned on here. */
const MASK: Record<Family, number> = { 4: 0x7, 6: 0x70 };
const SHIFT: Record<Family, number> = { 4: 0, 6: 4 };
/** Reasons for which it has to be on, whoever turned it on. */
const NEEDED = 8;

/** Settings that `allow` changes on a current kernel, as for sysctl(8). */
export function describeForwarding(name: string, family: Family): string {
	return describeSetting([family === 4 ? conf4(name, 'forwarding') : conf6(name, 'force_forwarding'), 1]);
}

export class Forwarding {
	readonly #settings: HostSettings;
	readonly #net: Rtnetlink;

	constructor(settings: HostSettings, net: Rtnetlink) {
		this.#settings = settings;
		this.#net = net;
	}

	allow(name: string, family: Family, reason: Reason): void {
		this.#settings.run(() => {
			// The interface went away, or the kernel has no IPv6.
			if (this.#settings.read(family === 4 ? conf4(name, 'forwarding') : conf6(name, 'forwarding')) === undefined)
				return;
			const noted = this.#noted(name);
			const ours = (noted & MASK[family]) !== 0;
			const on = this.isOn(name, family);
			if (!on) this.#turnOn(name, family);
			const bit = REASON_BITS[reason] << SHIFT[family];
			const reasons = noted | (bit << NEEDED) | (ours || !on ? bit : 0);
			if (reasons !== noted) this.#note(name, reasons);
		});
	}

	/** Turned off again when no reason is left and it was off before. */
	release(name: string, family: Family, reason: Reason): void {
		this.#settings.run(() => {
			const noted = this.#noted(name);
			const bit = REASON_BITS[reason] << SHIFT[family];
			const left = noted & ~(bit | (bit << NEEDED));
			if (left === noted) return;
			const wasOurs = (noted & MASK[family]) !== 0;
			if (wasOurs && (left & MASK[family]) === 0 && !this.#isWholeRouter(family)) this.#turnOff(name, family);
			this.#note(name, left);
		});
	}

	/** Whether the host passes on what comes in there without having been told so by us. */
	isRouter(name: string, family: Family): boolean {
		if (!this.isOn(name, family)) return false;
		return (this.#noted(name) & MASK[family]) === 0 || this.#isWholeRouter(family);
	}

	/** Whether there is a reason for it to be on, and it is off. */
	isLost(name: string, family: Family): boolean {
		return this.#settings.run(() => {
			const needed = this.#needed(name, family);
			if (needed === 0) return false;
			return !this.isOn(name, family) || this.#isNdpLost(name, family, needed);
		});
	}

	/** Turns it on again for the reasons that there are. */
	reopen(name: string, family: Family): void {
		this.#settings.run(() => {
			const needed = this.#needed(name, family);
			if (!this.isOn(name, family)) this.#turnOn(name, family);
			if (this.#isNdpLost(name, family, needed)) this.#becomeRouter(name);
			this.#note(name, this.#noted(name) | needed);
		});
	}

	/** Whether it is off on the end of a routed cable. One without IPv6 addresses has that disabled. */
	isCableLost(name: string, family: Family): boolean {
		if (family === 4) return this.#settings.read(conf4(name, 'forwarding')) === 0;
		return this.#settings.run(() => this.#settings.read(conf6(name, 'disable_ipv6')) === 0 && !this.isOn(name, 6));
	}

	reopenCable(name: string, family: Family): void {
		this.#settings.run(() => this.#turnOn(name, family));
	}

	/** Reasons of a family, as bits of those that it was turned on for. */
	#needed(name: string, family: Family): number {
		const noted = this.#noted(name);
		return ((noted >> NEEDED) | noted) & MASK[family];
	}

	/** Without it the host does not answer for addresses of containers, see `answerNdp`. */
	#isNdpLost(name: string, family: Family, needed: number): boolean {
		if (family === 4 || (needed & (REASON_BITS['ipnet-address'] << SHIFT[6])) === 0) return false;
		return this.#settings.read(conf6(name, 'proxy_ndp')) === 1 && this.#settings.read(conf6(name, 'forwarding')) !== 1;
	}

	/** Whether the user made the host a router on all its interfaces: `ip_forward`, or the same for IPv6. */
	#isWholeRouter(family: Family): boolean {
		if (family === 4) return this.#settings.read(conf4('all', 'forwarding')) === 1;
		// Earlier kernels know nothing else, and it was turned on here.
		const isSingle = this.#settings.read(conf6('all', 'force_forwarding')) !== undefined;
		return isSingle && this.#settings.read(conf6('all', 'forwarding')) === 1;
	}

	/** See `listUplinks`. */
	uplinks(): string[] {
		return listUplinks(this.#net);
	}

	/** Whether `allow` was asked for on this interface for this reason, and `release` not yet. */
	isNoted(name: string, family: Family, reason: Reason): boolean {
		return (this.#needed(name, family) & (REASON_BITS[reason] << SHIFT[family])) !== 0;
	}

	/**
	 * Let connections from the host's loopback out to an interface of ours, and their answers in, for published ports.
	 * Packets that arrive on it for 127.0.0.0/8 are dropped by the firewall (`guard`), for ::1 by the kernel before it looks at
	 * translations. For IPv6 there is no `route_localnet`; but the kernel takes a packet for ::1 only by a route over the
	 * interface it comes in on, so there is one, which ends with the interface.
	 */
	letLoopbackOut(name: string, family: Family): void {
		const link = family === 6 && this.#net.links.find(name);
		if (family === 4) this.#settings.run(() => this.#settings.write([conf4(name, 'route_localnet'), 1]));
		else if (link)
			unlessGone(['EEXIST'], () => this.#net.routes.addLocal({ destination: '::1/128', link: link.index }));
	}

	/** Answer NDP on an interface for containers behind it. The kernel does so on router interfaces only. */
	answerNdp(name: string): void {
		this.#settings.run(() => {
			this.#settings.write([conf6(name, 'proxy_ndp'), 1], answerAtOnce(name, 6));
			if (this.#settings.read(conf6(name, 'forwarding')) !== 1) this.#becomeRouter(name);
		});
	}

	/** Whether what comes in on an interface is passed on, whoever turned that on. */
	isOn(name: string, family: Family): boolean {
		if (family === 4) return this.#settings.read(conf4(name, 'forwarding')) === 1;
		return [conf6(name, 'force_forwarding'), conf6('all', 'forwarding')].some((one) => this.#settings.read(one) === 1);
	}

	#turnOn(name: string, family: Family): void {
		if (family === 4) this.#settings.write([conf4(name, 'forwarding'), 1]);
		else if (this.#settings.read(conf6(name, 'force_forwarding')) !== undefined)
			this.#settings.write([conf6(name, 'force_forwarding'), 1]);
		else this.#becomeRouter('all');
	}

	#turnOff(name: string, family: Family): void {
		if (family === 4) this.#settings.write([conf4(name, 'forwarding'), 0]);
		else
			this.#settings.write(
				[conf6(name, 'force_forwarding'), 0],
				[conf6(name, 'forwarding'), 0],
				[conf6(name, 'proxy_ndp'), 0],
			);
	}

	/** A router takes no advertisements unless told so, hence `accept_ra=2` stays on interfaces that become one. */
	#becomeRouter(name: string): void {
		const listening = this.#net.links
			.list()
			.map((link) => link.name)
			.filter((other) => this.#settings.read(conf6(other, 'accept_ra')) === 1);
		this.#settings.write(...listening.map((other) => [conf6(other, 'accept_ra'), 2] as const));
		this.#settings.write([conf6(name, 'forwarding'), 1]);
		const unchanged = name === 'all' ? [] : listening.filter((other) => other !== name);
		this.#settings.write(...unchanged.map((other) => [conf6(other, 'accept_ra'), 1] as const));
	}

	#noted(name: string): number {
		const tag = this.#settings.read(conf4(name, 'tag')) ?? 0;
		return (tag & 0xffff_0000) === MARK ? tag & 0xffff : 0;
	}

	#note(name: string, bits: number): void {
		const tag = this.#settings.read(conf4(name, 'tag')) ?? 0;
		if (tag === 0 || (tag & 0xffff_0000) === MARK)
			this.#settings.write([conf4(name, 'tag'), bits === 0 ? 0 : MARK | bits]);
	}
}
