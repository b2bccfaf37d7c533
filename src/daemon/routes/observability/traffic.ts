import { Readable } from 'node:stream';
import Type from 'typebox';
import { JSON_LINES } from '#api/activity/events.ts';
import * as wire from '#api/observability/traffic.ts';
import type { Engine } from '#engine/engine.ts';
import type { Holder } from '#engine/operations/observability/addresses.ts';
import type { EndpointCounters } from '#engine/operations/observability/counters.ts';
import type { NamedFlow, NamedFlowChange } from '#engine/operations/observability/flows.ts';
import type { FlowEnd } from '#model/traffic/flow.ts';
import type { App } from '../../http.ts';
import { contentOf, linesOf } from '../activity/stream.ts';

/** Names or ids that a query selects. */
export const selectionOf = ({ of = '' }: wire.FlowQuery) => ({ of: of.split(',').filter((one) => one !== '') });

export function trafficRoutes(app: App, { observability: { flows, counters } }: Engine): void {
	app.route({
		method: 'GET',
		url: '/flows',
		schema: {
			description: 'ours: who talks with whom now: flows of containers',
			querystring: wire.FlowQuery,
			response: { 200: Type.Array(wire.Flow) },
		},
		config: { errors: [404, 500] },
		handler: async ({ query }) => (await flows.list(selectionOf(query))).map(presentFlow),
	});

	app.route({
		method: 'GET',
		url: '/flows/changes',
		schema: {
			description:
				'ours: the flows that are there, then what changes, one JSON object per line, until the client leaves',
			querystring: wire.FlowQuery,
			response: { 200: contentOf(JSON_LINES, wire.FlowLine) },
		},
		config: { errors: [404, 500] },
		handler: async ({ query }, reply) => {
			const left = new AbortController();
			const changes = flows.follow(selectionOf(query), left.signal);
			const body = Readable.from(linesOf(changes, presentChange), { objectMode: false });
			// The body closes only once what it waits for comes.
			reply.raw.once('close', () => left.abort());
			return reply.type(JSON_LINES).send(body);
		},
	});

	app.route({
		method: 'GET',
		url: '/counters',
		schema: {
			description: 'ours: packets and bytes of the endpoints of running containers',
			response: { 200: Type.Array(wire.EndpointCounters) },
		},
		config: { errors: [500] },
		handler: async () => (await counters.list()).map(presentCounters),
	});
}

function presentChange(change: NamedFlowChange): wire.FlowLine {
	return change.kind === 'missed' ? { type: 'missed' } : { type: change.kind, flow: presentFlow(change.flow) };
}

function presentFlow({ from, to, source, target, destination, sender, ...flow }: NamedFlow): wire.Flow {
	return {
		id: flow.id,
		protocol: flow.protocol,
		state: flow.state,
		source: presentEnd(source, from),
		target: presentEnd(target, to),
		destination: { ...destination },
		sender: { ...sender },
		sent: flow.sent ? { ...flow.sent } : null,
		received: flow.received ? { ...flow.received } : null,
	};
}

/** One end of a flow with its holder. */
export function presentEnd({ address, port }: FlowEnd, { kind, container, network }: Holder): wire.FlowEnd {
	return {
		kind,
		address,
		port,
		container: container ? { ...container } : null,
		network: network ? { ...network } : null,
	};
}

function presentCounters(one: EndpointCounters): wire.EndpointCounters {
	return {
		endpoint_id: one.endpoint,
		container_id: one.container,
		network_id: one.network,
		received_bytes: one.receivedBytes,
		received_packets: one.receivedPackets,
		sent_bytes: one.sentBytes,
		sent_packets: one.sentPackets,
		dropped: one.dropped,
	};
}
