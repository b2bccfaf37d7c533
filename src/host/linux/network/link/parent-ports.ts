import { type ParentPortPart, parentPortInterface } from '#model/parts/network-interface.ts';
import { hasCode } from '#os/errno.ts';
import type { Link } from '#os/linux/netlink/link/links.ts';
import type { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import type { PartHandler } from '../../handler.ts';
import { allOrNothing, noInterface, refuse, unlessGone } from '../../refusals.ts';
import { joinBridge } from './bridge-ports.ts';

/**
 * An interface that somebody else made, or a VLAN of it, as a port of a bridge. The port learns and floods like any
 * other one of a switch, and is brought up. Its addresses would stop working, so it has none: the engine sees to that (ADR 17).
 */
export class ParentPorts implements PartHandler<'parent-port'> {
	readonly #net: Rtnetlink;

	constructor(net: Rtnetlink) {
		this.#net = net;
	}

	make(part: ParentPortPart): void {
		const bridge = this.#net.links.find(part.bridge);
		if (!bridge) throw noInterface(part, part.bridge);
		const parent = this.#net.links.find(part.parent);
		if (!parent) throw noInterface(part, part.parent);
		allOrNothing((done) => {
			if (part.vlan !== undefined) {
				if (this.#createVlan(part, parent, part.vlan)) done(() => this.#net.links.delete(parentPortInterface(part)));
				this.#net.links.set(parent.index, { up: true });
			}
			const port = this.#net.links.get(parentPortInterface(part));
			if (joinBridge(this.#net, part, { bridge, port })) done(() => this.#net.links.set(port.index, { master: 0 }));
			this.#net.links.set(port.index, { up: true });
		});
	}

	/** @returns false when it is there already */
	#createVlan(part: ParentPortPart, parent: Link, id: number): boolean {
		const name = parentPortInterface(part);
		try {
			this.#net.links.createVlan({ name }, parent.index, id);
			return true;
		} catch (error) {
			if (hasCode(error, 'EEXIST')) return false;
			if (!hasCode(error, 'EOPNOTSUPP', 'ENOTSUP')) throw error;
			throw refuse('make', part, {
				code: 'UNSUPPORTED_HERE',
				why: 'this kernel has no VLAN interfaces (module 8021q)',
				hint: 'load the module with "modprobe 8021q", or use an interface of the host without --vlan',
			});
		}
	}

	/** The parent is left as it is otherwise; a VLAN interface goes with the port. */
	unmake(part: ParentPortPart): void {
		const port = this.#net.links.find(parentPortInterface(part));
		if (!port) return;
		const bridge = this.#net.links.find(part.bridge);
		if (port.master !== 0 && bridge?.index === port.master)
			unlessGone(['ENODEV'], () => this.#net.links.set(port.index, { master: 0 }));
		else if (port.master !== 0) return;
		if (part.vlan !== undefined && port.kind === 'vlan')
			unlessGone(['ENODEV'], () => this.#net.links.delete(port.index));
	}

	describe(verb: 'make' | 'unmake', part: ParentPortPart): string[] {
		const { bridge, parent, vlan } = part;
		const name = parentPortInterface(part);
		if (verb === 'unmake') return [vlan === undefined ? `ip link set ${name} nomaster` : `ip link delete ${name}`];
		return [
			...(vlan === undefined
				? []
				: [`ip link set ${parent} up`, `ip link add link ${parent} name ${name} type vlan id ${vlan}`]),
			`ip link set ${name} master ${bridge} up`,
		];
	}
}
