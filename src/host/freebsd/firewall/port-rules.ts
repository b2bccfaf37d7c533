/** Published ports as rules of pf, each part in an anchor of its own: see `firewall-rules.ts`. */
import { UNSPECIFIED } from '#inet/address.ts';
import { familyOf, familyWord } from '#inet/family.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { parsePortProtocol } from '#model/port.ts';
import { type Anchor, anchor } from './rules.ts';

/** Those on one address are asked before those on every one: `at` sorts before `every`. */
function nameOf({ hostAddress, protocol, first, target }: PublishedPortsPart): string {
	const place = hostAddress === '' ? `every.${familyWord(familyOf(target))}` : `at.${hostAddress}`;
	return `kleene/port.${place}.${protocol}.${first}`;
}

export function portAnchor(part: PublishedPortsPart): Anchor {
	return anchor(nameOf(part), linesOf(part));
}

/** Properties of a part encoded in the name of its anchor; enough to remove it. */
export function parsePortAnchor(
	name: string,
): Pick<PublishedPortsPart, 'protocol' | 'hostAddress' | 'first' | 'target'> | undefined {
	const match = /^kleene\/port\.(?:every\.(inet6?)|at\.([0-9a-f.:]+))\.(tcp|udp|sctp)\.([0-9]+)$/.exec(name);
	const [, word, hostAddress = '', text = '', first] = match ?? [];
	const protocol = parsePortProtocol(text);
	if (!protocol) return undefined;
	const family = word === 'inet6' || familyOf(hostAddress) === 6 ? 6 : 4;
	return { protocol, hostAddress, first: Number(first), target: UNSPECIFIED[family] };
}

function linesOf(part: PublishedPortsPart): string[] {
	const { from } = part;
	return [...(from ? [`table <sources> { ${from.join(', ')} }`] : []), redirection(part), ...filters(part)];
}

function redirection({ protocol, hostAddress, first, last, target, targetFirst }: PublishedPortsPart): string {
	const range = first === last ? '' : `:${last}`;
	const offset = first === last ? `${targetFirst}` : `${targetFirst}:*`;
	const to = `to ${hostAddress || '(self)'} port ${first}${range}`;
	return `rdr ${familyWord(familyOf(target))} proto ${protocol} from any ${to} tag kleene_port -> ${target} port ${offset}`;
}

/**
 * The filter sees the address and port behind it, and admits only what was redirected. What came off a bridge of ours goes on
 * from an address of the host, and is let out as such.
 */
function filters(part: PublishedPortsPart): string[] {
	const { protocol, first, last, target, targetFirst, from } = part;
	const word = familyWord(familyOf(target));
	const lastTarget = targetFirst + last - first;
	const ports = first === last ? `${targetFirst}` : `${targetFirst}:${lastTarget}`;
	const kind = `${word} proto ${protocol}`;
	const there = `to ${target} port ${ports}`;
	const loopback = word === 'inet' ? '127.0.0.1' : '::1';
	return [
		...(from ? strangers(part, kind, there) : []),
		`pass in quick ${kind} from any ${there} tagged kleene_port`,
		`pass in quick ${kind} from any ${there} tagged kleene_hop`,
		// What a process of the host sent to an address of the host came over loopback, and its answers must go back
		// that way, or nobody puts the address in them that was asked.
		`pass out quick on ! "lo" reply-to (lo0 ${loopback}) ${kind} from (self) ${there} tagged kleene_port`,
		`pass out quick ${kind} from any ${there} tagged kleene_port`,
	];
}

/** A source that may not use the port is blocked, so that it does not reach another listener on that port. */
function strangers({ hostAddress, first, last }: PublishedPortsPart, kind: string, there: string): string[] {
	const range = first === last ? '' : `:${last}`;
	const here = `to ${hostAddress || '(self)'} port ${first}${range}`;
	return [
		`block drop in quick on ! "lo" ${kind} from ! <sources> ${there} tagged kleene_port`,
		`block drop in quick on ! "lo" ${kind} from ! <sources> ${there} tagged kleene_hop`,
		// Ipnet containers, which share the stack of the host and are told from it by their mark.
		`block drop out quick on "lo" ${kind} from ! <sources> ${here} tagged kleene`,
	];
}
