/** Comparison of Kleene's anchors with the rules they were made with. */

import type { ObservedDifference, ObservedExcess } from '#model/host/observed.ts';
import { isOf, type Part } from '#model/part.ts';
import type { IpnetAddressPart } from '#model/parts/ipnet-address.ts';
import type { NetworkFilterPart } from '#model/parts/network-filter.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { labelOf, parseAnchors } from '#os/freebsd/pfctl.ts';
import { type Script, sh } from '#os/shell/quote.ts';
import { parsePortAnchor, portAnchor } from '../firewall/port-rules.ts';
import { type Anchor, memberTables, networkAnchors, selfAnchor, signed, signerOf, VERDICT } from '../firewall/rules.ts';

/** Only looks; its output is for `compareFilter`. pfctl writes rules in its own way, so they are known by their label. */
export const FILTER_SECTION: Script = sh`
look() {
	printf 'anchor %s\n' "$1"
	pfctl -a "$1" -s rules 2>/dev/null | sed 's/^/rule /'
	pfctl -a "$1" -s nat 2>/dev/null | sed 's/^/nat /'
	pfctl -a "$1" -t containers -T show 2>/dev/null | sed 's/^ */member /'
	return 0
}
if pfctl -s info >/dev/null 2>&1; then
	for one in $(pfctl -a kleene -s Anchors 2>/dev/null); do
		look "$one"
		for own in $(pfctl -a "$one/self" -s Anchors 2>/dev/null); do look "$own"; done
	done
fi`;

/** pf lists an anchor that had a table for half a minute or longer after its last rule is gone. */
function holdsRules({ rules, translations }: Found): boolean {
	return rules.length + translations.length > 0;
}

interface Found {
	readonly rules: string[];
	readonly translations: string[];
	readonly members: string[];
}

export interface FilterComparison {
	readonly differing: readonly ObservedDifference[];
	readonly excess: readonly ObservedExcess[];
}

/** @param store identity of the daemon's store: rules of another are left alone */
export function compareFilter(output: string, expected: readonly Part[], store: string): FilterComparison {
	const found = readSection(output);
	const wanted = expected
		.flatMap(anchorsOf)
		.map(({ part, anchor }) => ({ part, anchor: signedUnlessCommon(anchor, store) }));
	const differing = wanted.flatMap(({ part, anchor }) => {
		const what = differenceOf(anchor, found.get(anchor.name));
		return what ? [{ part, what }] : [];
	});
	const members = expected.flatMap((part) => (part.kind === 'ipnet-address' ? missingMembers(part, found) : []));
	const known = new Set([VERDICT.name, ...wanted.map(({ anchor }) => anchor.name)]);
	const unknown = [...found].filter(([name, anchor]) => !known.has(name) && holdsRules(anchor));
	const bySigner = Map.groupBy(unknown, ([name, anchor]) => signerIn(anchor) ?? signerIn(found.get(otherOf(name))));
	const excess = [...bySigner].flatMap(([signer, anchors]) => {
		const names = anchors.map(([name]) => name);
		return signer === store ? excessOf(names, known) : [excessOfOther(names, signer)];
	});
	return { differing: oncePerPart([...differing, ...members]), excess };
}

/** The other anchor of a network: one without labels, because somebody changed it, is known by that. */
function otherOf(name: string): string {
	return name.replace(/\/(from|to)\./, (_, which) => (which === 'from' ? '/to.' : '/from.'));
}

/** Which daemon's rules they are, where they say it. */
function signerIn({ rules }: Pick<Found, 'rules'> = { rules: [] }): string | undefined {
	return rules.flatMap((rule) => signerOf(labelOf(rule) ?? '') ?? [])[0];
}

function signedUnlessCommon(anchor: Anchor, store: string): Anchor {
	return anchor === VERDICT ? anchor : signed(anchor, store);
}

/** Not for this daemon to take away. */
function excessOfOther(names: readonly string[], store: string | undefined): ObservedExcess {
	const whose = store === undefined ? 'that do not say whose they are' : `of another kleened (store ${store})`;
	return {
		what: `rules ${whose} in ${names.join(', ')}`,
		why: 'they accept or drop packets of containers that this kleened does not manage',
		parts: [],
	};
}

function readSection(output: string): Map<string, Found> {
	const found = new Map<string, Found>();
	let current: Found = { rules: [], translations: [], members: [] };
	for (const line of output.split('\n')) {
		const [, word, rest = ''] = /^(anchor|rule|nat|member) (.*)$/.exec(line) ?? [];
		if (word === 'anchor') {
			current = { rules: [], translations: [], members: [] };
			found.set(parseAnchors(rest)[0] ?? '', current);
		} else if (word === 'rule') current.rules.push(rest);
		else if (word === 'nat') current.translations.push(rest);
		else if (word === 'member') current.members.push(rest.trim());
	}
	return found;
}

interface Wanted {
	readonly part: Part;
	readonly anchor: Anchor;
}

/** Addresses on the host's own stack have rules, too. Routed cables, for which members of rules are, are not made here. */
function anchorsOf(part: Part): Wanted[] {
	if (part.kind === 'ipnet-address')
		return part.member && !part.member.icc ? [{ part, anchor: selfAnchor(part.member.network, part) }] : [];
	if (!isOf('firewall', part)) return [];
	switch (part.kind) {
		case 'network-filter':
			return [...networkAnchors(part), VERDICT].map((anchor) => ({ part, anchor }));
		case 'published-ports':
			return [{ part, anchor: portAnchor(part) }];
		case 'filter-member':
		case 'asymmetric-source':
		case 'source-limit':
			return [];
	}
}

/** Translation rules carry no label: that they are as many as they were has to do. */
function differenceOf({ name, text }: Anchor, found: Found | undefined): string | undefined {
	if (!found || !holdsRules(found)) return `the rules of ${name} are missing`;
	const rules = text.trimEnd().split('\n');
	const filters = rules.filter((rule) => /^(pass|block|anchor) /.test(rule));
	const translations = rules.filter((rule) => /^(no )?(nat|rdr) /.test(rule));
	const label = filters.map(labelOf).find((one) => one !== undefined);
	const foreign = found.rules.filter((rule) => !rule.startsWith('anchor ') && labelOf(rule) !== label).length;
	if (foreign > 0) return `${foreign} rules of ${name} are not those that it was made with`;
	const [there, made] = [found.rules.length, filters.length];
	if (there !== made) return `${name} has ${there} of ${made} filter rules`;
	if (found.translations.length !== translations.length)
		return `${name} has ${found.translations.length} of ${translations.length} translation rules`;
	return undefined;
}

function missingMembers(part: IpnetAddressPart, found: ReadonlyMap<string, Found>): ObservedDifference[] {
	if (!part.member?.shared) return [];
	const names = memberTables(part.member.network).filter(
		(name) => found.has(name) && !found.get(name)?.members.includes(part.address),
	);
	return names.map((name) => ({ part, what: `${part.address} is not among the containers of ${name}` }));
}

function oncePerPart(differences: readonly ObservedDifference[]): ObservedDifference[] {
	return [...new Map(differences.toReversed().map((one) => [one.part, one])).values()].toReversed();
}

/** Both anchors of a network go together, and take along those below. Anything else below `kleene/` is not for us to judge. */
function excessOf(names: readonly string[], known: ReadonlySet<string>): ObservedExcess[] {
	const found = names.map((name) => ({
		what: `rules in the anchor ${name} that belong to no container or network`,
		parts: partsFor(name, known),
	}));
	return [...new Map(found.map((one) => [JSON.stringify(one.parts), one])).values()];
}

function partsFor(name: string, known: ReadonlySet<string>): Part[] {
	const [, network] = /^kleene\/(?:from|to)\.([0-9a-f]{12})$/.exec(name) ?? [];
	if (network !== undefined) return known.has(`kleene/from.${network}`) ? [] : [networkLeft(network)];
	const [, owner, address] = /^kleene\/from\.([0-9a-f]{12})\/self\/([0-9a-f.:]+)$/.exec(name) ?? [];
	if (owner !== undefined && address !== undefined)
		return known.has(`kleene/from.${owner}`) ? [ipnetAddressLeft(owner, address)] : [networkLeft(owner)];
	const port = parsePortAnchor(name);
	return port ? [portLeft(port)] : [];
}

/** Enough of a part to unmake it. Whose subnet it was nobody knows any more, so no connections are ended. */
function networkLeft(network: string): NetworkFilterPart {
	const nothing = { subnet: '', subnet6: '', icc: true, internal: true, nat: '', uplink: '' };
	return { kind: 'network-filter', network, interface: '', shared: true, ...nothing };
}

function ipnetAddressLeft(network: string, address: string): IpnetAddressPart {
	const nowhere = { interface: '', unit: 0, inside: '', subnet: '', hostAddress: '' };
	return { kind: 'ipnet-address', container: '', ...nowhere, address, member: { network, shared: false, icc: false } };
}

function portLeft(
	place: Pick<PublishedPortsPart, 'protocol' | 'hostAddress' | 'first' | 'target'>,
): PublishedPortsPart {
	const { first } = place;
	const nowhere = { arrivesOn: '', last: first, targetFirst: first, interface: '' };
	return { kind: 'published-ports', container: '', ...nowhere, ...place };
}
