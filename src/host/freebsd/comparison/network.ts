import { FAMILIES, familyOf, widthOf } from '#inet/family.ts';
import { splitPrefix } from '#inet/prefix.ts';
import type { Comparison, ObservedDifference, ObservedProxy, ObservedStack } from '#model/host/observed.ts';
import type { Part } from '#model/part.ts';
import { type IfconfigInterface, parseIfconfig } from '#os/freebsd/ifconfig.ts';
import { type NetstatRoute, parseRoutes } from '#os/freebsd/netstat.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import { forwardingSection } from '../network/forwarding.ts';
import type { InsideTools } from '../network/inside.ts';
import { linesAfter, type NetworkSurvey, routesOf, surveyOf } from '../network/survey.ts';
import { compareGrants } from './grants.ts';

/** Bytes that the tools of a container may say, and seconds that they may take for it. */
const ENOUGH = 262144;
const PATIENCE = 5;

/**
 * Observes state that is missing in the list of the host's interfaces and routes: the inside of containers with a stack of their
 * own, which addresses the others may use, whether the host forwards. As in the survey, each line of output begins with
 * what it belongs to: much of it is the word of containers.
 */
export function comparisonSection(inside: InsideTools, expected: readonly Part[]): Script {
	return lines(
		sh`jls name ip4.addr ip6.addr | sed 's/^/jail /'`,
		sh`{ ${forwardingSection}; } | sed 's/^/forwarding /'`,
		...stacksIn(expected).map((container) =>
			lines(
				insideOf(inside.ifconfig(container, ['-a']), `inside ${container} `),
				insideOf(sh`jexec ${container} netstat --libxo json -rn`, `routes ${container} `),
			),
		),
	);
}

/** The last line may lack its end. */
function insideOf(ask: Script, tag: string): Script {
	return sh`timeout -k 1 ${PATIENCE} ${ask} 2>/dev/null | head -c ${ENOUGH} | sed ${`s/^/${tag}/`}; echo`;
}

/** Containers that have a cable. */
function stacksIn(expected: readonly Part[]): string[] {
	return [...new Set(expected.flatMap((part) => (part.kind === 'epair' ? [part.container] : [])))];
}

/** @param text what `comparisonSection` wrote for the same parts */
export function compareNetwork(survey: NetworkSurvey, text: string, expected: readonly Part[]): Comparison {
	const grants = compareGrants(linesAfter('jail ', text), expected);
	return {
		stacks: stacksIn(expected).flatMap((container) => readStack(container, text) ?? []),
		proxies: singleAddressesOf(survey.links),
		differing: [
			...grants.differing,
			...compareMembers(survey.links, expected),
			...compareForwarding(linesAfter('forwarding ', text), expected),
		],
		excess: grants.excess,
	};
}

/** Undefined where it has no tools that tell, or does not tell in time. */
function readStack(container: string, text: string): ObservedStack | undefined {
	const links = parseIfconfig(linesAfter(`inside ${container} `, text));
	const routes = tryParse(linesAfter(`routes ${container} `, text));
	if (links.length === 0 || !routes) return undefined;
	return { container, interfaces: surveyOf(links, [], '').interfaces, routes: routesOf(routes) };
}

function tryParse(text: string): NetstatRoute[] | undefined {
	try {
		return parseRoutes(text);
	} catch {
		return undefined;
	}
}

/** Single addresses: an ipnet container's is never written with the mask of its network. */
function singleAddressesOf(links: readonly IfconfigInterface[]): ObservedProxy[] {
	return links.flatMap(({ name, addresses }) =>
		addresses.flatMap((text) => {
			const { address, prefix } = splitPrefix(text);
			return prefix === widthOf(familyOf(address)) ? [{ interface: name, address }] : [];
		}),
	);
}

function compareMembers(links: readonly IfconfigInterface[], expected: readonly Part[]): ObservedDifference[] {
	const members = new Map(links.flatMap(({ members }) => members.map((member) => [member.name, member])));
	return expected.flatMap((part) => {
		const member = part.kind === 'bridge-port' ? members.get(part.interface) : undefined;
		if (part.kind !== 'bridge-port' || !member) return [];
		const isolated = member.flags.includes('PRIVATE');
		if (isolated === part.isolated) return [];
		return [{ part, what: `port ${part.interface}: private is ${isolated ? 'on' : 'off'} and should not be` }];
	});
}

/** It concerns every gateway address alike, and is fixed with the first. */
function compareForwarding(settings: string, expected: readonly Part[]): ObservedDifference[] {
	const off = new Set(settings.split('\n').flatMap((line) => (/^[46] 0$/.test(line) ? [Number(line[0])] : [])));
	return FAMILIES.flatMap((family) => {
		if (!off.has(family)) return [];
		const part = expected.find((one) => one.kind === 'interface-address' && familyOf(one.address) === family);
		return part ? [{ part, what: `the host does not forward IPv${family} any more` }] : [];
	});
}
