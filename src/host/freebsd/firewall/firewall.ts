/** The rules of pf, as scripts. Whatever is changed is one anchor, loaded in one transaction. */

import { familyOf } from '#inet/family.ts';
import { EVERYWHERE, withoutPrefix } from '#inet/prefix.ts';
import type { IpnetAddressPart } from '#model/parts/ipnet-address.ts';
import type { NetworkFilterPart } from '#model/parts/network-filter.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { labelOf } from '#os/freebsd/pfctl.ts';
import { lines, Script, sh } from '#os/shell/quote.ts';
import type { PartHandler } from '../handler.ts';
import { refusal } from '../refusals.ts';
import { ANCHOR_LINES } from './pf-conf.ts';
import { portAnchor } from './port-rules.ts';
import { type Anchor, anchorOf, memberTables, networkAnchors, selfAnchor, signed, VERDICT } from './rules.ts';
import { forgetTranslated } from './translated-states.ts';

export class NetworkFilters implements PartHandler<'network-filter'> {
	readonly #store: string;

	/** @param store identity of the daemon's store, which the rules say whose they are by */
	constructor(store: string) {
		this.#store = store;
	}

	make(part: NetworkFilterPart): Script {
		const [from, to] = [anchorOf('from', part.network), anchorOf('to', part.network)];
		// Those of before stay where the new ones are refused; of a network that had none, nothing does.
		const undo = sh`[ -n "$(pfctl -a ${from} -s rules 2>/dev/null)" ] || pfctl -q -a ${to} -F all 2>/dev/null`;
		return lines(
			requirePf(`cannot set up the rules of network ${part.network}`),
			sh`trap ${undo.text} EXIT`,
			...load([VERDICT, ...this.#anchors(part)]),
			sh`trap - EXIT`,
		);
	}

	/** The last one takes along what all have in common. */
	unmake(part: NetworkFilterPart): Script {
		const { network, shared, subnet, subnet6, nat, nat6 = '' } = part;
		const [from, to] = [anchorOf('from', network), anchorOf('to', network)];
		// On a shared interface others than containers have addresses of the subnet.
		const blocks = shared ? [] : [subnet, subnet6].filter((block) => block !== '');
		return lines(
			...ifPf(
				sh`for one in $(pfctl -a ${`${from}/self`} -s Anchors 2>/dev/null); do`,
				flush(sh`"$one"`),
				sh`done`,
				// Of one that was left by something that is gone, the rules are not known.
				subnet + subnet6 === '' ? noteLabels(from, to) : sh`labels=${this.#labels(part).join(' ')}`,
				flush(from),
				flush(to),
				sh`left=; for one in $(pfctl -a kleene -s Anchors 2>/dev/null); do`,
				// One that is listed may be empty: see comparison/filter.ts.
				sh`	case $one in ${from}) ;; kleene/from.*) [ -z "$(pfctl -a "$one" -s rules 2>/dev/null)" ] || { left=$one; break; } ;; esac`,
				sh`done`,
				sh`if [ -z "$left" ]; then`,
				flush(VERDICT.name),
				sh`fi`,
				forgetLabels,
				...blocks.map(forget),
				...(blocks.length > 0 && nat + nat6 !== '' ? [forgetTranslated(blocks)] : []),
			),
		);
	}

	describe(verb: 'make' | 'unmake', part: NetworkFilterPart): string[] {
		const anchors = this.#anchors(part);
		return verb === 'make' ? anchors.flatMap(described) : anchors.map(({ name }) => `pfctl -a ${name} -F all`);
	}

	#labels(part: NetworkFilterPart): string[] {
		return this.#anchors(part).flatMap(({ text }) => labelOf(text) ?? []);
	}

	#anchors(part: NetworkFilterPart): Anchor[] {
		return networkAnchors(part).map((one) => signed(one, this.#store));
	}
}

export class PublishedPorts implements PartHandler<'published-ports'> {
	readonly #store: string;

	/** @param store identity of the daemon's store, which the rules say whose they are by */
	constructor(store: string) {
		this.#store = store;
	}

	/** The anchor of a port has one name, independent of the publisher: that of another daemon is not written over. */
	make(part: PublishedPortsPart): Script {
		const subject = `cannot publish port ${part.first}/${part.protocol} of container ${part.container}`;
		const anchor = this.#anchor(part);
		const taken = refusal({
			code: 'PORT_TAKEN',
			what: subject,
			why: `the host publishes it for another kleened: its rules are in the anchor ${anchor.name}`,
			hint: `choose another port; if that kleened is gone for good: pfctl -a ${anchor.name} -F all`,
		});
		return lines(
			requirePf(subject),
			sh`case $(pfctl -a ${anchor.name} -s rules 2>/dev/null) in`,
			sh`*${` label "kleene:${this.#store}:`}*) ;;`,
			sh`*' label "kleene:'????????:*) ${taken} ;;`,
			sh`esac`,
			...load([anchor]),
		);
	}

	/** Connections that came in by these ports end with them: a later holder of a port must not get their packets. */
	unmake(part: PublishedPortsPart): Script {
		const { name, text } = this.#anchor(part);
		return lines(...ifPf(flush(name), sh`pfctl -q -k label -k ${labelOf(text) ?? ''}`));
	}

	describe(verb: 'make' | 'unmake', part: PublishedPortsPart): string[] {
		const made = this.#anchor(part);
		return verb === 'make' ? described(made) : [`pfctl -a ${made.name} -F all`];
	}

	#anchor(part: PublishedPortsPart): Anchor {
		return signed(portAnchor(part), this.#store);
	}
}

/**
 * Addresses of ipnet containers, with what the rules have to know of them: before the address is there, until it is gone. An
 * address that cannot be set up leaves nothing in the rules.
 */
export function filtered(addresses: PartHandler<'ipnet-address'>, store: string): PartHandler<'ipnet-address'> {
	return {
		make: (part, options) =>
			lines(
				memberJoins(part, store),
				sh`set +e`,
				sh`( set -e`,
				addresses.make(part, options),
				sh`)`,
				sh`code=$?; set -e`,
				sh`if [ $code != 0 ]; then`,
				memberLeaves(part),
				sh`	exit $code`,
				sh`fi`,
			),
		unmake: (part, options) => lines(addresses.unmake(part, options), memberLeaves(part)),
		describe: (verb, part) => {
			const [own, rules] = [addresses.describe(verb, part), describeMember(verb, part)];
			return verb === 'make' ? [...rules, ...own] : [...own, ...rules];
		},
	};
}

/** Addresses of vnet containers: their connections end with them, so that a later holder gets no packets of theirs. */
export function forgetting(addresses: PartHandler<'inside-address'>): PartHandler<'inside-address'> {
	return {
		make: (part, options) => addresses.make(part, options),
		unmake: (part, options) => lines(addresses.unmake(part, options), forgetStates(withoutPrefix(part.address))),
		describe: (verb, part) => addresses.describe(verb, part),
	};
}

/** Steps required before an address of an ipnet container is added. */
export function memberJoins({ address, member }: IpnetAddressPart, store: string): Script {
	if (!member) return sh`:`;
	const { network, shared, icc } = member;
	return lines(
		...(shared ? memberTables(network).map((name) => sh`pfctl -q -a ${name} -t containers -T add ${address}`) : []),
		...(icc ? [] : load([signed(selfAnchor(network, { address }), store)])),
	);
}

/** The opposite, after `address` is gone; its connections end, so that a later holder gets no packets of theirs. */
export function memberLeaves({ address, member }: IpnetAddressPart): Script {
	if (!member) return lines(...ifPf(forget(address)));
	const { network, shared, icc } = member;
	const remove = (name: string) =>
		sh`if pfctl -a ${name} -t containers -T show >/dev/null 2>&1; then pfctl -q -a ${name} -t containers -T delete ${address}; fi`;
	return lines(
		...ifPf(
			...(shared ? memberTables(network).map(remove) : []),
			...(icc ? [] : [flush(selfAnchor(network, { address }).name)]),
			forget(address),
		),
	);
}

function describeMember(verb: 'make' | 'unmake', { address, member }: IpnetAddressPart): string[] {
	if (!member) return [];
	const { network, shared, icc } = member;
	const action = verb === 'make' ? 'add' : 'delete';
	const own = selfAnchor(network, { address });
	const alone = verb === 'make' ? described(own) : [`pfctl -a ${own.name} -F all`];
	return [
		...(shared ? memberTables(network).map((name) => `pfctl -a ${name} -t containers -T ${action} ${address}`) : []),
		...(icc ? [] : alone),
	];
}

/** Ends the connections of an address that changes hands. @param address without prefix, or a block */
export function forgetStates(address: string): Script {
	return lines(...ifPf(forget(address)));
}

/** Those that it began, and those that others began with it. */
function forget(address: string): Script {
	const any = EVERYWHERE[familyOf(address)];
	return sh`pfctl -q -k ${address}; pfctl -q -k ${any} -k ${address}`;
}

/** The labels of the rules of these anchors, into `$labels`. */
function noteLabels(...anchors: readonly string[]): Script {
	const each = (name: string) => sh`for word in $(pfctl -a ${name} -s rules 2>/dev/null); do
	case $word in '"kleene:'*'"') ;; *) continue ;; esac
	word=\${word#?}; word=\${word%?}
	case " $labels " in *" $word "*) ;; *) labels="$labels $word" ;; esac
done`;
	return lines(sh`labels=; set -f`, ...anchors.map(each), sh`set +f`);
}

/** Ends what was let through by rules with these labels and is there still, from any source. */
const forgetLabels: Script = sh`for label in $labels; do pfctl -q -k label -k "$label"; done`;

/**
 * pf takes all of an anchor or nothing. The optimizer would make other rules of them, by which none is known again. A
 * document of the shell costs it no process, while what it holds fits into a pipe.
 */
function load(anchors: readonly Anchor[]): Script[] {
	return anchors.map(({ name, text }) => sh`pfctl -q -o none -a ${name} -f - <<'${END}'\n${new Script(text)}${END}`);
}

/** No rule begins like this. */
const END = new Script('KLEENE-RULES');

/** An anchor vanishes with its last rule, and pfctl then finds fault with there being no tables in it. */
function flush(name: string | Script): Script {
	const left = sh`$(pfctl -a ${name} -s rules 2>/dev/null)$(pfctl -a ${name} -s nat 2>/dev/null)`;
	return sh`pfctl -q -a ${name} -F all 2>/dev/null || [ -z "${left}" ]`;
}

/** A host without pf has nothing of ours to take away. */
function ifPf(...script: readonly Script[]): Script[] {
	return [sh`if pfctl -s info >/dev/null 2>&1; then`, ...script, sh`fi`];
}

/**
 * Without the three lines in the main ruleset nothing of ours is ever asked, and every network would be open to all: better
 * none at all.
 */
function requirePf(what: string): Script {
	const hint = 'run "kleened setup-pf" to see what is missing, and "kleened setup-pf --write" to have it done';
	const refuse = (why: string) =>
		refusal({ code: 'UNSUPPORTED_HERE', what, why: `${why}, and networks would not be isolated`, hint });
	return lines(
		sh`info=$(pfctl -s info 2>/dev/null) || ${refuse('pf is not loaded on the host')}`,
		sh`case $info in 'Status: Enabled'*) ;; *) ${refuse('pf is not enabled on the host')} ;; esac`,
		sh`main=${'\n'}$(pfctl -s nat)${'\n'}$(pfctl -s rules)`,
		...ANCHOR_LINES.map((line) => {
			const absent = refuse(`the rules of the host's pf lack the line: ${line}`);
			return sh`case $main in *${`\n${line} all`}*) ;; *) ${absent} ;; esac`;
		}),
	);
}

function described({ name, text }: Anchor): string[] {
	const rules = text.trimEnd().split('\n');
	return [`pfctl -a ${name} -f - <<EOF`, ...rules.map((rule) => `  ${rule}`), 'EOF'];
}
