/** Published ports as elements of the fixed sets and maps of our table: see `rules.ts`. */

import { familyOf } from '#inet/family.ts';
import { EVERYWHERE } from '#inet/prefix.ts';
import { unitOfHostEnd } from '#model/cable.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { TABLE } from './base.ts';
import type { Element } from './element.ts';
import { keyOf } from './rules.ts';

/** Elements of allowed sources, followed by the ports. */
export function publishedElements(part: PublishedPortsPart): Element[] {
	const { map, elements } = portElements(part);
	return [...sideElements(part), ...elements.map((element) => ({ set: map, element }))];
}

/** A command that fails unless the first of these ports leads where it should. */
export function portQuestion(part: PublishedPortsPart): string {
	const { map, elements } = portElements({ ...part, last: part.first });
	return `get element ${TABLE} ${map} { ${elements.join(', ')} }`;
}

export function describePorts(verb: 'make' | 'unmake', part: PublishedPortsPart): string[] {
	const { map, elements } = portElements(part);
	const [action, list] = verb === 'make' ? ['add', elements] : ['delete', elements.map(keyOf)];
	const shown = list.length > 2 ? `${list[0]}, … ${list.at(-1)}` : list.join(', ');
	const sources = sideElements(part).map(({ set, element }) => ({ set, shown: element }));
	return [...sources, { set: map, shown }].map((one) => `nft ${action} element ${TABLE} ${one.set} { ${one.shown} }`);
}

/** Map and `key : value` pairs of published ports, one element for each port. */
function portElements(part: PublishedPortsPart): { map: string; elements: string[] } {
	const family = familyOf(part.target);
	const map = part.hostAddress === '' ? `published_ports${family}` : `published_addresses${family}`;
	const prefix = part.hostAddress === '' ? '' : `${part.hostAddress} . `;
	const elements: string[] = [];
	for (let port = part.first; port <= part.last; port += 1) {
		const target = `${part.target} . ${part.targetFirst + port - part.first}`;
		elements.push(`${prefix}${part.protocol} . ${port} : ${target}`);
	}
	return { map, elements };
}

/** Permitted sources of restricted ports, and ports that are unreachable from ::1. A range is one element of each set, for each block of sources. */
function sideElements(part: PublishedPortsPart): Element[] {
	const { protocol, hostAddress, first, last, from } = part;
	const family = familyOf(part.target);
	const place = hostAddress || EVERYWHERE[family];
	const service = `${protocol} . ${first === last ? first : `${first}-${last}`}`;
	const loopback = family === 6 && (hostAddress === '' || hostAddress === '::1');
	const unreachable = loopback && !leadsByCable(part) ? [{ set: 'bridged_ports6', element: service }] : [];
	if (!from) return unreachable;
	return [
		...unreachable,
		{ set: `restricted_ports${family}`, element: `${place} . ${service}` },
		...from.map((block) => ({ set: `allowed_sources${family}`, element: `${place} . ${block} . ${service}` })),
	];
}

/** Whether it leads to a routed cable, not to a bridge. */
export function leadsByCable({ interface: name }: Pick<PublishedPortsPart, 'interface'>): boolean {
	return unitOfHostEnd(name) !== undefined;
}
