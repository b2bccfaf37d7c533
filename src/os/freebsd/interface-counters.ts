/** Parses `netstat --libxo json -ibn`. */

export interface InterfaceCounters {
	readonly receivedBytes: number;
	readonly receivedPackets: number;
	readonly sentBytes: number;
	readonly sentPackets: number;
}

interface Entry {
	readonly name?: string;
	readonly network?: string;
	readonly 'received-bytes'?: number;
	readonly 'received-packets'?: number;
	readonly 'sent-bytes'?: number;
	readonly 'sent-packets'?: number;
}

/** By interface. There is a line for each address too; that of the link has the sums. @throws SyntaxError */
export function parseCounters(text: string): Map<string, InterfaceCounters> {
	const answer = JSON.parse(text) as { readonly statistics?: { readonly interface?: readonly Entry[] } };
	const links = (answer.statistics?.interface ?? []).filter(({ network = '' }) => network.startsWith('<Link'));
	return new Map(
		links.map((entry) => [
			entry.name ?? '',
			{
				receivedBytes: entry['received-bytes'] ?? 0,
				receivedPackets: entry['received-packets'] ?? 0,
				sentBytes: entry['sent-bytes'] ?? 0,
				sentPackets: entry['sent-packets'] ?? 0,
			},
		]),
	);
}
