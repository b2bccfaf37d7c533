/**
 * Rules that limit the state which the host keeps for containers: tracked connections, and
 * questions for names. Each limit is an element of its own, by the interface that packets come in on and the address that
 * they are from, with a counter (`ct count`) or a token bucket (`limit rate`) in it.
 *
 * The kernel counts by going through a list, so a new connection costs 0.3 µs for each one that is counted. Up to
 * `COUNTED` that is exact (`few4`, …). Of more, one of `SAMPLED` new connections is counted, against a limit as much smaller
 * (`many4`, …); whose sample is over the limit may not begin any connection for a second (`full4`, …).
 *
 * Addresses that are no endpoint's, e.g. of networks behind a container or of nobody, share the limit of the interface.
 */
import { FAMILIES, type Family, familyOf } from '#inet/family.ts';
import type { SourceLimitPart } from '#model/parts/network-filter.ts';
import type { Element } from './element.ts';

const COUNTED = 1024;
const SAMPLED = 16;

const CONNECTIONS = 'ct count over 1';
const QUESTIONS = 'limit rate over 1/second';
const BLOCKED = 'flags dynamic,timeout; timeout 1s;';

/** Content of the braces of each set, by name. */
export const LIMIT_SETS: ReadonlyMap<string, string> = new Map([
	...FAMILIES.flatMap((family): [string, string][] => {
		const key = `type ifname . ipv${family}_addr;`;
		return [
			[`endpoint${family}`, key],
			[`few${family}`, `${key} ${CONNECTIONS};`],
			[`many${family}`, `${key} ${CONNECTIONS};`],
			[`full${family}`, `${key} size 65535; ${BLOCKED}`],
			[`asking${family}`, `${key} ${QUESTIONS};`],
		];
	}),
	['few', `type ifname; ${CONNECTIONS};`],
	['many', `type ifname; ${CONNECTIONS};`],
	['full', `type ifname; size 4096; ${BLOCKED}`],
	['asking', `type ifname; ${QUESTIONS};`],
]);

/** Words that a chain begins with, which its name follows. */
export const LIMIT_CHAINS: ReadonlyMap<string, string> = new Map([
	['limits', '{ type filter hook prerouting priority mangle; policy accept; }'],
	['begin', ''],
	['begin_any', ''],
	['ask', ''],
]);

/** Rules by chain. Names are asked before connections are tracked: `guard` leads to `ask`. */
export const LIMIT_RULES: Readonly<Record<string, readonly string[]>> = {
	// The first packet of a connection is the one that is not confirmed yet.
	limits: ['iifname @ours ct status & confirmed == 0 goto begin'],
	begin: [
		...FAMILIES.flatMap((family) => connectionRules(placeOf(family), `${family}`)),
		...FAMILIES.map((family) => `${placeOf(family)} @endpoint${family} return`),
		'goto begin_any',
	],
	begin_any: connectionRules('iifname', ''),
	ask: [
		...FAMILIES.map((family) => `${placeOf(family)} @asking${family} counter drop`),
		...FAMILIES.map((family) => `${placeOf(family)} @endpoint${family} return`),
		'iifname @asking counter drop',
	],
};

/** Rules in `guard` that jump there. @param asksResolver matches that, see `base.ts` */
export function askRules(asksResolver: readonly string[]): string[] {
	return asksResolver.flatMap((asks) => [
		`iifname @ours meta l4proto udp ${asks} jump ask`,
		`iifname @ours tcp flags & (syn | ack) == syn ${asks} jump ask`,
	]);
}

function placeOf(family: Family): string {
	return `iifname . ${family === 4 ? 'ip' : 'ip6'} saddr`;
}

function connectionRules(place: string, suffix: string): string[] {
	return [
		`${place} @full${suffix} counter drop`,
		`${place} @few${suffix} counter drop`,
		`numgen random mod ${SAMPLED} 0 ${place} @many${suffix} update @full${suffix} { ${place} } counter drop`,
	];
}

/** Elements of a limit; 0 is none. */
export function limitElements({ interface: name, address, connections, questions }: SourceLimitPart): Element[] {
	const suffix = address === '' ? '' : `${familyOf(address)}`;
	const key = address === '' ? `"${name}"` : `"${name}" . ${address}`;
	const counted =
		connections <= COUNTED
			? { set: `few${suffix}`, element: `${key} ct count over ${connections}` }
			: { set: `many${suffix}`, element: `${key} ct count over ${Math.ceil(connections / SAMPLED)}` };
	const asked = `${key} limit rate over ${questions}/second burst ${questions} packets`;
	return [
		...(address === '' ? [] : [{ set: `endpoint${suffix}`, element: key }]),
		...(connections > 0 ? [counted] : []),
		...(questions > 0 ? [{ set: `asking${suffix}`, element: asked }] : []),
	];
}

/** All that a limit of this place can consist of, whatever it is. */
export function limitKeys({ interface: name, address }: Pick<SourceLimitPart, 'interface' | 'address'>): Element[] {
	const suffix = address === '' ? '' : `${familyOf(address)}`;
	const key = address === '' ? `"${name}"` : `"${name}" . ${address}`;
	const sets = [...(address === '' ? [] : ['endpoint']), 'few', 'many', 'asking'];
	return sets.map((set) => ({ set: `${set}${suffix}`, element: key }));
}
