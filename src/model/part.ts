/**
 * A part is one thing that Kleene puts on a host: an interface, an address, a mount, a sandbox.
 * Parts are plain data and name what they are for, never how a host does it; both hosts know the same ones.
 * A host makes and unmakes a part, and both are safe to repeat.
 *
 * Addresses are canonical text; where a prefix belongs to them it is written, e.g. `10.4.6.1/24`, `fd00::2/64`.
 */
import type { Family } from '#inet/family.ts';
import type { ImageSource } from './image.ts';
import type { Mount } from './mount.ts';
import type { SandboxSpec } from './sandbox.ts';

/** The interface of a network: a bridge that is up, or a loopback-like one that has no ports. */
export interface NetworkInterfacePart {
	readonly kind: 'network-interface';
	/** At most 15 characters, e.g. `kleene0`. */
	readonly interface: string;
	readonly type: 'bridge' | 'loopback';
	readonly mac: string;
	/** Bytes; absent: what the host gives. */
	readonly mtu?: number;
}

/** An address on an interface of the host, e.g. the gateway on a bridge. */
export interface InterfaceAddressPart {
	readonly kind: 'interface-address';
	readonly interface: string;
	/** With prefix. */
	readonly address: string;
}

/**
 * A network stack of a container's own: a network namespace, or a jail without processes. Its loopback interface is up.
 */
export interface StackPart {
	readonly kind: 'stack';
	readonly container: string;
	/** For hosts where the stack is not to be had without the rest of the isolation. */
	readonly spec?: SandboxSpec;
}

/** A virtual cable: `epair<unit>a` on the host, `inside` in the container's stack. Both ends are up. */
export interface EpairPart {
	readonly kind: 'epair';
	readonly container: string;
	/** Unique on the host while it exists. */
	readonly unit: number;
	/** Name of the inner end, e.g. `epair0b` (vnet) or the network's interface name (ipnet). */
	readonly inside: string;
	/** Of the inner end. */
	readonly mac: string;
	readonly mtu?: number;
	/**
	 * Whether the inner end gives itself an IPv6 link-local address, which it announces to everybody on the network: only
	 * where the network has IPv6. For hosts that would do so unasked.
	 */
	readonly linkLocal?: boolean;
	/** True for ipnet: the host end routes and answers for the host instead of being a bridge port. */
	readonly routed: boolean;
}

/** Membership of a host end in a bridge. */
export interface BridgePortPart {
	readonly kind: 'bridge-port';
	readonly bridge: string;
	/** E.g. `epair0a`. */
	readonly interface: string;
	/** True: exchanges nothing with the other isolated ports of the bridge. */
	readonly isolated: boolean;
	/** True: what it sends to a port that it publishes comes back to itself. */
	readonly hairpin: boolean;
}

/** An address on the inner end of a vnet container. */
export interface InsideAddressPart {
	readonly kind: 'inside-address';
	readonly container: string;
	readonly interface: string;
	/** With the prefix of the subnet. */
	readonly address: string;
}

/** The default route of one family inside a container. */
export interface InsideRoutePart {
	readonly kind: 'inside-route';
	readonly container: string;
	/** Name of the inner end. */
	readonly interface: string;
	readonly family: Family;
	/** `''` on a routed cable: the host at its other end, by whatever name it goes there. */
	readonly gateway: string;
	/** Address that is spoken from; absent: any that the interface has. */
	readonly source?: string;
}

/**
 * An address of an ipnet container: reachable from the network as if it sat on its interface, and the only one that
 * the container may use. On Linux: the host route to the epair, the proxy neighbour entry on the network's interface,
 * the /32 or /128 inside. On FreeBSD: an alias and a jail parameter.
 */
export interface AliasPart {
	readonly kind: 'alias';
	readonly container: string;
	/** The network's interface on the host. */
	readonly interface: string;
	readonly unit: number;
	/** Name of the inner end. */
	readonly inside: string;
	/** Without prefix. */
	readonly address: string;
	/** Block of the network: its other members are reached over this cable and no other. */
	readonly subnet: string;
	/** Address of the host on the network, from which it speaks to the container; `''`: none. */
	readonly hostAddress: string;
	/** What a firewall has to be told of an address on the host's own stack; absent where the container has one of its own. */
	readonly member?: AliasMembership;
}

/** The network that an address belongs to, as far as the firewall treats its addresses one by one. */
export interface AliasMembership {
	/** Id. */
	readonly network: string;
	/** True: not the whole subnet belongs to containers. */
	readonly shared: boolean;
	readonly icc: boolean;
}

/** What the firewall knows of a network: who may reach whom, and how its traffic is translated on the way out. */
export interface NetworkFilterPart {
	readonly kind: 'network-filter';
	/** Id of the network. */
	readonly network: string;
	readonly interface: string;
	/** Addresses of the host within the subnets, for hosts whose rules tell containers by their address. */
	readonly gateways?: readonly string[];
	/** Addresses of the host on which names are answered, within the subnets; absent: none. */
	readonly resolvers?: readonly string[];
	/** True: the interface is the host's own, and others use it too. */
	readonly shared: boolean;
	/** CIDR, `''` where the family is not used. */
	readonly subnet: string;
	readonly subnet6: string;
	readonly icc: boolean;
	readonly internal: boolean;
	/** Interface whose address outgoing IPv4 traffic takes, `''` for none. */
	readonly nat: string;
	/** The same for IPv6; absent: none. */
	readonly nat6?: string;
	/** Interface that leads to the outside, on which answers come back, `''` for none. */
	readonly uplink: string;
}

/** A routed cable that belongs to a network: what comes in on it comes out of that network. */
export interface FilterMemberPart {
	readonly kind: 'filter-member';
	readonly network: string;
	readonly interface: string;
	readonly internal: boolean;
}

/** Answers to questions for names on the gateway addresses of a network. */
export interface ResolverPart {
	readonly kind: 'resolver';
	readonly network: string;
	/** With the prefix of their subnet. */
	readonly addresses: readonly string[];
	/** Whether other names than those of containers are asked for elsewhere. */
	readonly forward: boolean;
}

/** The name servers that a container is told of; without this part it has what its image says. */
export interface NameServersPart {
	readonly kind: 'name-servers';
	readonly container: string;
	readonly servers: readonly string[];
}

/** A limit on what a cable carries, the same in each direction. */
export interface RateLimitPart {
	readonly kind: 'rate-limit';
	readonly container: string;
	readonly unit: number;
	readonly inside: string;
	/** Bits per second. */
	readonly rate: number;
}

/** Ports of the host that lead to ports of a container, `first` to `last`, offset kept. */
export interface PublishedPortsPart {
	readonly kind: 'published-ports';
	readonly container: string;
	readonly protocol: 'tcp' | 'udp';
	/** Address of the host that they are published on, `''` for every one. */
	readonly hostAddress: string;
	/** Interface of the host on which that address is, or the one of its default route; `''` for none. */
	readonly arrivesOn: string;
	readonly first: number;
	readonly last: number;
	/** Address of the container. */
	readonly target: string;
	readonly targetFirst: number;
	/** Interface of the host that leads to it: the bridge, or the routed cable. */
	readonly interface: string;
	/** Blocks, of the family of `target`, from which alone others than the host may use them; absent: everybody may. */
	readonly from?: readonly string[];
}

/** The files of an image, never written to after it was made. */
export interface ImageFilesPart {
	readonly kind: 'image-files';
	readonly image: string;
	readonly source: ImageSource;
	/** Copy the host's resolv.conf and localtime into it. */
	readonly dns: boolean;
	readonly localtime: boolean;
	/** Bring it up to date with the host's own means. */
	readonly update?: boolean;
}

/** The writable files of a container, on top of an image. */
export interface RootFilesPart {
	readonly kind: 'root-files';
	readonly container: string;
	readonly image: string;
}

/** The files of a volume, empty when it is made. Unmaking it loses them. */
export interface VolumeFilesPart {
	readonly kind: 'volume-files';
	readonly volume: string;
}

/**
 * What is done for a mount when its container is created. Its source has to be there; where the host needs a place to
 * mount it on, that is made. An empty volume takes on what the image has at that place: files, owner and mode. Unmaking
 * takes out again what making put in.
 */
export interface MountPointPart {
	readonly kind: 'mount-point';
	readonly container: string;
	readonly image: string;
	readonly mount: Mount;
	/** False: a running container has the volume and may write to it meanwhile. */
	readonly fill: boolean;
}

/** The mounted root file system of a container, there while it runs. */
export interface RootMountPart {
	readonly kind: 'root-mount';
	readonly container: string;
	readonly image: string;
}

/** The isolation a container's processes run in, with its first process ready and not yet started. */
export interface SandboxPart {
	readonly kind: 'sandbox';
	readonly container: string;
	readonly spec: SandboxSpec;
	readonly mounts: readonly Mount[];
}

export type Part =
	| NetworkInterfacePart
	| InterfaceAddressPart
	| StackPart
	| EpairPart
	| BridgePortPart
	| InsideAddressPart
	| InsideRoutePart
	| AliasPart
	| NetworkFilterPart
	| FilterMemberPart
	| PublishedPortsPart
	| ResolverPart
	| NameServersPart
	| RateLimitPart
	| ImageFilesPart
	| RootFilesPart
	| VolumeFilesPart
	| MountPointPart
	| RootMountPart
	| SandboxPart;

export type PartKind = Part['kind'];
export type PartOf<K extends PartKind> = Extract<Part, { kind: K }>;
