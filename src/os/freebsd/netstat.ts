/** Parses `netstat --libxo json -rn`. */
import type { Family } from '#inet/family.ts';
import { blockOfOne, EVERYWHERE } from '#inet/prefix.ts';

export interface NetstatRoute {
	readonly family: Family;
	/** CIDR without scope, e.g. `10.4.6.0/24`, `10.4.6.2/32`; the default route is `0.0.0.0/0` or `::/0`. */
	readonly destination: string;
	/** Address without scope, or `link#5`. */
	readonly gateway: string;
	/** Letters, e.g. `UGS`: `H` for a single host, `R` for one that only refuses. */
	readonly flags: string;
	readonly interface: string;
}

interface Entry {
	readonly destination?: string;
	readonly gateway?: string;
	readonly flags?: string;
	readonly 'interface-name'?: string;
}

interface Answer {
	readonly statistics?: {
		readonly 'route-information'?: {
			readonly 'route-table'?: {
				readonly 'rt-family'?: readonly { 'address-family'?: string; 'rt-entry'?: readonly Entry[] }[];
			};
		};
	};
}

const FAMILIES: ReadonlyMap<string | undefined, Family> = new Map([
	['Internet', 4],
	['Internet6', 6],
]);

/** @throws SyntaxError where it is no JSON */
export function parseRoutes(text: string): NetstatRoute[] {
	const answer = JSON.parse(text) as Answer | null;
	const tables = answer?.statistics?.['route-information']?.['route-table']?.['rt-family'] ?? [];
	return tables.flatMap((table) => {
		const family = FAMILIES.get(table['address-family']);
		return family === undefined ? [] : (table['rt-entry'] ?? []).map((entry) => routeOf(family, entry));
	});
}

function routeOf(family: Family, entry: Entry): NetstatRoute {
	return {
		family,
		destination: blockOf(family, entry.destination ?? ''),
		gateway: withoutScope(entry.gateway ?? ''),
		flags: entry.flags ?? '',
		interface: entry['interface-name'] ?? '',
	};
}

function blockOf(family: Family, destination: string): string {
	if (destination === 'default') return EVERYWHERE[family];
	const bare = withoutScope(destination);
	return bare.includes('/') ? bare : blockOfOne(bare);
}

/** `fe80::%lo0/64` is `fe80::/64`. */
function withoutScope(text: string): string {
	return text.replace(/%[^/]*/, '');
}
