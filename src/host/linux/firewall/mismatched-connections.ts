import { parseAddress } from '#inet/address.ts';
import { contains, parseSubnet, type Subnet } from '#inet/subnet.ts';
import type { NetworkFilterPart } from '#model/parts/network-filter.ts';
import { type ConnectionMatch, PROTOCOL, type TrackedConnection } from '#os/linux/netlink/filter/conntrack.ts';

interface Place {
	readonly part: NetworkFilterPart;
	readonly subnet: Subnet;
}

/**
 * Connections that began while rules were missing and that the rules would not have let begin as they are: untranslated
 * where they leave translated, or between those whom the rules keep apart. What follows them is accepted as part of them, so
 * they would go on for ever. Those that a rule has translated passed the rules.
 *
 * @param filters of all networks
 * @param own addresses of the host, without prefix: the host may speak to everybody, and everybody's services are its own
 */
export function mismatched(
	connections: readonly TrackedConnection[],
	filters: readonly NetworkFilterPart[],
	own: ReadonlySet<string>,
): ConnectionMatch[] {
	const places = filters.flatMap((part) =>
		[part.subnet, part.subnet6].flatMap((block) => {
			const subnet = parseSubnet(block);
			return subnet ? [{ part, subnet }] : [];
		}),
	);
	const placeOf = (text: string): NetworkFilterPart | undefined => {
		const address = parseAddress(text);
		return address && places.find(({ subnet }: Place) => contains(subnet, address))?.part;
	};
	return connections
		.filter((connection) => isUntranslated(connection) && !isOfHost(connection, own))
		.filter(({ family, original }) => {
			const [from, to] = [placeOf(original.source), placeOf(original.destination)];
			return isForbidden(from, to, family);
		})
		.map(matchOf);
}

function isForbidden(from: NetworkFilterPart | undefined, to: NetworkFilterPart | undefined, family: 4 | 6): boolean {
	if (!from) return to !== undefined;
	if (from === to) return !from.icc;
	if (to || from.internal) return true;
	return (family === 4 ? from.nat : (from.nat6 ?? '')) !== '';
}

function isUntranslated({ original, reply }: TrackedConnection): boolean {
	return (
		original.source === reply.destination &&
		original.destination === reply.source &&
		original.sourcePort === reply.destinationPort &&
		original.destinationPort === reply.sourcePort
	);
}

/** Multicast and broadcast lead to nobody beyond the network. */
function isOfHost({ original: { source, destination } }: TrackedConnection, own: ReadonlySet<string>): boolean {
	return own.has(source) || own.has(destination) || /^(22[4-9]|23\d|255)\.|^ff/i.test(destination);
}

function matchOf({ family, protocol, original }: TrackedConnection): ConnectionMatch {
	const { source, destination } = original;
	const hasPorts = protocol === PROTOCOL.TCP || protocol === PROTOCOL.UDP;
	return { family, protocol, original: hasPorts ? original : { source, destination }, untranslated: true };
}
