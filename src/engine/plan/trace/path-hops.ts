/** Words for what the kernel says about the way of a packet. */
import type { Obstacle, PathOut } from '#model/host/path.ts';
import type { Hop } from './hops.ts';

/** A packet on the host, between where it comes in and where it goes. */
export interface Leg {
	readonly address: string;
	/** Absent: the host itself sends it. */
	readonly from?: { readonly source: string; readonly interface: string } | undefined;
}

const DOCTOR = 'klee network doctor';

/** The kernel does not pass a packet on. */
export function obstacleHop(obstacle: Obstacle, { address, from }: Leg): Hop {
	const [why, change] = wordsOf(obstacle, { address, from });
	const sent = from ? `passes no packets of ${from.source} on to ${address}` : `sends no packets to ${address}`;
	return lost(`the kernel ${sent}: ${why}`, change);
}

function wordsOf(obstacle: Obstacle, { address, from }: Leg): readonly [why: string, change: string] {
	const name = from?.interface ?? 'the host';
	switch (obstacle) {
		case 'no-route':
			return [`the host has no route to ${address}`, `ip route get ${address}`];
		case 'forwarding-off':
			return [`forwarding on ${name} is off`, `${DOCTOR} --repair`];
		case 'reverse-path-filter':
			return [
				`rp_filter on ${name} is strict, and the way back to ${from?.source} is another one`,
				`sysctl -w net.ipv4.conf.${name}.rp_filter=2`,
			];
		case 'policy-rule':
			return [`a rule of policy routing refuses what comes in on ${name}`, 'ip rule'];
	}
}

/** The kernel sends packets for a container elsewhere. */
export function astrayHop(address: string, found: string, expected: string): Hop {
	const what = `the kernel sends packets for ${address} out of ${found}, not ${expected}: see "ip route get ${address}"`;
	return lost(what, DOCTOR);
}

/** Nobody on the link takes the packet. @param container its name, if the next one is a container */
export function silentHop({ interface: name, next }: PathOut, container: string | undefined): Hop {
	const what = `nobody on ${name} answers for ${next}`;
	return lost(what, container ? `klee exec ${container} ip address` : `ip neigh show dev ${name}`);
}

/** Frames for an address go to the wrong container. */
export function takenMacHop(address: string, mac: string, owner: string): Hop {
	return lost(
		`${address} answers with ${mac}, the MAC address of ${owner}, which gets its frames`,
		`klee isc ${owner}`,
	);
}

/** An address answers with a MAC address that Kleene did not give it. */
export function strangeMacHop(address: string, mac: string, expected: string): Hop {
	const what = `${address} answers with ${mac}, not ${expected}: another machine may have the address`;
	return { kind: 'bridge', what, change: `look for ${mac} on that network` };
}

/** The container has no route. */
export function insideHop(name: string, address: string): Hop {
	return lost(`${name} has no route to ${address}: its routes were changed inside`, `klee exec ${name} ip route`);
}

/** The container sends by another interface than Kleene set up. */
export function divertedHop(name: string, address: string, by: string): Hop {
	const what = `${name} sends packets for ${address} by ${by}, which Kleene did not set up`;
	return { kind: 'route', what, change: `klee exec ${name} ip route get ${address}` };
}

/** Rules of somebody else that let nothing through. */
export function foreignDropHop(chain: string): Hop {
	const change = 'let it accept them: "Your own firewall" in docs/networks.md';
	return { kind: 'rule', what: `${chain} drops every packet`, verdict: 'drop', change };
}

/** The host translates nothing, as a packet would need it. */
export function noRulesHop(): Hop {
	const what = 'the rules of Kleene are missing on the host: nothing is translated';
	return { kind: 'rule', what, verdict: 'lost', change: `${DOCTOR} --repair` };
}

/** Interfaces between two routers, in the order in which a packet passes them. */
export type Segment = readonly { readonly name: string; readonly mtu: number }[];

/** Where big packets get no further. @param segments in order, each behind a router */
export function mtuHops(segments: readonly Segment[]): Hop[] {
	let largest = Number.POSITIVE_INFINITY;
	return segments.flatMap((segment) => {
		const [first, ...rest] = segment;
		if (!first) return [];
		const hops: Hop[] = [];
		const limit = `packets of more than ${first.mtu} bytes do not fit through ${first.name}`;
		if (first.mtu < largest && largest !== Number.POSITIVE_INFINITY)
			hops.push({ kind: 'route', what: `${limit}: their sender is told, and sends smaller ones` });
		largest = Math.min(largest, first.mtu);
		const narrow = rest.filter(({ mtu }) => mtu < largest).sort((one, other) => one.mtu - other.mtu)[0];
		if (narrow) hops.push(swallowed(narrow, largest));
		largest = Math.min(largest, narrow?.mtu ?? largest);
		return hops;
	});
}

function swallowed({ name, mtu }: Segment[number], largest: number): Hop {
	const what = `packets of more than ${mtu} bytes are lost at ${name}, and nobody is told`;
	return { kind: 'cable', what, change: `ip link set ${name} mtu ${largest}` };
}

function lost(what: string, change: string): Hop {
	return { kind: 'route', what, verdict: 'lost', change };
}
