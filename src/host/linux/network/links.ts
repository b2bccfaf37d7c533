import type { BridgePortPart } from '#model/parts/epair.ts';
import type { NetworkInterfacePart } from '#model/parts/network-interface.ts';
import { hasCode } from '#os/errno.ts';
import type { Link } from '#os/linux/netlink/link/links.ts';
import { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import { closeNamespace, createNamespace } from '#os/linux/netns.ts';
import type { PartHandler } from '../handler.ts';
import { allOrNothing, interfaceTaken, noInterface, onceGone, refuse, unlessGone } from '../refusals.ts';
import { conf4, conf6, describeSetting, type HostSettings, type Setting } from './sysctl.ts';

/**
 * The host does not configure itself or its routes from what containers announce, and lets answers come back over
 * another of a container's networks than the question went (loose reverse path filter). Forwarding comes with the first
 * gateway address or alias.
 */
function settingsOf(name: string): Setting[] {
	return [
		[conf4(name, 'rp_filter'), 2],
		[conf4(name, 'accept_redirects'), 0],
		[conf6(name, 'accept_ra'), 0],
		[conf6(name, 'accept_redirects'), 0],
		[conf6(name, 'autoconf'), 0],
		[conf6(name, 'accept_dad'), 0],
	];
}

/** The interface of a network: a bridge, or a dummy device (where the kernel has none, a bridge without ports). */
export class NetworkInterfaces implements PartHandler<'network-interface'> {
	readonly #net: Rtnetlink;
	readonly #settings: HostSettings;
	#dummies: boolean | undefined;

	constructor(net: Rtnetlink, settings: HostSettings) {
		this.#net = net;
		this.#settings = settings;
	}

	/** Whether the kernel has dummy devices, found out by making one in a namespace of its own. */
	hasDummies(): boolean {
		this.#dummies ??= probeDummy();
		return this.#dummies;
	}

	make(part: NetworkInterfacePart): void {
		allOrNothing((done) => {
			const created = this.#create(part);
			if (created) done(() => this.#net.links.delete(part.interface));
			else this.#requireSame(part);
			this.#settings.write(...settingsOf(part.interface));
			const mtu = created && part.mtu !== undefined ? { mtu: part.mtu } : {};
			this.#net.links.set(part.interface, { up: true, ...mtu });
		});
	}

	async unmake(part: NetworkInterfacePart): Promise<void> {
		const link = this.#net.links.find(part.interface);
		if (!link || !isOf(part, link)) return;
		const ports = link.kind === 'bridge' ? this.#net.links.list({ master: link.index }) : [];
		if (ports.length > 0)
			throw refuse('unmake', part, {
				code: 'IN_USE',
				why: `it has ports: ${ports.map((port) => port.name).join(', ')}`,
				hint: 'disconnect or stop the containers on it first',
			});
		await onceGone(['ENODEV'], this.#net.links.deleteInBackground(link.index));
	}

	describe(verb: 'make' | 'unmake', part: NetworkInterfacePart): string[] {
		const { interface: name, mac, mtu } = part;
		if (verb === 'unmake') return [`ip link delete ${name}`];
		const options = this.#kind(part) === 'bridge' ? 'type bridge forward_delay 0 stp_state 0' : 'type dummy';
		return [
			`ip link add ${name} address ${mac} ${options}`,
			...settingsOf(name).map(describeSetting),
			`ip link set ${name}${mtu === undefined ? '' : ` mtu ${mtu}`} up`,
		];
	}

	#kind({ type }: NetworkInterfacePart): 'bridge' | 'dummy' {
		return type === 'loopback' && this.hasDummies() ? 'dummy' : 'bridge';
	}

	/** @returns false when the name is in use */
	#create(part: NetworkInterfacePart): boolean {
		const link = { name: part.interface, mac: part.mac };
		try {
			if (this.#kind(part) === 'dummy') this.#net.links.createDummy(link);
			else this.#net.links.createBridge(link);
			return true;
		} catch (error) {
			if (hasCode(error, 'EEXIST')) return false;
			throw error;
		}
	}

	#requireSame(part: NetworkInterfacePart): void {
		const link = this.#net.links.get(part.interface);
		if (!isOf(part, link)) {
			const difference = `is a ${link.kind || 'physical'} device with the MAC address ${link.mac || 'none'}`;
			throw interfaceTaken(part, part.interface, difference);
		}
		if (part.mtu !== undefined && part.mtu !== link.mtu)
			throw interfaceTaken(part, part.interface, `has an MTU of ${link.mtu}, not ${part.mtu}`);
	}
}

function isOf(part: NetworkInterfacePart, link: Link): boolean {
	const kinds = part.type === 'loopback' ? ['dummy', 'bridge'] : ['bridge'];
	return kinds.includes(link.kind) && link.mac === part.mac.toLowerCase();
}

function probeDummy(): boolean {
	let found = false;
	const namespace = createNamespace(() => {
		const net = Rtnetlink.open();
		try {
			net.links.createDummy({ name: 'probe' });
			found = true;
		} catch (error) {
			if (!hasCode(error, 'EOPNOTSUPP')) throw error;
		} finally {
			net.close();
		}
	});
	closeNamespace(namespace);
	return found;
}

/** There where the kernel can pass what crosses a bridge through the firewall (br_netfilter). */
const BRIDGE_FILTER = 'net/bridge/bridge-nf-call-iptables';

/**
 * Membership of a host end in a bridge.
 *
 * Where the kernel passes what crosses a bridge through the firewall, it also translates there: a packet for a
 * published port, once it has the address of its container, is not routed but goes straight to that container's port.
 * So the port of a container that publishes
 * - is a hairpin, or the container would not reach itself;
 * - is not isolated by the bridge, or the isolated ports beside it would not reach what it publishes: the firewall,
 *   which such a bridge is made to ask, keeps it apart.
 */
export class BridgePorts implements PartHandler<'bridge-port'> {
	readonly #net: Rtnetlink;
	readonly #settings: HostSettings;

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
			if (this.#join(part, bridge, port)) done(() => this.#net.links.set(port.index, { master: 0 }));
			if (this.#leftToFirewall(part)) this.#net.bridges.filterPackets(bridge.index, bridge.name);
			const isolated = part.isolated && !this.#leftToFirewall(part);
			this.#net.bridgePorts.set(port.index, { isolated, hairpin: part.hairpin }, port.name);
		});
	}

	/** @returns false when it is a port of it already */
	#join(part: BridgePortPart, bridge: Link, port: Link): boolean {
		if (port.master === bridge.index) return false;
		if (port.master !== 0) {
			const other = this.#net.links.find(port.master)?.name ?? `#${port.master}`;
			throw refuse('make', part, {
				code: 'IN_USE',
				why: `it is a port of ${other}`,
				hint: `take it out with "ip link set ${part.interface} nomaster"`,
			});
		}
		this.#net.links.set(port.index, { master: bridge.index });
		return true;
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
		return lines;
	}

	#leftToFirewall({ isolated, hairpin }: BridgePortPart): boolean {
		return isolated && hairpin && this.#settings.read(BRIDGE_FILTER) !== undefined;
	}
}
