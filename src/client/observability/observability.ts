import type { CaptureLine, CaptureQuery } from '#api/observability/capture.ts';
import type { RefusalLine } from '#api/observability/refusals.ts';
import type { Topology, TopologyLine } from '#api/observability/topology.ts';
import type { EndpointCounters, Flow, FlowLine } from '#api/observability/traffic.ts';
import { type LineSink, readLines } from '../activity/events.ts';
import type { HttpTransport } from '../http.ts';

/** Views of the network: its map and its traffic. */
export interface ObservabilityClient {
	topology(): Promise<Topology>;
	/** The map, then what changes of it. Resolves when the daemon ends the stream. */
	followTopology(sink: LineSink<TopologyLine>): Promise<void>;
	/** @param of names or ids of containers or networks; none: all */
	flows(of: readonly string[]): Promise<Flow[]>;
	/** Flows that are there, then what changes. Resolves when the daemon ends the stream. */
	followFlows(of: readonly string[], sink: LineSink<FlowLine>): Promise<void>;
	/** Packets that the firewall refuses from now on. Resolves when the daemon ends the stream. */
	followRefused(of: readonly string[], sink: LineSink<RefusalLine>): Promise<void>;
	/** Packets as a file of pcapng, in pieces as they come. */
	capturePackets(query: CaptureQuery): AsyncGenerator<Buffer>;
	/** Packets as readable lines. Resolves at the end of the capture. */
	captureLines(query: CaptureQuery, sink: LineSink<CaptureLine>): Promise<void>;
	/** Ends a capture, whose reader then gets the counts. @param id of the query that began it */
	stopCapture(id: string): Promise<void>;
	/** Packets and bytes of the endpoints of running containers. */
	counters(): Promise<EndpointCounters[]>;
}

export function observabilityClient(http: HttpTransport): ObservabilityClient {
	const queryOf = (of: readonly string[]) => (of.length > 0 ? { of: of.join(',') } : {});
	return {
		topology: () => http.call({ method: 'GET', path: ['topology'], doing: 'show the map' }),
		followTopology: (sink) =>
			readLines(http, { method: 'GET', path: ['topology', 'changes'], doing: 'follow the map' }, sink),
		flows: (of) => http.call({ method: 'GET', path: ['flows'], query: queryOf(of), doing: 'show flows' }),
		followFlows: (of, sink) =>
			readLines(http, { method: 'GET', path: ['flows', 'changes'], query: queryOf(of), doing: 'follow flows' }, sink),
		followRefused: (of, sink) =>
			readLines(http, { method: 'GET', path: ['refused'], query: queryOf(of), doing: 'follow refused packets' }, sink),
		capturePackets: (query) => http.stream(captureCall({ ...query, format: 'pcapng' })),
		captureLines: (query, sink) => readLines(http, captureCall({ ...query, format: 'lines' }), sink),
		stopCapture: (id) => http.call({ method: 'POST', path: ['capture', id, 'stop'], doing: 'end the capture' }),
		counters: () => http.call({ method: 'GET', path: ['counters'], doing: 'count packets' }),
	};
}

function captureCall(query: CaptureQuery) {
	return { method: 'GET', path: ['capture'], query, doing: `capture packets of ${query.of}` } as const;
}
