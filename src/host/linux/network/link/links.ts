import type { NetworkInterfacePart } from '#model/parts/network-interface.ts';
import { hasCode } from '#os/errno.ts';
import type { Link } from '#os/linux/netlink/link/links.ts';
import { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import { closeNamespace, createNamespace } from '#os/linux/netns.ts';
import type { PartHandler } from '../../handler.ts';
import { allOrNothing, interfaceTaken, onceGone, refuse } from '../../refusals.ts';
import { conf4, conf6, describeSetting, type HostSettings, type Setting } from '../sysctl.ts';

/**
 * The host does not configure itself or its routes from what containers announce, and lets answers come back over
 * another of a container's networks than the question went (loose reverse path filter). Forwarding comes with the first
 * gateway address or address of an ipnet container.
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
			this.#limit(part);
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
		const { interface: name, mac, mtu, mostLearned } = part;
		if (verb === 'unmake') return [`ip link delete ${name}`];
		const limit = mostLearned === undefined ? '' : ` fdb_max_learned ${mostLearned}`;
		const options = this.#kind(part) === 'bridge' ? `type bridge forward_delay 0 stp_state 0${limit}` : 'type dummy';
		return [
			`ip link add ${name} address ${mac} ${options}`,
			...settingsOf(name).map(describeSetting),
			`ip link set ${name}${mtu === undefined ? '' : ` mtu ${mtu}`} up`,
		];
	}

	#limit({ interface: name, type, mostLearned = 0 }: NetworkInterfacePart): void {
		if (type !== 'bridge') return;
		const { index } = this.#net.links.get(name);
		const found = this.#net.bridges.mostLearned(index, name);
		if (found !== undefined && found !== mostLearned) this.#net.bridges.limitLearned(index, mostLearned, name);
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
