/**
 * Kleene's pf rules, as text: anchors below `kleene/`, nothing else. See docs/adr/008-pf-anchors.md.
 *
 * `kleene/*` evaluates its children in the order of their names, so the names are the order of asking:
 *
 *     from.<network>   what its containers may do, and what marks them as containers further on
 *     port.…           what is published (port-rules.ts)
 *     to.<network>     who else may reach its containers
 *     verdict          what was marked and not decided by anybody above
 *
 * Marks are pf tags: `kleene_port` was redirected by a published port, `kleene_hop` was so and comes off a bridge of ours,
 * `kleene` comes from a container. They go along with a packet through the host, but not over a loopback interface.
 *
 * Ids are hex, addresses were parsed, names of interfaces too, and stand in quotes. One line is one rule.
 */

import { createHash } from 'node:crypto';
import { familyOf, familyWord } from '#inet/family.ts';
import { EVERY_UPLINK } from '#model/network.ts';
import type { IpnetAddressPart } from '#model/parts/ipnet-address.ts';
import type { NetworkFilterPart } from '#model/parts/network-filter.ts';

export interface Anchor {
	/** Below the main ruleset, e.g. `kleene/from.0123456789ab`. */
	readonly name: string;
	/** Tables, translation, filter, in this order, as pf wants it. */
	readonly text: string;
}

/** Unlike RST it says who refuses; what is local hears `Permission denied`, as pf stops it on its way out. */
const REFUSE = 'block return-icmp(filter-prohib, admin-unr)';
const DROP = 'block drop';
/** Also for connections that pf did not see begin, or sees twice on their way over a bridge. */
const LOOSELY = 'flags any keep state (sloppy)';
const MARKING = 'flags any keep state';
/** The addresses that are containers. */
const OURS = '<containers>';

export function anchorOf(what: 'from' | 'to', network: string): string {
	return `kleene/${what}.${network}`;
}

/** An anchor whose filter rules carry the fingerprint of its whole text, by which it is known again. */
export function anchor(name: string, lines: readonly string[]): Anchor {
	const label = `label "${fingerprint(lines)}"`;
	const labelled = lines.map((line) => (/^(pass|block) /.test(line) ? `${line} ${label}` : line));
	return { name, text: `${labelled.join('\n')}\n` };
}

/** The same with labels that say, too, whose rules they are. @param store identity of the daemon's store */
export function signed({ name, text }: Anchor, store: string): Anchor {
	return { name, text: text.replaceAll(' label "kleene:', ` label "kleene:${store}:`) };
}

/** @returns undefined for the label of what daemons have in common, and of earlier versions, which did not say whose it is */
export function signerOf(label: string): string | undefined {
	return /^kleene:([0-9a-f]{8}):/.exec(label)?.[1];
}

export function fingerprint(lines: readonly string[]): string {
	return `kleene:${createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 16)}`;
}

export const VERDICT = anchor('kleene/verdict', [
	// Services of the host are left to its own rules.
	'pass in quick from any to ! (self) tagged kleene',
	'pass out quick from any to any tagged kleene',
]);

/** Anchors of a network, in the order in which they are to be loaded: nothing is let out before it is kept apart. */
export function networkAnchors(part: NetworkFilterPart): Anchor[] {
	return [
		anchor(anchorOf('to', part.network), [...tables(part), ...entering(part)]),
		anchor(anchorOf('from', part.network), [...tables(part), ...translations(part), ...leaving(part)]),
	];
}

/**
 * On an interface of its own the whole subnet is containers, save the addresses of the host. On a shared one those are
 * that joined: `memberTables`.
 */
function tables(part: NetworkFilterPart): string[] {
	const subnets = subnetsOf(part);
	if (part.shared) return ['table <containers> persist', `table <neighbours> { ${subnets.join(', ')} }`];
	const hosts = gatewaysOf(part).map((address) => `! ${address}`);
	return [`table <containers> { ${[...subnets, ...hosts].join(', ')} }`];
}

/** Anchors whose table of containers an address on a shared interface has to be in: each has its own. */
export function memberTables(network: string): string[] {
	return [anchorOf('to', network), anchorOf('from', network)];
}

function subnetsOf({ subnet, subnet6 }: NetworkFilterPart): string[] {
	return [subnet, subnet6].filter((block) => block !== '');
}

function gatewaysOf({ gateways = [] }: NetworkFilterPart): readonly string[] {
	return gateways;
}

/** The first that matches decides. `:0` leaves aliases out, which are addresses of containers. */
function translations(part: NetworkFilterPart): string[] {
	const { interface: name, shared, nat, nat6 = '', internal, uplinks = [] } = part;
	// Who is reached by a published port must answer by way of the host, which translates back; and an address of the
	// host's loopback means nothing to it.
	const hairpins = shared
		? []
		: gatewaysOf(part).flatMap((gateway) => {
				const word = familyWord(familyOf(gateway));
				const hop = `nat on "${name}" ${word} from any to ${OURS} tagged kleene_hop -> ${gateway}`;
				// The kernel forwards nothing that comes from ::1.
				const local = `nat on "${name}" inet from 127.0.0.0/8 to ${OURS} tagged kleene_port -> ${gateway}`;
				return word === 'inet' ? [hop, local] : [hop];
			});
	const outward = (word: string, out: string) => {
		if (internal || out === '') return [];
		const to = shared ? '! <neighbours>' : 'any';
		const ways = out === EVERY_UPLINK ? uplinks : [out];
		return ways.map((way) => `nat on "${way}" ${word} from ${OURS} to ${to} tag kleene -> ("${way}:0")`);
	};
	// Addresses of ipnet containers are addresses of the host, and published ports are not meant for them.
	return [...hairpins, ...outward('inet', nat), ...outward('inet6', nat6), `no rdr from any to ${OURS}`];
}

function leaving(part: NetworkFilterPart): string[] {
	return [...within(part), ...(part.internal ? internalRules(part) : outwardRules(part))];
}

/** Between containers of the network. What was redirected by a published port is judged there. */
function within({ interface: name, shared, icc, subnet6 }: NetworkFilterPart): string[] {
	const discovery = ['neighbrsol', 'neighbradv'].flatMap((type) =>
		[name, 'epair'].map((where) => `pass quick on "${where}" inet6 proto icmp6 icmp6-type ${type} no state`),
	);
	const mates = `from ${OURS} to ${OURS}`;
	const bridged = [
		// The members of the bridge: the bridge itself decides.
		`pass quick on "epair" ${mates} no state`,
		`pass quick on "${name}" ${mates} ! tagged kleene_port ${LOOSELY}`,
	];
	const local = `pass quick on "lo" ${mates} ! tagged kleene_port ${LOOSELY}`;
	const apart = [
		// To itself an ipnet container speaks over a loopback interface of the host: selfAnchor.
		`anchor "self/*" on "lo" ${mates}`,
		`${REFUSE} quick ${mates} ! tagged kleene_port`,
	];
	return [...(shared || subnet6 === '' ? [] : discovery), ...(icc ? [...(shared ? [] : bridged), local] : apart)];
}

function internalRules(part: NetworkFilterPart): string[] {
	const { interface: name, shared, icc } = part;
	if (!shared)
		return [
			...gatewaysOf(part).flatMap((gateway) => toGateway(name, gateway)),
			`${REFUSE} in quick on "${name}" from any to ! ${OURS}`,
			`${REFUSE} out quick from ${OURS} to ! ${OURS}`,
		];
	const neighbours = `pass out quick on "${name}" from ${OURS} to <neighbours>`;
	return [...(icc ? [neighbours] : []), `${REFUSE} out quick from ${OURS} to ! ${OURS}`];
}

/** Of the services of the host, an internal network has pings and names. */
function toGateway(name: string, gateway: string): string[] {
	const word = familyWord(familyOf(gateway));
	const asked = [
		`proto ${word === 'inet' ? 'icmp' : 'icmp6'} from ${OURS} to ${gateway}`,
		`proto tcp from ${OURS} to ${gateway} port 53`,
		`proto udp from ${OURS} to ${gateway} port 53`,
	];
	return asked.flatMap((what) => [`pass in quick on "${name}" ${word} ${what}`, `pass quick on "lo" ${word} ${what}`]);
}

/** Marks, no verdicts: the networks below may have something against it. */
function outwardRules({ interface: name, shared, icc }: NetworkFilterPart): string[] {
	const mark = `pass out from ${OURS} to any ! tagged kleene_port ${MARKING} tag kleene`;
	if (shared) return icc ? [mark] : [`${REFUSE} out quick on ! "lo" from ${OURS} to <neighbours>`, mark];
	return [
		// What is from the host itself only comes in here where the interface is a loopback one.
		`pass in on "${name}" from ! (self) to any tagged kleene_port ${MARKING} tag kleene_hop`,
		`pass in on "${name}" from ! (self) to any ! tagged kleene_hop ${MARKING} tag kleene`,
		mark,
	];
}

/** Rules for packets to containers from elsewhere. The host is allowed; everything over loopback was judged on its way out. */
function entering({ interface: name, shared, icc }: NetworkFilterPart): string[] {
	const neighbours = `pass in quick on "${name}" from <neighbours> to ${OURS}`;
	return [
		...(shared && icc ? [neighbours] : []),
		`${REFUSE} quick from any to ${OURS} tagged kleene`,
		`pass in quick on "lo" from any to ${OURS} ${LOOSELY}`,
		`${DROP} in quick from any to ${OURS}`,
		`pass out quick from (self) to ${OURS} ${LOOSELY}`,
		`${DROP} out quick from any to ${OURS}`,
	];
}

/** For an ipnet container of a network without icc: it may speak to itself, and the host to it, by its own address. */
export function selfAnchor(network: string, { address }: Pick<IpnetAddressPart, 'address'>): Anchor {
	const word = familyWord(familyOf(address));
	return anchor(`${anchorOf('from', network)}/self/${address}`, [
		`pass quick on "lo" ${word} from ${address} to ${address} no state`,
	]);
}
