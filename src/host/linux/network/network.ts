import { withoutPrefix } from '#inet/prefix.ts';
import type { Comparison } from '#model/host/observed.ts';
import type { Part } from '#model/part.ts';
import { hasCode } from '#os/errno.ts';
import { findHolder } from '#os/linux/neighbours/address-probe.ts';
import { Conntrack } from '#os/linux/netlink/filter/conntrack.ts';
import { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import { compareNetwork } from '../comparison/network.ts';
import { compareSettings, compareUplinks } from '../comparison/settings.ts';
import { ConntrackFlusher } from '../firewall/conntrack-flusher.ts';
import type { PartHandlers } from '../handler.ts';
import { Paths } from '../paths.ts';
import { type Stack, type StackOwner, Stacks } from '../sandbox/stacks.ts';
import { InsideAddresses, InsideRoutes, InterfaceAddresses } from './addressing.ts';
import { Epairs } from './endpoints.ts';
import { Forwarding } from './forwarding.ts';
import { Holders } from './holders.ts';
import { ForwardingRestorer } from './ingress/forwarding-restorer.ts';
import { IpnetAddresses } from './ipnet-addresses.ts';
import { KernelRoutes } from './kernel-routes.ts';
import { LeaseClients } from './lease/lease-clients.ts';
import { BridgePorts } from './link/bridge-ports.ts';
import { NetworkInterfaces } from './link/links.ts';
import { ParentPorts } from './link/parent-ports.ts';
import { RateLimits } from './link/rate-limits.ts';
import { type ObservedNetwork, surveyNetwork } from './survey.ts';
import { HostSettings } from './sysctl.ts';

export type NetworkPartKind =
	| 'network-interface'
	| 'interface-address'
	| 'parent-port'
	| 'stack'
	| 'epair'
	| 'bridge-port'
	| 'inside-address'
	| 'inside-route'
	| 'lease-client'
	| 'ipnet-address'
	| 'rate-limit';

export interface LinuxNetworkOptions {
	/** Descriptor of the network namespace that is the host; default: that of the daemon. Stays the caller's. */
	readonly hostNamespace?: number | undefined;
	/** Of the stacks of vnet containers; default: the daemon itself. */
	readonly stackOwner?: StackOwner | undefined;
	/** Default: those of a daemon that has its files below /run. */
	readonly paths?: Paths;
}

/** Everything that Kleene does to the network of a Linux host, save the firewall. */
export class LinuxNetwork {
	readonly handlers: Pick<PartHandlers, NetworkPartKind>;
	/** For the uplink of a network with NAT: answers come in on it. */
	readonly forwarding: Forwarding;
	readonly leases: LeaseClients;
	readonly #net: Rtnetlink;
	readonly #host: number | undefined;
	readonly #settings: HostSettings;
	readonly #stacks: Stacks;
	readonly #conversations: ConntrackFlusher;
	readonly #interfaces: NetworkInterfaces;
	readonly #restorer: ForwardingRestorer;

	constructor({ hostNamespace, stackOwner, paths = new Paths('/run/kleene') }: LinuxNetworkOptions = {}) {
		const net = Rtnetlink.open(hostNamespace);
		const settings = new HostSettings(hostNamespace);
		this.#settings = settings;
		this.#host = hostNamespace;
		const stacks = new Stacks(stackOwner);
		this.#stacks = stacks;
		this.#net = net;
		this.forwarding = new Forwarding(settings, net);
		this.#restorer = new ForwardingRestorer({ net, forwarding: this.forwarding });
		const conversations = new ConntrackFlusher(Conntrack.open(hostNamespace), net);
		this.#conversations = conversations;
		const holders = new Holders(hostNamespace);
		this.#interfaces = new NetworkInterfaces(net, settings);
		this.leases = new LeaseClients(stacks, (container) => paths.leases(container));
		this.handlers = {
			'network-interface': this.#interfaces,
			'interface-address': new InterfaceAddresses(net, this.forwarding),
			'parent-port': new ParentPorts(net),
			stack: stacks,
			epair: new Epairs({ net, settings, stacks, conversations }),
			'bridge-port': new BridgePorts(net, settings),
			'inside-address': new InsideAddresses(stacks, conversations, holders),
			'inside-route': new InsideRoutes(stacks),
			'lease-client': this.leases,
			'rate-limit': new RateLimits(net, stacks),
			'ipnet-address': new IpnetAddresses({
				net,
				settings,
				stacks,
				conversations,
				forwarding: this.forwarding,
				holders,
			}),
		};
	}

	/** Finds out which way the kernel sends packets. */
	get paths(): KernelRoutes {
		const [net, settings, stacks] = [this.#net, this.#settings, this.#stacks];
		return new KernelRoutes({ net, settings, forwarding: this.forwarding, stacks });
	}

	/** See `HostDriver`. An interface that is down or gone has no neighbours. */
	async holder({ interface: name, address }: { interface: string; address: string }): Promise<string | undefined> {
		const link = this.#net.links.find(name);
		if (!link) return undefined;
		try {
			return await findHolder({ namespace: this.#host, link: link.index, mac: link.mac, address });
		} catch (error) {
			if (hasCode(error, 'ENETDOWN', 'ENXIO', 'ENODEV', 'EAFNOSUPPORT', 'EPERM')) return undefined;
			throw error;
		}
	}

	/** Of the host, without prefix. */
	ownAddresses(): ReadonlySet<string> {
		return new Set(this.#net.addresses.list().map(({ address }) => withoutPrefix(address)));
	}

	/** See `ForwardingRestorer.restore`. */
	restoreForwarding(...[indexes, log]: Parameters<ForwardingRestorer['restore']>): void {
		this.#restorer.restore(indexes, log);
	}

	/** Default routes and IPv6 link-local addresses are left out. */
	observe(): ObservedNetwork {
		return surveyNetwork(this.#net);
	}

	/** Compares state that the listings of `observe` do not contain. @param describe describes the making of a part */
	compare(
		expected: readonly Part[],
		describe: (part: Part) => readonly string[],
	): Pick<Comparison, 'stacks' | 'proxies' | 'differing'> {
		const found = compareNetwork({ net: this.#net, stacks: this.#stacks }, expected, describe);
		const settings = compareSettings(this.#settings, expected, describe);
		const uplinks = compareUplinks(this.forwarding, expected);
		const leases = this.leases.compare(expected);
		return { ...found, differing: [...found.differing, ...settings, ...uplinks, ...leases] };
	}

	/** Undefined when the container has no stack, or one that was not adopted after a restart. */
	stackOf(container: string): Stack | undefined {
		return this.#stacks.of(container);
	}

	/**
	 * Take hold of the stack of a running container after the daemon was started again: to be called before any part of
	 * that container is made or unmade.
	 *
	 * @param pid of any process in the container
	 * @returns false when there is no such process
	 */
	adoptStack(container: string, pid: number): boolean {
		return this.#stacks.adopt(container, pid);
	}

	/** Missing features of the kernel and their substitutes. */
	lacking(): string[] {
		return this.#interfaces.hasDummies() ? [] : ['no dummy devices: loopback networks are bridges without ports'];
	}

	/** Running containers keep their stacks; those of containers that never ran are gone. */
	close(): void {
		this.leases.close();
		this.#stacks.close();
		this.#conversations.close();
		this.#settings.close();
		this.#net.close();
	}
}
