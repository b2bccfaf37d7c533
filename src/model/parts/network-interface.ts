import { none, type PartDefinition } from './definition.ts';
import { interfaceOnHost } from './references.ts';

/** The interface of a network: a bridge that is up, or a loopback-like one that has no ports. */
export interface NetworkInterfacePart {
	readonly kind: 'network-interface';
	/** At most 15 characters, e.g. `kleene0`. */
	readonly interface: string;
	readonly type: 'bridge' | 'loopback';
	readonly mac: string;
	/** Bytes; absent: what the host gives. */
	readonly mtu?: number;
	/** Limit on the MAC addresses that a bridge learns, besides those of its ports; absent: no limit. */
	readonly mostLearned?: number;
}

export const networkInterface = {
	layer: 'network',
	absence: { severity: 'error', different: 'warning', why: 'every container of the network needs it' },
	identity: (part) => part.interface,
	title: (part) => `${part.type} interface ${part.interface}`,
	provides: (part) => [interfaceOnHost(part.interface)],
	standsOn: none,
	removedWith: none,
} satisfies PartDefinition<NetworkInterfacePart>;

/** An address on an interface of the host, e.g. the gateway on a bridge. */
export interface InterfaceAddressPart {
	readonly kind: 'interface-address';
	readonly interface: string;
	/** With prefix. */
	readonly address: string;
}

export const interfaceAddress = {
	layer: 'network',
	absence: { severity: 'error', why: 'containers of the network have no gateway and no name server' },
	identity: (part) => `${part.interface} ${part.address}`,
	title: (part) => `address ${part.address} of ${part.interface}`,
	provides: none,
	standsOn: (part) => [interfaceOnHost(part.interface)],
	removedWith: none,
} satisfies PartDefinition<InterfaceAddressPart>;

/** An interface of the host, or a VLAN of it, as a port of the bridge of a network: its members are neighbours there. */
export interface ParentPortPart {
	readonly kind: 'parent-port';
	readonly bridge: string;
	/** Interface that somebody else made. */
	readonly parent: string;
	/** 1–4094: a VLAN interface of the parent, which is made for it; absent: the parent itself. */
	readonly vlan?: number;
}

/** Name of the interface that joins the bridge, e.g. `eth1` or `eth1.30`. */
export function parentPortInterface({ parent, vlan }: Pick<ParentPortPart, 'parent' | 'vlan'>): string {
	return vlan === undefined ? parent : `${parent}.${vlan}`;
}

export const parentPort = {
	layer: 'network',
	absence: { severity: 'error', why: 'containers of the network do not reach the network of the interface' },
	identity: (part) => `${part.bridge} ${parentPortInterface(part)}`,
	title: (part) => `interface ${parentPortInterface(part)} as a port of bridge ${part.bridge}`,
	provides: (part) => (part.vlan === undefined ? [] : [interfaceOnHost(parentPortInterface(part))]),
	standsOn: (part) => [interfaceOnHost(part.bridge)],
	removedWith: () => [],
} satisfies PartDefinition<ParentPortPart>;
