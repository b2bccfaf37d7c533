import { Readable } from 'node:stream';
import { JSON_LINES } from '#api/activity/events.ts';
import * as wire from '#api/observability/topology.ts';
import type { Engine } from '#engine/engine.ts';
import type {
	Topology,
	TopologyChange,
	TopologyContainer,
	TopologyHost,
} from '#engine/operations/observability/topology.ts';
import type { Endpoint } from '#model/endpoint.ts';
import type { Network } from '#model/network.ts';
import type { App } from '../../http.ts';
import { presentContainer, presentEndpoint, presentNetwork } from '../../present.ts';
import { contentOf, linesOf } from '../activity/stream.ts';

export function topologyRoutes(app: App, { observability: { topology }, networks, endpoints }: Engine): void {
	const presentObjects = (objects: Pick<Topology, 'networks' | 'containers' | 'endpoints'>) => ({
		networks: objects.networks.map((network: Network) => presentNetwork(network, networks.natInterface(network))),
		containers: objects.containers.map(presentTopologyContainer),
		endpoints: objects.endpoints.map((endpoint: Endpoint) => presentEndpoint(endpoint, endpoints.macOf(endpoint))),
	});
	const presentWhole = (map: Topology): wire.Topology => ({
		type: 'topology',
		host: presentHost(map.host),
		...presentObjects(map),
	});
	const present = (line: Topology | TopologyChange): wire.TopologyLine => {
		if (line.kind === 'topology') return presentWhole(line);
		const { removed } = line;
		return {
			type: 'change',
			...(line.host ? { host: presentHost(line.host) } : {}),
			...presentObjects(line),
			removed: {
				networks: [...removed.networks],
				containers: [...removed.containers],
				endpoints: [...removed.endpoints],
			},
		};
	};

	app.route({
		method: 'GET',
		url: '/topology',
		schema: { description: 'ours: the map of the host', response: { 200: wire.Topology } },
		config: { errors: [500] },
		handler: async () => presentWhole(await topology.show()),
	});

	app.route({
		method: 'GET',
		url: '/topology/changes',
		schema: {
			description: 'ours: the map, then what changes of it, one JSON object per line, until the client leaves',
			response: { 200: contentOf(JSON_LINES, wire.TopologyLine) },
		},
		config: { errors: [500] },
		handler: async (_request, reply) => {
			const left = new AbortController();
			const body = Readable.from(linesOf(topology.follow(left.signal), present), { objectMode: false });
			body.once('close', () => left.abort());
			return reply.type(JSON_LINES).send(body);
		},
	});
}

function presentTopologyContainer({ image, ...state }: TopologyContainer): wire.TopologyContainer {
	const { id, name, network_driver, running, health, end, public_ports, created } = presentContainer(state);
	return { id, name: name ?? '', image, network_driver, running, health, end, public_ports, created };
}

function presentHost({ os, release, uplinks }: TopologyHost): wire.TopologyHost {
	return {
		os,
		release,
		uplinks: uplinks.map(({ name, addresses, up, isDefault }) => ({
			interface: name,
			addresses: [...addresses],
			up,
			default_route: isDefault,
		})),
	};
}
