/**
 * What Kleene says to nftables, as text. Everything lives in one table, `inet kleene`; no other table is looked at.
 *
 * The chains are fixed and look things up: which network an interface belongs to (`from`), which port leads where
 * (`port4`, …), who may use it (`guarded4`, `allowed4`, …), which sources are translated (`source4`, …). A network adds two chains of its own when it is made; a
 * container, a cable or a port is an element, so that its cost does not grow with the number of the others.
 *
 * Ids are 12 hex digits and interface names were parsed, so no text of a user's ends up in a rule unquoted.
 */
import type { SetType } from '#kernel/netlink/set-elements.ts';
import type { FilterMemberPart, NetworkFilterPart } from '#model/part.ts';

export const TABLE_NAME = 'kleene';
export const TABLE = `inet ${TABLE_NAME}`;

/** What a refused packet is answered with, so that the other side knows at once instead of waiting. */
const REFUSE = 'reject with icmpx type admin-prohibited';

/** Safe to repeat: what is there stays as it is. */
export const BASE = `
add table ${TABLE}
add map ${TABLE} from { type ifname : verdict; }
add set ${TABLE} ours { type ifname; }
add set ${TABLE} internal { type ifname; }
add map ${TABLE} port4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
add map ${TABLE} port6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
add map ${TABLE} port4_at { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
add map ${TABLE} port6_at { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }
add set ${TABLE} guarded4 { type ipv4_addr . inet_proto . inet_service; flags interval; }
add set ${TABLE} guarded6 { type ipv6_addr . inet_proto . inet_service; flags interval; }
add set ${TABLE} allowed4 { type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval; }
add set ${TABLE} allowed6 { type ipv6_addr . ipv6_addr . inet_proto . inet_service; flags interval; }
add set ${TABLE} bridged6 { type inet_proto . inet_service; flags interval; }
add map ${TABLE} source4 { type ipv4_addr : verdict; flags interval; }
add map ${TABLE} source6 { type ipv6_addr : verdict; flags interval; }
add chain ${TABLE} forward { type filter hook forward priority filter; policy accept; }
add chain ${TABLE} input { type filter hook input priority filter; policy accept; }
add chain ${TABLE} guard { type filter hook prerouting priority raw; policy accept; }
add chain ${TABLE} prerouting { type nat hook prerouting priority dstnat; policy accept; }
add chain ${TABLE} output { type nat hook output priority -100; policy accept; }
add chain ${TABLE} postrouting { type nat hook postrouting priority srcnat; policy accept; }
add chain ${TABLE} enter
add chain ${TABLE} to_host
add chain ${TABLE} arrive
add chain ${TABLE} publish
`;

/** The rules of the fixed chains. They are replaced as a whole, in the transaction that made sure of the chains. */
const FIXED: Readonly<Record<string, readonly string[]>> = {
	forward: ['ct state established,related accept', 'iifname vmap @from', 'oifname @ours goto enter'],
	// From outside: only what was published, and nothing into an internal network.
	enter: [`oifname @internal counter drop`, 'ct status dnat accept', 'counter drop'],
	input: ['iifname @internal ct state new goto to_host'],
	to_host: [
		'meta l4proto { icmp, ipv6-icmp } accept',
		'meta l4proto { tcp, udp } th dport 53 accept',
		`counter ${REFUSE}`,
	],
	// A container could reach services on the host's loopback once `route_localnet` is on for published ports.
	guard: ['iifname @ours ip daddr 127.0.0.0/8 counter drop'],
	prerouting: ['fib daddr type local goto arrive'],
	// Whoever may not use a port gets nowhere, lest he reach something else that listens there.
	arrive: [
		`${serviceAt('ip', 'guarded4')} ${sourceAt('ip')} != @allowed4 counter drop`,
		`${serviceAt('ip6', 'guarded6')} ${sourceAt('ip6')} != @allowed6 counter drop`,
		'goto publish',
	],
	// The host itself may use every port. But where bridges pass packets through the firewall, an answer for ::1 would be
	// translated on the bridge and then dropped: better it is not asked at all.
	output: ['ip6 daddr ::1 meta l4proto . th dport @bridged6 accept', 'fib daddr type local goto publish'],
	publish: [
		'dnat ip to ip daddr . meta l4proto . th dport map @port4_at',
		'dnat ip to meta l4proto . th dport map @port4',
		'dnat ip6 to ip6 daddr . meta l4proto . th dport map @port6_at',
		'dnat ip6 to meta l4proto . th dport map @port6',
	],
	postrouting: [
		'ip saddr vmap @source4',
		'ip6 saddr vmap @source6',
		'ip saddr 127.0.0.0/8 oifname @ours masquerade',
		'ip6 saddr ::1 oifname @ours masquerade',
	],
};

function serviceAt(family: 'ip' | 'ip6', set: string): string {
	return `${family} daddr . meta l4proto . th dport @${set}`;
}

function sourceAt(family: 'ip' | 'ip6'): string {
	return `${family} daddr . ${family} saddr . meta l4proto . th dport`;
}

/** The table with its fixed chains, whatever was in them before. Elements and networks stay. */
export function renderBase(): string {
	const chains = Object.entries(FIXED).flatMap(([chain, rules]) => [
		`flush chain ${TABLE} ${chain}`,
		...rules.map((rule) => `add rule ${TABLE} ${chain} ${rule}`),
	]);
	return `${BASE}${chains.join('\n')}\n`;
}

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

/** Where a packet must be going to stay within the network. On a shared interface only the subnet is the network's. */
function insideOf({ network, interface: name, shared, subnet, subnet6 }: NetworkFilterPart): string[] {
	const inside = [`oifname @${membersOf(network)}`];
	if (shared && subnet) inside.push(`oifname "${name}" ip daddr ${subnet}`);
	if (shared && subnet6) inside.push(`oifname "${name}" ip6 daddr ${subnet6}`);
	return inside;
}

/** What a packet that comes out of a network may do, in the order of asking. */
function verdictsOf(part: NetworkFilterPart): string[] {
	const { icc, internal } = part;
	const inside = insideOf(part);
	if (internal) return [...(icc ? inside.map((where) => `${where} accept`) : []), `counter ${REFUSE}`];
	const apart = ['ct status dnat accept', `counter ${REFUSE}`];
	return [
		...inside.flatMap((where) => (icc ? ['accept'] : apart).map((verdict) => `${where} ${verdict}`)),
		`oifname @internal counter ${REFUSE}`,
		'oifname @ours ct status dnat accept',
		`oifname @ours counter ${REFUSE}`,
		'accept',
	];
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

/** How a packet from a network's addresses is translated on its way out. IPv6 is only where that was asked for. */
function translationsOf({ interface: name, shared, nat, nat6 = '', internal }: NetworkFilterPart): string[] {
	// Who is reached by a published port must answer by way of the host, which translates back. It would not, had it an
	// interface on the network that the packet comes from: that of the port, or another one that it is on.
	// Neighbours on a shared interface are answered so anyhow.
	const member = shared ? `iifname != "${name}" ` : '';
	const rules = [`${member}ct status dnat oifname @ours masquerade`];
	if (nat !== '' && !internal) rules.push(`meta nfproto ipv4 oifname "${nat}" masquerade`);
	if (nat6 !== '' && !internal) rules.push(`meta nfproto ipv6 oifname "${nat6}" masquerade`);
	return rules;
}

function chain(name: string, rules: readonly string[]): string[] {
	return [
		`add chain ${TABLE} ${name}`,
		`flush chain ${TABLE} ${name}`,
		...rules.map((rule) => `add rule ${TABLE} ${name} ${rule}`),
	];
}

/** What a network has of its own, which nothing leads to yet. */
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

/** What leads there. */
export function networkElements(part: NetworkFilterPart): Element[] {
	const { network, subnet, subnet6 } = part;
	const way = `goto ${natChainOf(network)}`;
	return [
		...interfaceElements(part),
		...(subnet ? [{ set: 'source4', element: `${subnet} : ${way}` }] : []),
		...(subnet6 ? [{ set: 'source6', element: `${subnet6} : ${way}` }] : []),
	];
}

export interface Element {
	readonly set: string;
	readonly element: string;
}

/** A shared interface is no part of the network: the host and others go on using it. */
function interfaceElements(part: NetworkFilterPart): Element[] {
	if (!part.shared) return memberElements(part);
	return [{ set: 'from', element: `"${part.interface}" : jump ${lanChainOf(part.network)}` }];
}

export function renderElements(elements: readonly Element[]): string {
	return `${elements.map(({ set, element }) => `add element ${TABLE} ${set} { ${element} }`).join('\n')}\n`;
}

type Member = Pick<FilterMemberPart, 'network' | 'interface' | 'internal'>;

export function memberElements({ network, interface: name, internal }: Member): Element[] {
	const elements = [
		{ set: 'from', element: `"${name}" : goto ${chainOf(network)}` },
		{ set: 'ours', element: `"${name}"` },
		{ set: membersOf(network), element: `"${name}"` },
	];
	return internal ? [...elements, { set: 'internal', element: `"${name}"` }] : elements;
}

/**
 * What the elements of a set of ours are made of, as `BASE` declares it; the members of a network are the names of interfaces.
 */
export function typeOf(set: string): SetType {
	return TYPES.get(set) ?? { key: ['ifname'], interval: false };
}

const TYPES: ReadonlyMap<string, SetType> = new Map(
	[...BASE.matchAll(/^add (?:set|map) \S+ \S+ (\S+) \{ type ([^:;]+)(?: : ([^;]+))?;( flags interval;)? \}$/gm)].map(
		([, name = '', key = '', data, interval]) => {
			const parts = (text: string) => text.trim().split(' . ');
			return [name, { key: parts(key), ...(data ? { data: parts(data) } : {}), interval: interval !== undefined }];
		},
	),
);

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

/** Without its value. */
export function keyOf(element: string): string {
	return element.split(' : ')[0] ?? element;
}
