/** Which addresses jails on the host's stack may use, against those that they were given. */
import { familyOf } from '#inet/family.ts';
import type { ObservedDifference, ObservedExcess } from '#model/host/observed.ts';
import type { Part } from '#model/part.ts';
import type { IpnetAddressPart } from '#model/parts/ipnet-address.ts';
import { parameterOf } from '../network/ipnet-addresses.ts';

export interface GrantComparison {
	readonly differing: readonly ObservedDifference[];
	readonly excess: readonly ObservedExcess[];
}

/**
 * The first of a list is what the jail speaks from. What is in the list of one jail may be refused to every other.
 *
 * @param jails lines of name, IPv4 and IPv6 addresses, joined by commas, `-` for none
 */
export function compareGrants(jails: string, expected: readonly Part[]): GrantComparison {
	const granted = new Map<string, readonly string[]>();
	for (const line of jails.split('\n')) {
		const [name = '', ...lists] = line.split(' ');
		granted.set(
			name,
			lists.flatMap((list) => list.split(',')).filter((address) => address !== '-'),
		);
	}
	const differing = expected.flatMap((part) => {
		const list = part.kind === 'ipnet-address' ? granted.get(part.container) : undefined;
		const what = part.kind === 'ipnet-address' && list ? differenceOf(part, list) : undefined;
		return what ? [{ part, what }] : [];
	});
	return { differing, excess: ipnetJails(expected).flatMap((jail) => excessOf(jail, granted.get(jail), expected)) };
}

function differenceOf(part: IpnetAddressPart, granted: readonly string[]): string | undefined {
	const { address, first } = part;
	if (!granted.includes(address)) return `address ${address}: it is not in ${parameterOf(part)} of the jail`;
	const speaks = granted.find((one) => familyOf(one) === familyOf(address));
	return first && speaks !== address ? `address ${address}: the container speaks from ${speaks} instead` : undefined;
}

/** Of containers that get their addresses one by one. */
function ipnetJails(expected: readonly Part[]): string[] {
	const names = expected.flatMap((part) => {
		if (part.kind === 'ipnet-address') return [part.container];
		return part.kind === 'stack' && part.spec?.driver === 'ipnet' ? [part.container] : [];
	});
	return [...new Set(names)];
}

function excessOf(
	container: string,
	granted: readonly string[] = [],
	expected: readonly Part[] = [],
): ObservedExcess[] {
	const own = new Set(
		expected.flatMap((part) => (part.kind === 'ipnet-address' && part.container === container ? [part.address] : [])),
	);
	return granted
		.filter((address) => !own.has(address))
		.map((address) => ({
			place: `jail ${container}`,
			what: `the address ${address}`,
			why: 'its processes can send from it, and other containers cannot get it',
			// The list of the jail alone: whose the address on an interface is, is looked at there.
			parts: [{ kind: 'ipnet-address', container, interface: '', ...NOWHERE, address }],
		}));
}

const NOWHERE = { unit: -1, inside: '', subnet: '', hostAddress: '' } as const;
