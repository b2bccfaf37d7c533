/**
 * Renders rules for nftables as text. Everything lives in one table, `inet kleene`; no other table is looked at.
 *
 * The fixed chains look things up: which network an interface belongs to (`network_policy`), which port leads where (`published_ports4`, …),
 * who may use it (`restricted_ports4`, `allowed_sources4`, …), which sources are translated (`nat_sources4`, …) and on which interface they may
 * come in (`network_sources4`, `asymmetric_sources4`, …), where names are asked for (`resolvers4`, …). A network adds two chains of its own when it is made; a
 * container, a cable or a port is an element, so that its cost does not grow with the number of the others.
 *
 * Ids are 12 hex digits and interface names were parsed, so no text of a user's ends up in a rule unquoted.
 */

import { familyOf } from '#inet/family.ts';
import { EVERY_UPLINK } from '#model/network.ts';
import type { AsymmetricSourcePart, FilterMemberPart, NetworkFilterPart } from '#model/parts/network-filter.ts';
import { splitStatement } from '#os/linux/netlink/filter/element-statements.ts';
import { TABLE } from './base.ts';
import type { Element } from './element.ts';
import { refuse } from './refusals/chains.ts';

function chainOf(network: string): string {
	return `net_${network}`;
}

/** Interfaces that belong to a network: its own, and the routed cables of its ipnet containers. */
function membersOf(network: string): string {
	return `if_${network}`;
}

function natChainOf(network: string): string {
	return `nat_${network}`;
}

/** For a shared interface: what comes in on it from the neighbours of the network's containers. */
function lanChainOf(network: string): string {
	return `lan_${network}`;
}

/** Match for destinations within the network. On a shared interface only the subnet is the network's. */
function insideOf({ network, interface: name, shared, subnet, subnet6 }: NetworkFilterPart): string[] {
	const inside = [`oifname @${membersOf(network)}`];
	if (shared && subnet) inside.push(`oifname "${name}" ip daddr ${subnet}`);
	if (shared && subnet6) inside.push(`oifname "${name}" ip6 daddr ${subnet6}`);
	return inside;
}

/** Rules for packets that leave a network, in order of evaluation. */
function verdictsOf(part: NetworkFilterPart): string[] {
	const { icc, internal } = part;
	const inside = insideOf(part);
	if (internal) {
		const among = icc ? 'accept' : refuse('reject', 'icc-off-internal');
		return [...inside.map((where) => `${where} ${among}`), refuse('reject', 'leaves-internal')];
	}
	const apart = ['ct status dnat accept', refuse('reject', 'icc-off')];
	return [
		...untranslated(part),
		...inside.flatMap((where) => (icc ? ['accept'] : apart).map((verdict) => `${where} ${verdict}`)),
		`oifname @internal_interfaces ${refuse('reject', 'enters-internal')}`,
		'oifname @container_interfaces ct status dnat accept',
		`oifname @container_interfaces ${refuse('reject', 'networks-apart')}`,
		'accept',
	];
}

/** Drops packets without a connection, e.g. late ones, which would leave untranslated. */
function untranslated({ nat, nat6 = '' }: NetworkFilterPart): string[] {
	const late = (family: string, uplink: string) =>
		uplink === ''
			? []
			: [`meta nfproto ${family} ${leavingBy(uplink)} ct state invalid ${refuse('drop', 'no-connection')}`];
	return [...late('ipv4', nat), ...late('ipv6', nat6)];
}

/** Which packets of its neighbours a network on a shared interface lets in; the rest is judged as from outside. */
function neighboursOf({ network, icc, subnet, subnet6 }: NetworkFilterPart): string[] {
	if (!icc) return [];
	const inside = `oifname @${membersOf(network)}`;
	return [
		...(subnet ? [`${inside} ip saddr ${subnet} accept`] : []),
		...(subnet6 ? [`${inside} ip6 saddr ${subnet6} accept`] : []),
	];
}

/** Rules that translate packets from a network's addresses on their way out. IPv6 is only where that was asked for. */
function translationsOf(part: NetworkFilterPart): string[] {
	const { interface: name, shared, subnet, subnet6, nat, nat6 = '', internal } = part;
	// Who is reached by a published port must answer by way of the host, which translates back. It would not, had it an
	// interface on the network that the packet comes from: that of the port, or another one that it is on.
	// Neighbours on a shared interface are answered so anyhow.
	const member = shared ? `iifname != "${name}" ` : '';
	const rules = [`${member}ct status dnat oifname @container_interfaces masquerade`];
	// Neighbours on a shared interface know the containers by their own addresses.
	const beyond = (word: string, block: string) => (shared && block ? ` ${word} daddr != ${block}` : '');
	const outward = (family: string, uplink: string, but: string) =>
		uplink === '' || internal ? [] : [`meta nfproto ${family} ${leavingBy(uplink)}${but} masquerade`];
	return [...rules, ...outward('ipv4', nat, beyond('ip', subnet)), ...outward('ipv6', nat6, beyond('ip6', subnet6))];
}

/** Whichever way the host's routes lead out: routes come and go, and nobody is to be told. */
function leavingBy(uplink: string): string {
	return uplink === EVERY_UPLINK ? 'oifname != "lo" oifname != @container_interfaces' : `oifname "${uplink}"`;
}

function chain(name: string, rules: readonly string[]): string[] {
	return [
		`add chain ${TABLE} ${name}`,
		`flush chain ${TABLE} ${name}`,
		...rules.map((rule) => `add rule ${TABLE} ${name} ${rule}`),
	];
}

/** Chains and sets of a network, not yet reachable from the base chains. */
export function renderNetwork(part: NetworkFilterPart): string {
	const { network, shared } = part;
	const lines = [
		`add set ${TABLE} ${membersOf(network)} { type ifname; }`,
		...chain(chainOf(network), verdictsOf(part)),
		...chain(natChainOf(network), translationsOf(part)),
		...(shared ? chain(lanChainOf(network), neighboursOf(part)) : []),
	];
	return `${lines.join('\n')}\n`;
}

/** Elements of maps that lead to the chains of a network. */
export function networkElements(part: NetworkFilterPart): Element[] {
	const { network, interface: name, shared, subnet, subnet6, resolvers = [] } = part;
	const way = `goto ${natChainOf(network)}`;
	const subnets = [subnet, subnet6].filter((block) => block !== '');
	return [
		...interfaceElements(part),
		...subnets.map((block) => ({ set: `nat_sources${familyOf(block)}`, element: `${block} : ${way}` })),
		...(shared
			? []
			: subnets.map((block) => ({ set: `network_sources${familyOf(block)}`, element: `"${name}" . ${block}` }))),
		...resolvers.map((address) => ({ set: `resolvers${familyOf(address)}`, element: address })),
	];
}

/** A shared interface is no part of the network: the host and others go on using it. */
function interfaceElements(part: NetworkFilterPart): Element[] {
	if (!part.shared) return memberElements(part);
	return [{ set: 'network_policy', element: `"${part.interface}" : jump ${lanChainOf(part.network)}` }];
}

export function renderElements(elements: readonly Element[]): string {
	return `${elements.map(({ set, element }) => `add element ${TABLE} ${set} { ${element} }`).join('\n')}\n`;
}

type Member = Pick<FilterMemberPart, 'network' | 'interface' | 'internal'>;

export function memberElements({ network, interface: name, internal }: Member): Element[] {
	const elements = [
		{ set: 'network_policy', element: `"${name}" : goto ${chainOf(network)}` },
		{ set: 'container_interfaces', element: `"${name}"` },
		{ set: membersOf(network), element: `"${name}"` },
	];
	return internal ? [...elements, { set: 'internal_interfaces', element: `"${name}"` }] : elements;
}

export function asymmetricElements({ interface: name, address }: AsymmetricSourcePart): Element[] {
	return [{ set: `asymmetric_sources${familyOf(address)}`, element: `"${name}" . ${address}` }];
}

/** Commands that take away what a network has of its own. A chain that elements lead to cannot go before them. */
export function networkRemoval({ network, shared }: NetworkFilterPart): string[] {
	return [
		`delete chain ${TABLE} ${chainOf(network)}`,
		`delete chain ${TABLE} ${natChainOf(network)}`,
		...(shared ? [`delete chain ${TABLE} ${lanChainOf(network)}`] : []),
		`delete set ${TABLE} ${membersOf(network)}`,
	];
}

export function elementRemoval(elements: readonly Element[]): string[] {
	return elements.map(({ set, element }) => `delete element ${TABLE} ${set} { ${keyOf(element)} }`);
}

/** Without its value, and without a limit of its own. */
export function keyOf(element: string): string {
	return splitStatement(element).words.split(' : ')[0] ?? element;
}
