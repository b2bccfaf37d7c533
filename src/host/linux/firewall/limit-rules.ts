/**
 * Rules that limit the state which the host keeps for containers: tracked connections, and
 * questions for names. Each limit is an element of its own, by the interface that packets come in on and the address that
 * they are from, with a counter (`ct count`) or a token bucket (`limit rate`) in it.
 *
 * The kernel counts by going through a list, so a new connection costs 0.3 µs for each one that is counted. Up to
 * `COUNTED` that is exact (`connections4`, …). Of more, one of `SAMPLED` new connections is counted, against a limit as much smaller
 * (`sampled_connections4`, …); whose sample is over the limit may not begin any connection for a second (`blocked_sources4`, …).
 *
 * Addresses that are no endpoint's, e.g. of networks behind a container or of nobody, share the limit of the interface.
 */
import { FAMILIES, type Family, familyOf } from '#inet/family.ts';
import type { SourceLimitPart } from '#model/parts/network-filter.ts';
import type { Element } from './element.ts';
import { refuse } from './refusals/chains.ts';

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
			[`endpoints${family}`, key],
			[`connections${family}`, `${key} ${CONNECTIONS};`],
			[`sampled_connections${family}`, `${key} ${CONNECTIONS};`],
			[`blocked_sources${family}`, `${key} size 65535; ${BLOCKED}`],
			[`dns_rates${family}`, `${key} ${QUESTIONS};`],
		];
	}),
	['connections', `type ifname; ${CONNECTIONS};`],
	['sampled_connections', `type ifname; ${CONNECTIONS};`],
	['blocked_sources', `type ifname; size 4096; ${BLOCKED}`],
	['dns_rates', `type ifname; ${QUESTIONS};`],
]);

/** Words that a chain begins with, which its name follows. */
export const LIMIT_CHAINS: ReadonlyMap<string, string> = new Map([
	['limits', '{ type filter hook prerouting priority mangle; policy accept; }'],
	['new_connection', ''],
	['new_connection_any', ''],
	['dns_query', ''],
]);

/** Rules by chain. Names are asked before connections are tracked: `guard` leads to `dns_query`. */
export const LIMIT_RULES: Readonly<Record<string, readonly string[]>> = {
	// The first packet of a connection is the one that is not confirmed yet.
	limits: ['iifname @container_interfaces ct status & confirmed == 0 goto new_connection'],
	new_connection: [
		...FAMILIES.flatMap((family) => connectionRules(placeOf(family), `${family}`)),
		...FAMILIES.map((family) => `${placeOf(family)} @endpoints${family} return`),
		'goto new_connection_any',
	],
	new_connection_any: connectionRules('iifname', ''),
	dns_query: [
		...FAMILIES.map((family) => `${placeOf(family)} @dns_rates${family} ${refuse('drop', 'query-limit')}`),
		...FAMILIES.map((family) => `${placeOf(family)} @endpoints${family} return`),
		`iifname @dns_rates ${refuse('drop', 'query-limit')}`,
	],
};

/** Rules in `guard` that jump there. @param asksResolver matches that, see `base.ts` */
export function askRules(asksResolver: readonly string[]): string[] {
	return asksResolver.flatMap((asks) => [
		`iifname @container_interfaces meta l4proto udp ${asks} jump dns_query`,
		`iifname @container_interfaces tcp flags & (syn | ack) == syn ${asks} jump dns_query`,
	]);
}

function placeOf(family: Family): string {
	return `iifname . ${family === 4 ? 'ip' : 'ip6'} saddr`;
}

function connectionRules(place: string, suffix: string): string[] {
	return [
		`${place} @blocked_sources${suffix} ${refuse('drop', 'connection-limit')}`,
		`${place} @connections${suffix} ${refuse('drop', 'connection-limit')}`,
		`numgen random mod ${SAMPLED} 0 ${place} @sampled_connections${suffix} update @blocked_sources${suffix} { ${place} } ${refuse('drop', 'connection-limit')}`,
	];
}

/** Elements of a limit; 0 is none. */
export function limitElements({ interface: name, address, connections, questions }: SourceLimitPart): Element[] {
	const suffix = address === '' ? '' : `${familyOf(address)}`;
	const key = address === '' ? `"${name}"` : `"${name}" . ${address}`;
	const counted =
		connections <= COUNTED
			? { set: `connections${suffix}`, element: `${key} ct count over ${connections}` }
			: { set: `sampled_connections${suffix}`, element: `${key} ct count over ${Math.ceil(connections / SAMPLED)}` };
	const asked = `${key} limit rate over ${questions}/second burst ${questions} packets`;
	return [
		...(address === '' ? [] : [{ set: `endpoints${suffix}`, element: key }]),
		...(connections > 0 ? [counted] : []),
		...(questions > 0 ? [{ set: `dns_rates${suffix}`, element: asked }] : []),
	];
}

/** All that a limit of this place can consist of, whatever it is. */
export function limitKeys({ interface: name, address }: Pick<SourceLimitPart, 'interface' | 'address'>): Element[] {
	const suffix = address === '' ? '' : `${familyOf(address)}`;
	const key = address === '' ? `"${name}"` : `"${name}" . ${address}`;
	const sets = [...(address === '' ? [] : ['endpoints']), 'connections', 'sampled_connections', 'dns_rates'];
	return sets.map((set) => ({ set: `${set}${suffix}`, element: key }));
}
