import { parseAddress } from '#inet/address.ts';
import { contains, parseSubnet } from '#inet/subnet.ts';
import type { Network } from '#model/network.ts';
import type { TraceQuestion } from './question.ts';

/** Verdict on a packet, its reason, and the change that would alter it. */
export interface Ruling {
	readonly verdict: 'accept' | 'reject' | 'drop';
	readonly rule: string;
	/** A `klee` command or what comes closest to one. */
	readonly change: string;
}

/** Source or destination of a packet as the firewall sees it. */
export type Zone = Network | 'outside';

interface Passage {
	readonly from: Zone;
	readonly to: Zone;
	/** Whether a published port brought it here. */
	readonly translated: boolean;
	/** Whether the source could be connected to the network that the packet goes to. */
	readonly mayJoin: boolean;
	/** Names for commands. */
	readonly source: string;
	readonly target: string;
}

const accept = (rule: string, change: string): Ruling => ({ verdict: 'accept', rule, change });
const reject = (rule: string, change: string): Ruling => ({ verdict: 'reject', rule, change });
const drop = (rule: string, change: string): Ruling => ({ verdict: 'drop', rule, change });

const publish = (target: string) => `klee run -p HOSTPORT:PORT ... (make ${target} anew with a published port)`;
const anew = ({ name }: Network, options: string) => `klee network create ${options} ... (make ${name} anew)`;

/** Verdict of the firewall on a forwarded packet. */
export function judgePassage({ from, to, translated, mayJoin, source, target }: Passage): Ruling {
	if (from === 'outside') return judgeEntry(to, translated, target);
	if (to !== 'outside' && to.id === from.id) return judgeWithin(from, translated);
	if (from.internal) return reject(`${from.name} is internal: nothing leaves it`, anew(from, 'without --internal'));
	if (to === 'outside') return accept(`${from.name} is not internal: its members may go out`, anew(from, '--internal'));
	const connect = mayJoin ? `klee network connect ${to.name} ${source}` : publish(target);
	if (to.internal) return reject(`${to.name} is internal: nothing enters it`, connect);
	if (translated)
		return accept(`${from.name} and ${to.name} reach each other by published ports`, 'klee stop, run without -p');
	return reject(`${from.name} and ${to.name} reach each other by published ports only`, connect);
}

function judgeWithin(network: Network, translated: boolean): Ruling {
	const { name, icc, internal } = network;
	if (icc) return accept(`members of ${name} reach each other (icc is on)`, anew(network, '--icc false'));
	const change = anew(network, '--icc true');
	if (internal) return reject(`${name} is internal and icc is off: its members reach nobody`, change);
	if (translated) return accept(`icc is off on ${name}, but this port is published`, 'klee stop, run without -p');
	return reject(`icc is off on ${name}: its members do not reach each other`, change);
}

function judgeEntry(to: Zone, translated: boolean, target: string): Ruling {
	if (to === 'outside') return drop('the host passes nothing on between others', 'none of Kleene');
	if (to.internal) return drop(`${to.name} is internal: nothing enters it`, anew(to, 'without --internal'));
	if (translated) return accept('from outside, published ports are reached', 'klee stop, run without -p');
	return drop('from outside, nothing but published ports is reached', publish(target));
}

/** Verdict on access to a published port with restricted sources. @param sender `''`: not known */
export function judgeSource(sender: string, from: readonly string[]): Ruling {
	const address = parseAddress(sender);
	const block = from.find((text) => {
		const subnet = parseSubnet(text);
		return address && subnet && contains(subnet, address);
	});
	const who = sender === '' ? 'the sender' : sender;
	if (block) return accept(`${who} may use this port: it is in ${block}`, 'klee run --publish-from ... (make it anew)');
	const allowed = from.length === 0 ? 'nobody of this family' : from.join(', ');
	const change = `klee run --publish-from ${sender || 'CIDR'} ... (make it anew)`;
	return drop(`the port is published for ${allowed} only${sender === '' ? '' : `, not for ${sender}`}`, change);
}

/** Verdict of the firewall on a packet to the host itself. @param forNames whether names are answered where it goes */
export function judgeInput(from: Zone, { protocol }: TraceQuestion, forNames: boolean): Ruling {
	if (from === 'outside') return accept('what comes to the host itself is not for Kleene to judge', 'none of Kleene');
	if (!from.internal)
		return accept(`${from.name} is not internal: its members reach the host`, anew(from, '--internal'));
	if (protocol === 'icmp') return accept(`${from.name} is internal, but the host answers pings`, 'none of Kleene');
	if (forNames) return accept(`${from.name} is internal, but the host answers for names`, 'none of Kleene');
	const change = anew(from, 'without --internal');
	return reject(`${from.name} is internal: its members do not reach services of the host`, change);
}
