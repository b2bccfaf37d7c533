/** Which objects of the map a traced packet passes. */
import type { Hop, Trace } from '#api/diagnosis.ts';
import type { View } from '../state/topology.ts';

/** `container ID`, `endpoint ID`, `network ID`, `uplink NAME`, `host`, `outside`. */
export type ObjectKey = string;

export function wayOf(trace: Trace, view: View): ReadonlySet<ObjectKey> {
	return new Set([...endsOf(trace, view), ...trace.hops.flatMap((hop) => keysOf(hop, view))]);
}

/** The destination only where the packet arrives there. */
function endsOf({ source, destination, reachable }: Trace, view: View): ObjectKey[] {
	return [...keysOfEnd(source, view), ...(reachable ? keysOfEnd(destination, view) : [])];
}

function keysOfEnd(end: string, { containers }: View): ObjectKey[] {
	if (end === 'host' || end === 'outside') return [end];
	return [...containers.values()]
		.filter(({ id, name }) => id === end || name === end)
		.map(({ id }) => `container ${id}`);
}

/** Interfaces are named in the words of a hop, e.g. `10.4.6.3 by epair1a`. */
function keysOf({ kind, what }: Hop, { networks, endpoints, host }: View): ObjectKey[] {
	if (kind === 'outside') return ['outside'];
	if (kind === 'process' || kind === 'rule') return [];
	const words = what.split(/[\s,]+/);
	const cables = new Set(words.flatMap((word) => /^epair\d+(?=[ab]?$)/.exec(word)?.[0] ?? []));
	const devices = new Set(words);
	return [
		...[...endpoints.values()]
			.filter(({ epair }) => epair !== null && cables.has(epair))
			.map(({ id }) => `endpoint ${id}`),
		...[...networks.values()].filter((one) => devices.has(one.interface)).map(({ id }) => `network ${id}`),
		...host.uplinks.filter((one) => devices.has(one.interface)).map((one) => `uplink ${one.interface}`),
		...(kind === 'route' || kind === 'nat' ? ['host'] : []),
	];
}
