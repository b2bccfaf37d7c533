import { type Family, familyEntries } from '#inet/family.ts';
import { withoutPrefix } from '#inet/prefix.ts';
import { formatSubnet, formatWithin } from '#inet/subnet.ts';
import type { HostLimits, HostTraits } from '#model/host/traits.ts';
import { macOf } from '#model/ids.ts';
import { EVERY_UPLINK, HOST_GATEWAY, hostAddressOf, type Network } from '#model/network.ts';
import type { Part } from '#model/part.ts';
import type { ResolverPart } from '#model/parts/name-resolution.ts';
import type { NetworkFilterPart, SourceLimitPart } from '#model/parts/network-filter.ts';

/** State of the host that decides the parts of a network. */
export interface NetworkSurroundings {
	/** See `Observed`. */
	readonly uplinks?: readonly string[] | undefined;
	readonly traits: HostTraits;
}

/** Parts of a network, in the order of making. A custom network is an interface that somebody else made. */
export function partsOfNetwork(network: Network, { uplinks, traits }: NetworkSurroundings): Part[] {
	const own = network.type === 'custom' ? [] : interfaceParts(network, network.type, traits);
	const resolvers = traits.names === 'resolver' ? resolverParts(network) : [];
	const filter = filterOf(network, uplinks);
	// Where containers share the host's stack, rules have nothing but addresses to tell them from the host by.
	const gateways = hostAddresses(network).map(withoutPrefix);
	const answering = resolvers.flatMap(({ addresses }) => addresses).map(withoutPrefix);
	const known = {
		...(traits.ipnetHasEpair ? {} : { gateways }),
		...(answering.length > 0 ? { resolvers: answering } : {}),
	};
	return [...own, { ...filter, ...known }, ...limitsOfOthers(network, traits), ...resolvers];
}

/** Of addresses on a bridge that are no endpoint's. On other networks there are none: each cable has its own. */
function limitsOfOthers(network: Network, { limits }: HostTraits): Part[] {
	return limits && network.type === 'bridge' ? [sourceLimitOf(network.interface, '', limits)] : [];
}

/** @param address `''`: all that no other limit names */
export function sourceLimitOf(entry: string, address: string, limits: HostLimits): SourceLimitPart {
	const { connections, questions } = limits;
	return { kind: 'source-limit', interface: entry, address, connections, questions };
}

/** A resolver lives on addresses that the host holds on the network. */
function resolverParts(network: Network): ResolverPart[] {
	const addresses = hostAddresses(network);
	if (!network.dns || addresses.length === 0) return [];
	return [{ kind: 'resolver', network: network.id, addresses, forward: !network.internal }];
}

/** Addresses that the host holds on the network's interface, with the prefix of their subnet. */
function hostAddresses(network: Network): string[] {
	return familyEntries(network.families).flatMap(([, family]) => {
		const address = hostAddressOf(family);
		return address ? [formatWithin(family.subnet, address)] : [];
	});
}

/** The name servers of a network's containers. */
export function nameServersOf(network: Network): string[] {
	return network.dns ? hostAddresses(network).map(withoutPrefix) : [];
}

/** For parts that have an MTU of their own. */
export function mtuOf(network: Network): { mtu?: number } {
	return network.mtu === 0 ? {} : { mtu: network.mtu };
}

/** Filter part of a network. */
function filterOf(network: Network, uplinks: NetworkSurroundings['uplinks']): NetworkFilterPart {
	const { id, families, icc, internal } = network;
	const out = interfaceOf(network.uplink, EVERY_UPLINK);
	const nat = families[4]?.nat ? out : '';
	const nat6 = families[6]?.nat && !internal ? out : '';
	const uplink = internal ? '' : out;
	const named = uplinks && [nat, nat6].includes(EVERY_UPLINK) && !internal ? { uplinks } : {};
	const subnet = (family: Family) => (families[family] ? formatSubnet(families[family].subnet) : '');
	const blocks = { subnet: subnet(4), subnet6: subnet(6) };
	const place = { interface: network.interface, shared: network.type === 'custom', ...blocks };
	return {
		kind: 'network-filter',
		network: id,
		...place,
		icc,
		internal,
		nat,
		...(nat6 === '' ? {} : { nat6 }),
		uplink,
		...named,
	};
}

/** The interface that `uplink` or `nat` of a network names, or what stands for the host's choice. */
export function interfaceOf(uplink: string, otherwise: string): string {
	return uplink === HOST_GATEWAY ? otherwise : uplink;
}

/** Whether traffic of a family takes the address of an interface of the host that it leaves by. */
export function isTranslatedAt({ families, uplink }: Network, family: Family, name: string): boolean {
	return families[family]?.nat === true && interfaceOf(uplink, name) === name;
}

function interfaceParts(network: Network, type: 'bridge' | 'loopback', { limits }: HostTraits): Part[] {
	const mostLearned = type === 'bridge' && limits ? limits.learnedAddresses : 0;
	const own = { interface: network.interface, type, mac: macOf(network.id) };
	const parts: Part[] = [{ kind: 'network-interface', ...own, ...(mostLearned > 0 ? { mostLearned } : {}) }];
	for (const address of hostAddresses(network))
		parts.push({ kind: 'interface-address', interface: network.interface, address });
	const { parent = '', vlan = 0 } = network;
	if (parent !== '')
		parts.push({ kind: 'parent-port', bridge: network.interface, parent, ...(vlan === 0 ? {} : { vlan }) });
	return parts;
}
