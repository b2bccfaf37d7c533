/** Verdicts of `model/reach/passage.ts` in words. */

import { parseAddress } from '#inet/address.ts';
import { contains, formatSubnet, type Subnet } from '#inet/subnet.ts';
import type { Network } from '#model/network.ts';
import {
	type Beyond,
	type HostService,
	type Judgement,
	judgeBridged,
	judgeInput,
	judgePassage,
	judgeSource,
	type PassageRule,
	type Zone,
} from '#model/reach/passage.ts';

/** Verdict on a packet, its reason, and the change that would alter it. */
export interface Ruling {
	readonly verdict: Judgement['verdict'];
	readonly rule: string;
	/** A `klee` command or what comes closest to one. */
	readonly change: string;
}

/** Names for commands. */
interface Names {
	readonly source: string;
	readonly target: string;
	/** Whether the source could be connected to the network that the packet goes to. */
	readonly mayJoin: boolean;
}

/** Names of the networks of source and destination. */
export interface Place extends Names {
	readonly from: string;
	readonly to: string;
	readonly fromMember: boolean;
}

/** Explanation of a verdict, and the change that would alter it. */
export type Words = readonly [rule: string, change: string];

const NOTHING = 'no setting of Kleene';
const UNPUBLISH = 'klee stop, run without -p';
const FROM_SOURCES = 'klee run --publish-from ... (make it anew)';

const publish = ({ target }: Names) => `klee run -p HOSTPORT:PORT ... (make ${target} anew with a published port)`;
const anew = (network: string, options: string) => `klee network create ${options} ... (make ${network} anew)`;
const connect = (at: Place) => (at.mayJoin ? `klee network connect ${at.to} ${at.source}` : publish(at));

/** By rule. */
export const WORDS: Readonly<Record<PassageRule, (at: Place) => Words>> = {
	'icc-on': ({ from }) => [`members of ${from} reach each other (icc is on)`, anew(from, '--icc false')],
	'icc-off': ({ from }) => [`icc is off on ${from}: its members do not reach each other`, anew(from, '--icc true')],
	'icc-off-published': ({ from }) => [`icc is off on ${from}, but this port is published`, UNPUBLISH],
	'icc-off-internal': ({ from }) => [
		`${from} is internal and icc is off: its members are isolated`,
		anew(from, '--icc true'),
	],
	'leaves-internal': ({ from }) => [`${from} is internal: nothing leaves it`, anew(from, 'without --internal')],
	'enters-internal': (at) => [
		`${at.to} is internal: nothing enters it`,
		at.fromMember ? connect(at) : anew(at.to, 'without --internal'),
	],
	'networks-published': ({ from, to }) => [`${from} and ${to} reach each other by published ports`, UNPUBLISH],
	'networks-apart': (at) => [`${at.from} and ${at.to} reach each other by published ports only`, connect(at)],
	outward: ({ from }) => [`${from} is not internal: its members may go out`, anew(from, '--internal')],
	'outside-published': () => ['from outside, published ports are reached', UNPUBLISH],
	'outside-apart': (at) => ['from outside, nothing but published ports is reached', publish(at)],
	transit: () => ['the host does not forward between other interfaces', NOTHING],
	'from-host': () => ['the host may send', NOTHING],
	'source-allowed': ({ source }) => [`${source} may use this port`, FROM_SOURCES],
	'source-refused': ({ source }) => [`${source} may not use this port`, FROM_SOURCES],
	'host-open': ({ from }) => [`${from} is not internal: its members reach the host`, anew(from, '--internal')],
	'host-pings': ({ from }) => [`${from} is internal, but the host answers pings`, NOTHING],
	'host-names': ({ from }) => [`${from} is internal, but the host answers for names`, NOTHING],
	'host-closed': ({ from }) => [
		`${from} is internal: its members do not reach services of the host`,
		anew(from, 'without --internal'),
	],
	'host-own': () => ['Kleene does not filter packets to the host itself', NOTHING],
};

function rulingOf({ verdict, rule }: Judgement, at: Place): Ruling {
	const [words, change] = WORDS[rule](at);
	return { verdict, rule: words, change };
}

function nameOf(zone: Zone): string {
	return 'network' in zone ? zone.network.name : zone.kind;
}

/** Verdict of the firewall on a forwarded packet. @param published see `judgePassage` */
export function passageRuling(from: Zone, to: Beyond, published: boolean, names: Names): Ruling {
	const place = { from: nameOf(from), to: nameOf(to), fromMember: from.kind === 'members', ...names };
	return rulingOf(judgePassage(from, to, published), place);
}

/** Verdict of a bridge on a packet from one of its ports to another. */
export function bridgeRuling(network: Network, names: Names): Ruling {
	const place = { from: network.name, to: network.name, fromMember: true, ...names };
	return rulingOf(judgeBridged(network), place);
}

/** Verdict of the firewall on a packet to the host itself. */
export function inputRuling(from: Zone, service: HostService): Ruling {
	const place = { from: nameOf(from), to: 'host', fromMember: false, source: '', target: 'host', mayJoin: false };
	return rulingOf(judgeInput(from, service), place);
}

/** Verdict on access to a published port with restricted sources. @param sender `''`: not known */
export function sourceRuling(sender: string, sources: readonly Subnet[]): Ruling {
	const address = parseAddress(sender);
	const { verdict } = judgeSource(address, sources);
	const block = sources.find((one) => address && contains(one, address));
	const who = sender === '' ? 'the sender' : sender;
	if (block)
		return { verdict, rule: `${who} may use this port: it is in ${formatSubnet(block)}`, change: FROM_SOURCES };
	const allowed = sources.length === 0 ? 'no address of this family' : sources.map(formatSubnet).join(', ');
	const change = `klee run --publish-from ${sender || 'CIDR'} ... (make it anew)`;
	return {
		verdict,
		rule: `the port is published for ${allowed} only${sender === '' ? '' : `, not for ${sender}`}`,
		change,
	};
}
