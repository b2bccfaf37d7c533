import type { Flow, FlowEnd } from '#model/traffic/flow.ts';
import type { ConnectedSocket } from '#os/linux/netlink/connected-sockets.ts';
import type { Direction, TrackedFlow } from '#os/linux/netlink/filter/conntrack.ts';

/** Numbers of protocols of IP, as in /etc/protocols. */
const PROTOCOLS: ReadonlyMap<number, string> = new Map([
	[1, 'icmp'],
	[6, 'tcp'],
	[17, 'udp'],
	[58, 'icmp6'],
	[132, 'sctp'],
]);

/** @param number of the protocol of IP @returns e.g. `tcp`, or the number */
export function protocolName(number: number): string {
	return PROTOCOLS.get(number) ?? String(number);
}

/** A connection that the host tracks. Answers come from the target and go to the sender as the target sees it. */
export function flowOfTracked(tracked: TrackedFlow): Flow {
	const { original, reply, answered, closing } = tracked;
	return {
		id: tracked.id.toString(16).padStart(8, '0'),
		protocol: protocolName(tracked.protocol),
		source: sourceOf(original),
		destination: destinationOf(original),
		target: sourceOf(reply),
		sender: destinationOf(reply),
		state: closing ? 'closing' : answered ? 'established' : 'new',
		sent: tracked.sent,
		received: tracked.received,
	};
}

/**
 * A connection within a network, of which both ends have a socket: both have the same id. The source is taken to be
 * the end with the higher port, as nothing tells which one began.
 */
export function flowOfSocket({ protocol, local, remote, state, sent, received }: ConnectedSocket): Flow {
	const begun = local.port >= remote.port;
	const [source, destination] = begun ? [local, remote] : [remote, local];
	return {
		id: `${protocol} ${textOf(source)} ${textOf(destination)}`,
		protocol,
		source,
		destination,
		target: destination,
		sender: source,
		state,
		sent: begun ? sent : received,
		received: begun ? received : sent,
	};
}

function sourceOf({ source, sourcePort }: Direction): FlowEnd {
	return { address: source, port: sourcePort };
}

function destinationOf({ destination, destinationPort }: Direction): FlowEnd {
	return { address: destination, port: destinationPort };
}

function textOf({ address, port }: FlowEnd): string {
	return `${address} ${port}`;
}
