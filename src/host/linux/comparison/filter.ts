import type { ObservedDifference, ObservedExcess } from '#model/host/observed.ts';
import { isOf, type KindOf, type Part, type PartOf } from '#model/part.ts';
import { closeNamespace, createNamespace, within } from '#os/linux/netns.ts';
import { Nftables, NftablesError } from '#os/linux/nftables.ts';
import { OF_THE_HOST, TABLE } from '../firewall/base.ts';
import { Firewall } from '../firewall/firewall.ts';
import { LIMIT_SETS } from '../firewall/limit-rules.ts';
import type { Uplinks } from '../network/ingress/ingress-interfaces.ts';
import { explainExcess, FilterOwners, removalOf } from './owners.ts';
import { compareTables, readTable, type Table, type TableEntry } from './table.ts';

export interface FilterComparison {
	readonly differing: readonly ObservedDifference[];
	readonly excess: readonly ObservedExcess[];
}

/** A namespace that only holds rules routes nothing. */
const NO_UPLINKS: Uplinks = {
	allow() {},
	release() {},
	letLoopbackOut() {},
	isRouter: () => true,
	uplinks: () => [],
};

/**
 * The table of the host against the one that the same parts make in an empty namespace: whatever the rules look like in
 * this version, what differs was changed by somebody else.
 *
 * @param hostNamespace descriptor; undefined: the daemon's own
 */
export function compareFilter(hostNamespace: number | undefined, expected: readonly Part[]): FilterComparison {
	const owners = new FilterOwners(expected);
	const { lacking, excess } = compareTables(expectedTable(expected), tableIn(hostNamespace));
	const differing = lacking.flatMap(({ entry, found }) => {
		const part = owners.of(entry);
		const inPlace = found && entry.kind === 'element' ? removalOf(entry.key, [found]) : undefined;
		return part ? [{ part, what: wordsFor(entry, found), instead: inPlace ? [inPlace] : [] }] : [];
	});
	return { differing: oncePerPart(differing), excess: explainExcess(excess, owners) };
}

function expectedTable(parts: readonly Part[]): Table {
	const namespace = createNamespace();
	const firewall = new Firewall(namespace, NO_UPLINKS);
	try {
		const filters = parts.filter((part) => isOf('firewall', part));
		// Networks first: what belongs to one leads to its chains.
		const isNetwork = ({ kind }: Part) => kind === 'network-filter';
		for (const part of filters.filter(isNetwork)) void makeIn(firewall, part);
		for (const part of filters.filter((one) => !isNetwork(one))) void makeIn(firewall, part);
		return tableIn(namespace);
	} finally {
		firewall.close();
		closeNamespace(namespace);
	}
}

function makeIn(firewall: Firewall, part: PartOf<KindOf<'firewall'>>): void | Promise<void> {
	switch (part.kind) {
		case 'network-filter':
			return firewall.networks.make(part, {});
		case 'filter-member':
			return firewall.members.make(part, {});
		case 'asymmetric-source':
			return firewall.asymmetricSources.make(part, {});
		case 'source-limit':
			return firewall.sourceLimits.make(part, {});
		case 'published-ports':
			return firewall.ports.make(part, {});
		default:
			// A new kind does not compile.
			part satisfies never;
	}
}

function tableIn(namespace: number | undefined): Table {
	const nft = namespace === undefined ? new Nftables() : within(namespace, () => new Nftables());
	try {
		const entries = [...readTable(nft.query(`list table ${TABLE}`))];
		return new Map(entries.filter(([, { kind, holder }]) => kind !== 'element' || !OF_THE_HOST.has(holder)));
	} catch (error) {
		if (error instanceof NftablesError && error.isMissing) return new Map();
		throw error;
	} finally {
		nft.close();
	}
}

function wordsFor({ kind, holder, key, value }: TableEntry, found: TableEntry | undefined): string {
	if (kind === 'element' && LIMIT_SETS.has(holder))
		return `the limit of ${key} in ${holder} is ${found ? 'another' : 'missing'}`;
	if (kind === 'element') {
		const leads = value === '' ? key : `${key} : ${value}`;
		return found ? `element ${key} of ${holder} leads to ${found.value}` : `element ${leads} of ${holder} is missing`;
	}
	if (kind !== 'rules') return `${kind} ${holder} is ${found ? 'changed' : 'missing'}`;
	const [wanted, there] = [linesOf(value), linesOf(found?.value ?? '')];
	const gone = without(wanted, there).length;
	const added = without(there, wanted).length;
	if (gone === 0 && added === 0) return `the rules of chain ${holder} are in another order`;
	const changes = [gone > 0 ? `${gone} of ${wanted.length} rules missing` : '', added > 0 ? `${added} added` : ''];
	return `chain ${holder} has ${changes.filter((text) => text !== '').join(' and ')}`;
}

/** The same rule may stand twice. */
function without(rules: readonly string[], others: readonly string[]): string[] {
	const left = [...others];
	return rules.filter((rule) => {
		const at = left.indexOf(rule);
		if (at !== -1) left.splice(at, 1);
		return at === -1;
	});
}

function linesOf(text: string): string[] {
	return text.split('\n').filter((line) => line !== '');
}

/** However much of a part is gone, it is one thing that is wrong. */
function oncePerPart(differences: readonly ObservedDifference[]): ObservedDifference[] {
	return [...Map.groupBy(differences, ({ part }) => part)].map(([part, all]) => {
		const more = all.length > 2 ? `, and ${all.length - 2} more` : '';
		const shown = all.slice(0, 2).map(({ what }) => what);
		return { part, what: `${shown.join(', ')}${more}`, instead: all.flatMap(({ instead = [] }) => instead) };
	});
}
