import type { BridgePortPart } from '#model/parts/epair.ts';
import type { ParentPortPart } from '#model/parts/network-interface.ts';
import type { Link } from '#os/linux/netlink/link/links.ts';
import type { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import type { PartHandler } from '../../handler.ts';
import { allOrNothing, noInterface, refuse, unlessGone } from '../../refusals.ts';
import type { HostSettings } from '../sysctl.ts';

/** There where the kernel can pass what crosses a bridge through the firewall (br_netfilter). */
const BRIDGE_FILTER = 'net/bridge/bridge-nf-call-iptables';

/**
 * The host end of a cable as a port of a bridge.
 *
 * If the kernel passes bridged packets through the firewall, it also translates them there: a packet for a
 * published port, once it has the address of its container, is not routed but goes straight to that container's port.
 * So the port of a container that publishes
 * - is a hairpin, or the container would not reach itself;
 * - is not isolated by the bridge, or the isolated ports beside it would not reach what it publishes: the firewall,
 *   which such a bridge is made to ask, keeps it apart.
 *
 * The address of its container is pinned to the port, so no other container gets its frames by sending from it, and a full
 * table does not matter. How many others a bridge learns is limited; where the kernel cannot do that its ports learn none,
 * and frames for what is behind a container that is a bridge itself go to all ports.
 */
export class BridgePorts implements PartHandler<'bridge-port'> {
	readonly #net: Rtnetlink;
	readonly #settings: HostSettings;
	/** Whether this kernel limits how many addresses a bridge learns. */
	#limits: boolean | undefined;

	constructor(net: Rtnetlink, settings: HostSettings) {
		this.#net = net;
		this.#settings = settings;
	}

	make(part: BridgePortPart): void {
		const bridge = this.#net.links.find(part.bridge);
		if (!bridge) throw noInterface(part, part.bridge);
		const port = this.#net.links.find(part.interface);
		if (!port) throw noInterface(part, part.interface);
		allOrNothing((done) => {
			if (joinBridge(this.#net, part, { bridge, port })) done(() => this.#net.links.set(port.index, { master: 0 }));
			if (this.#leftToFirewall(part)) this.#net.bridges.filterPackets(bridge.index, bridge.name);
			const isolated = part.isolated && !this.#leftToFirewall(part);
			const learning = part.mac === undefined || this.#limitsLearning(bridge);
			this.#net.bridgePorts.set(port.index, { isolated, hairpin: part.hairpin, learning }, port.name);
			if (part.mac !== undefined) this.#net.pinnedAddresses.add({ link: port.index, mac: part.mac }, port.name);
		});
	}

	#limitsLearning(bridge: Link): boolean {
		this.#limits ??= this.#net.bridges.mostLearned(bridge.index, bridge.name) !== undefined;
		return this.#limits;
	}

	unmake(part: BridgePortPart): void {
		const port = this.#net.links.find(part.interface);
		if (!port || port.master === 0) return;
		if (this.#net.links.find(part.bridge)?.index !== port.master) return;
		unlessGone(['ENODEV'], () => this.#net.links.set(port.index, { master: 0 }));
	}

	describe(verb: 'make' | 'unmake', part: BridgePortPart): string[] {
		if (verb === 'unmake') return [`ip link set ${part.interface} nomaster`];
		const lines = [`ip link set ${part.interface} master ${part.bridge}`];
		const left = this.#leftToFirewall(part);
		if (left) lines.push(`ip link set ${part.bridge} type bridge nf_call_iptables 1 nf_call_ip6tables 1`);
		if (part.isolated && !left) lines.push(`bridge link set dev ${part.interface} isolated on`);
		if (part.hairpin) lines.push(`bridge link set dev ${part.interface} hairpin on`);
		if (part.mac !== undefined) lines.push(`bridge fdb replace ${part.mac} dev ${part.interface} master static sticky`);
		return lines;
	}

	#leftToFirewall({ isolated, hairpin }: BridgePortPart): boolean {
		return isolated && hairpin && this.#settings.read(BRIDGE_FILTER) !== undefined;
	}
}

/**
 * Makes an interface a port of a bridge.
 *
 * @returns false when it is a port of it already
 * @throws IN_USE when it is a port of another one
 */
export function joinBridge(
	net: Rtnetlink,
	part: BridgePortPart | ParentPortPart,
	{ bridge, port }: { readonly bridge: Link; readonly port: Link },
): boolean {
	if (port.master === bridge.index) return false;
	if (port.master !== 0) {
		const other = net.links.find(port.master)?.name ?? `#${port.master}`;
		throw refuse('make', part, {
			code: 'IN_USE',
			why: `it is a port of ${other}`,
			hint: `take it out with "ip link set ${port.name} nomaster"`,
		});
	}
	net.links.set(port.index, { master: bridge.index });
	return true;
}
