/**
 * The fixed part of our table, as text: chains that look things up, and the sets and maps they look into. See
 * `rules.ts` for what networks and containers add.
 */
import { LINK_LOCAL_BLOCK, UNSPECIFIED } from '#inet/address.ts';
import type { SetType } from '#os/linux/netlink/filter/set-elements.ts';
import { askRules, LIMIT_CHAINS, LIMIT_RULES, LIMIT_SETS } from './limit-rules.ts';
import { declareRefusals, refuse, renderRefusals } from './refusals/chains.ts';

export const TABLE_NAME = 'kleene';
export const TABLE = `inet ${TABLE_NAME}`;

/** Chain that the table of version 0.1 had, and this one has not. */
export const CHAIN_OF_0_1 = 'to_host';

/** Addresses that no route needs to lead to: those that neighbours speak from. */
const WITHOUT_ROUTE = `{ ${UNSPECIFIED[6]}, ${LINK_LOCAL_BLOCK} }`;

/** Sets whose elements say how the host was found to be, not what networks and containers are. */
export const OF_THE_HOST: ReadonlySet<string> = new Set(['ingress_interfaces4', 'ingress_interfaces6']);

/** Safe to repeat: what is there stays as it is. */
const BASE = `
add table ${TABLE}
add map ${TABLE} network_policy { type ifname : verdict; }
add set ${TABLE} container_interfaces { type ifname; }
add set ${TABLE} internal_interfaces { type ifname; }
add map ${TABLE} published_ports4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
add map ${TABLE} published_ports6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
add map ${TABLE} published_addresses4 { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
add map ${TABLE} published_addresses6 { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }
add set ${TABLE} restricted_ports4 { type ipv4_addr . inet_proto . inet_service; flags interval; }
add set ${TABLE} restricted_ports6 { type ipv6_addr . inet_proto . inet_service; flags interval; }
add set ${TABLE} allowed_sources4 { type ipv4_addr . ipv4_addr . inet_proto . inet_service; flags interval; }
add set ${TABLE} allowed_sources6 { type ipv6_addr . ipv6_addr . inet_proto . inet_service; flags interval; }
add set ${TABLE} bridged_ports6 { type inet_proto . inet_service; flags interval; }
add map ${TABLE} nat_sources4 { type ipv4_addr : verdict; flags interval; }
add map ${TABLE} nat_sources6 { type ipv6_addr : verdict; flags interval; }
add set ${TABLE} network_sources4 { type ifname . ipv4_addr; flags interval; }
add set ${TABLE} network_sources6 { type ifname . ipv6_addr; flags interval; }
add set ${TABLE} asymmetric_sources4 { type ifname . ipv4_addr; }
add set ${TABLE} asymmetric_sources6 { type ifname . ipv6_addr; }
add set ${TABLE} resolvers4 { type ipv4_addr; }
add set ${TABLE} resolvers6 { type ipv6_addr; }
add set ${TABLE} ingress_interfaces4 { type ifname; }
add set ${TABLE} ingress_interfaces6 { type ifname; }
add chain ${TABLE} forward { type filter hook forward priority filter; policy accept; }
add chain ${TABLE} input { type filter hook input priority filter; policy accept; }
add chain ${TABLE} guard { type filter hook prerouting priority raw; policy accept; }
add chain ${TABLE} prerouting { type nat hook prerouting priority dstnat; policy accept; }
add chain ${TABLE} output { type nat hook output priority -100; policy accept; }
add chain ${TABLE} postrouting { type nat hook postrouting priority srcnat; policy accept; }
add chain ${TABLE} from_outside
add chain ${TABLE} late_segments
add chain ${TABLE} internal_to_host
add chain ${TABLE} published_access
add chain ${TABLE} published_dnat
`;

/** The same for limits. */
const LIMITS = [
	...[...LIMIT_SETS].map(([name, words]) => `add set ${TABLE} ${name} { ${words} }`),
	...[...LIMIT_CHAINS].map(([name, words]) => `add chain ${TABLE} ${name} ${words}`),
].join('\n');

/** Objects of earlier versions that no rule uses any more. Added first, as they may be gone. */
const OUTDATED = ['subnets4 { type ipv4_addr; flags interval; }', 'subnets6 { type ipv6_addr; flags interval; }']
	.flatMap((set) => [`add set ${TABLE} ${set}`, `delete set ${TABLE} ${set.split(' ')[0]}\n`])
	.join('\n');

/** The rules of the fixed chains. They are replaced as a whole, in the transaction that made sure of the chains. */
const FIXED = {
	forward: [
		// No connection leads out of an internal network or into one, so none is asked about: a sender who pretends to be
		// part of one of another network's gets nowhere.
		'iifname @internal_interfaces iifname vmap @network_policy',
		'oifname @internal_interfaces iifname vmap @network_policy',
		`oifname @internal_interfaces ${refuse('drop', 'enters-internal')}`,
		'ct state established,related accept',
		'iifname vmap @network_policy',
		'oifname @container_interfaces goto from_outside',
		// What was opened for containers alone does not make the host a router between others.
		`meta nfproto ipv4 iifname @ingress_interfaces4 ${refuse('drop', 'transit')}`,
		`meta nfproto ipv6 iifname @ingress_interfaces6 ${refuse('drop', 'transit')}`,
	],
	// From outside: only what was published.
	from_outside: ['ct status dnat accept', refuse('drop', 'outside-apart')],
	// What no connection explains may be a forged redirect.
	input: [
		`iifname @container_interfaces ct state invalid ${refuse('drop', 'no-connection')}`,
		'ct state invalid jump late_segments',
		'iifname @internal_interfaces ct state new goto internal_to_host',
	],
	internal_to_host: [
		'meta l4proto { icmp, ipv6-icmp } accept',
		`${asksResolver('ip')} accept`,
		`${asksResolver('ip6')} accept`,
		refuse('reject', 'host-closed'),
	],
	guard: [
		// A container could reach services on the host's loopback once `route_localnet` is on for published ports.
		`iifname @container_interfaces ip daddr 127.0.0.0/8 ${refuse('drop', 'host-loopback')}`,
		// A packet with a foreign source address would be taken for part of that holder's connections. A container of several networks
		// answers over any of them, except over an internal one. To a network that the host has no address on it has no route.
		`iifname @container_interfaces meta nfproto ipv4 ${foreign('ip')}`,
		`iifname @container_interfaces ip6 saddr != ${WITHOUT_ROUTE} ${foreign('ip6')}`,
	],
	prerouting: ['fib daddr type local goto published_access'],
	// A source that may not use a port is dropped, so that it does not reach another listener on that port.
	published_access: [
		// What is published on the host's loopback is not for its neighbours.
		'iifname != "lo" ip daddr 127.0.0.0/8 return',
		// Names are asked of the host, whatever port 53 leads to otherwise.
		`${asksResolver('ip')} return`,
		`${asksResolver('ip6')} return`,
		`${serviceAt('ip', 'restricted_ports4')} ${sourceAt('ip')} != @allowed_sources4 ${refuse('drop', 'source-refused')}`,
		`${serviceAt('ip6', 'restricted_ports6')} ${sourceAt('ip6')} != @allowed_sources6 ${refuse('drop', 'source-refused')}`,
		'goto published_dnat',
	],
	// The host itself may use every port. But where bridges pass packets through the firewall, an answer for ::1 would be
	// translated on the bridge and then dropped: better it is not asked at all.
	output: [
		'ip6 daddr ::1 meta l4proto . th dport @bridged_ports6 accept',
		`${asksResolver('ip')} accept`,
		`${asksResolver('ip6')} accept`,
		'fib daddr type local goto published_dnat',
	],
	published_dnat: [
		'dnat ip to ip daddr . meta l4proto . th dport map @published_addresses4',
		'dnat ip to meta l4proto . th dport map @published_ports4',
		'dnat ip6 to ip6 daddr . meta l4proto . th dport map @published_addresses6',
		'dnat ip6 to meta l4proto . th dport map @published_ports6',
	],
	postrouting: [
		'ip saddr vmap @nat_sources4',
		'ip6 saddr vmap @nat_sources6',
		'ip saddr 127.0.0.0/8 oifname @container_interfaces masquerade',
		'ip6 saddr ::1 oifname @container_interfaces masquerade',
	],
};

function asksResolver(family: 'ip' | 'ip6'): string {
	return `${family} daddr @resolvers${family === 'ip' ? 4 : 6} meta l4proto { tcp, udp } th dport 53`;
}

/** The host would not send an answer where the packet came from, and nothing says that it may come from there. */
function foreign(family: 'ip' | 'ip6'): string {
	const [home, asymmetric] =
		family === 'ip' ? ['network_sources4', 'asymmetric_sources4'] : ['network_sources6', 'asymmetric_sources6'];
	const place = `iifname . ${family} saddr`;
	return `fib saddr . iif oif missing ${place} != @${asymmetric} ${place} != @${home} ${refuse('drop', 'foreign-source')}`;
}

function serviceAt(family: 'ip' | 'ip6', set: string): string {
	return `${family} daddr . meta l4proto . th dport @${set}`;
}

function sourceAt(family: 'ip' | 'ip6'): string {
	return `${family} daddr . ${family} saddr . meta l4proto . th dport`;
}

/**
 * A segment that comes too late is not translated back, and the host would answer it with a reset, which ends the
 * connection. What has a socket is the host's own and for that to judge.
 */
const LATE = ['meta l4proto != tcp return', 'socket transparent { 0, 1 } return', refuse('drop', 'no-connection')];

/** Capabilities that some kernels lack. */
export interface TableFeatures {
	/** It tells what belongs to a socket (nft_socket). */
	readonly sockets: boolean;
	/** It counts connections (nft_connlimit). */
	readonly limits: boolean;
}

/**
 * Returns the table with its fixed chains, whatever was in them before. Elements and networks stay.
 *
 * @param group see `renderRefusals`
 */
export function renderBase(
	{ sockets, limits }: TableFeatures = { sockets: true, limits: true },
	group?: number,
): string {
	const asks = askRules([asksResolver('ip'), asksResolver('ip6')]);
	const guard = limits ? [...FIXED.guard, ...asks] : FIXED.guard;
	const fixed = { ...FIXED, guard, late_segments: sockets ? LATE : [], ...(limits ? LIMIT_RULES : {}) };
	const chains = Object.entries(fixed).flatMap(([chain, rules]) => [
		`flush chain ${TABLE} ${chain}`,
		...rules.map((rule) => `add rule ${TABLE} ${chain} ${rule}`),
	]);
	const refusals = declareRefusals(TABLE) + renderRefusals(TABLE, group);
	return `${BASE}${refusals}${limits ? `${LIMITS}\n` : ''}${chains.join('\n')}\n${OUTDATED}`;
}

/**
 * Type of the elements of a set, as declared; the members of a network are interface names.
 */
export function typeOf(set: string): SetType {
	return TYPES.get(set) ?? { key: ['ifname'], interval: false };
}

const DECLARED = /^add (?:set|map) \S+ \S+ (\S+) \{ type ([^:;]+)(?: : ([^;]+))?;(.*) \}$/gm;
const TYPES: ReadonlyMap<string, SetType> = new Map(
	[...`${BASE}${LIMITS}`.matchAll(DECLARED)].map(([, name = '', key = '', data, more = '']) => {
		const parts = (text: string) => text.trim().split(' . ');
		const interval = more.includes('flags interval;');
		return [name, { key: parts(key), ...(data ? { data: parts(data) } : {}), interval }];
	}),
);
