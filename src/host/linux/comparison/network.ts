import { hostEnd } from '#model/cable.ts';
import type { Comparison, ObservedDifference, ObservedProxy, ObservedStack } from '#model/host/observed.ts';
import type { Part } from '#model/part.ts';
import type { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import { surveyNetwork } from '../network/survey.ts';
import type { Stacks } from '../sandbox/stacks.ts';

/** The kernel keeps rates in bytes, so some bits are rounded away. */
const ROUNDING = 8;

/** State that the listings of interfaces and routes do not contain. */
export function compareNetwork(
	{ net, stacks }: { readonly net: Rtnetlink; readonly stacks: Stacks },
	expected: readonly Part[],
	describe: (part: Part) => readonly string[],
): Pick<Comparison, 'stacks' | 'proxies' | 'differing'> {
	const containers = expected.filter((part) => part.kind === 'stack').map(({ container }) => container);
	const names = new Map(net.links.list().map(({ index, name }) => [index, name]));
	const indexes = new Map([...names].map(([index, name]) => [name, index]));
	const ports = expected.filter(({ kind }) => kind === 'bridge-port').map((part) => ({ part, words: describe(part) }));
	return {
		stacks: containers.flatMap((container) => surveyStack(stacks, container) ?? []),
		proxies: listProxies(net, names),
		differing: [...compareLimits(net, names, expected), ...comparePorts(net, indexes, ports)],
	};
}

function surveyStack(stacks: Stacks, container: string): ObservedStack | undefined {
	return stacks.tryEnter(container, (inner) => {
		const names = new Map(inner.links.list().map(({ index, name }) => [index, name]));
		const routes = ([4, 6] as const).flatMap((family) =>
			inner.routes.list({ family }).map(({ destination, link }) => ({ destination, interface: names.get(link) ?? '' })),
		);
		return { container, interfaces: surveyNetwork(inner).interfaces, routes };
	});
}

function listProxies(net: Rtnetlink, names: ReadonlyMap<number, string>): ObservedProxy[] {
	return ([4, 6] as const).flatMap((family) =>
		net.neighbours.listProxies(family).map(({ link, address }) => ({ interface: names.get(link) ?? '', address })),
	);
}

/** The container may do as it likes with its own end of a cable; the host's end is ours. */
function compareLimits(
	net: Rtnetlink,
	names: ReadonlyMap<number, string>,
	expected: readonly Part[],
): ObservedDifference[] {
	const limits = expected.filter((part) => part.kind === 'rate-limit');
	if (limits.length === 0) return [];
	const present = new Set(names.values());
	const rates = new Map(net.qdiscs.list().map(({ link, rate }) => [names.get(link) ?? '', rate]));
	return limits.flatMap((part) => {
		const name = hostEnd(part.unit);
		const rate = rates.get(name) ?? 0;
		if (!present.has(name) || Math.abs(rate - part.rate) < ROUNDING) return [];
		const found = rate === 0 ? 'no limit' : `a limit of ${rate} bit/s`;
		return [{ part, what: `${name} has ${found}, not one of ${part.rate} bit/s` }];
	});
}

function comparePorts(
	net: Rtnetlink,
	indexes: ReadonlyMap<string, number>,
	expected: readonly { readonly part: Part; readonly words: readonly string[] }[],
): ObservedDifference[] {
	const pinned = new Set(net.pinnedAddresses.list().map(({ link, mac }) => `${link} ${mac}`));
	return expected.flatMap(({ part, words }) => {
		const index = part.kind === 'bridge-port' ? indexes.get(part.interface) : undefined;
		if (part.kind !== 'bridge-port' || index === undefined) return [];
		const port = net.bridgePorts.get(index, part.interface);
		if (!port) return [];
		// Some of it may be left to the firewall, which the description knows.
		const wanted = (flag: string) => words.some((line) => line.endsWith(`${flag} on`));
		const wrong = (['isolated', 'hairpin'] as const).filter((flag) => port[flag] !== wanted(flag));
		const flags = wrong.map((flag) => `${flag} is ${port[flag] ? 'on' : 'off'} and should not be`);
		const loose = part.mac !== undefined && !pinned.has(`${index} ${part.mac}`);
		const what = [...flags, ...(loose ? [`${part.mac} is not pinned to it`] : [])];
		return what.length === 0 ? [] : [{ part, what: `port ${part.interface}: ${what.join(', ')}` }];
	});
}
