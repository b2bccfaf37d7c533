import type { Topology, TopologyLine } from '#api/observability/topology.ts';
import { type LineSink, readLines } from '../activity/events.ts';
import type { HttpTransport } from '../http.ts';

/** Views of the network: its map and its traffic. */
export interface ObservabilityClient {
	topology(): Promise<Topology>;
	/** The map, then what changes of it. Resolves when the daemon ends the stream. */
	followTopology(sink: LineSink<TopologyLine>): Promise<void>;
}

export function observabilityClient(http: HttpTransport): ObservabilityClient {
	return {
		topology: () => http.call({ method: 'GET', path: ['topology'], doing: 'show the map' }),
		followTopology: (sink) =>
			readLines(http, { method: 'GET', path: ['topology', 'changes'], doing: 'follow the map' }, sink),
	};
}
