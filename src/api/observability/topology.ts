/** The map of a host: networks, containers, and the endpoints that connect them. */
import Type from 'typebox';
import { Health, NetworkDriver, PublishedPort, RunEnd } from '../containers.ts';
import { EndPoint } from '../endpoints.ts';
import { Network } from '../networks.ts';
import { Nullable } from '../shapes.ts';

export const TopologyContainer = Type.Object(
	{
		id: Type.String(),
		name: Type.String(),
		image: Type.String({ description: "NAME:TAG, '' = removed or without a name" }),
		network_driver: NetworkDriver,
		running: Type.Boolean(),
		health: Health,
		end: Nullable(RunEnd),
		public_ports: Type.Array(PublishedPort),
		created: Type.String({ description: 'ISO 8601 with microseconds, UTC' }),
	},
	{ $id: 'TopologyContainer' },
);
export type TopologyContainer = Type.Static<typeof TopologyContainer>;

/** An interface of the host that is not part of Kleene. */
export const Uplink = Type.Object(
	{
		interface: Type.String(),
		addresses: Type.Array(Type.String(), { description: 'with prefix' }),
		up: Type.Boolean(),
		default_route: Type.Boolean({ description: 'whether the IPv4 default route leaves by it' }),
	},
	{ $id: 'Uplink' },
);
export type Uplink = Type.Static<typeof Uplink>;

export const TopologyHost = Type.Object(
	{ os: Type.String(), release: Type.String(), uplinks: Type.Array(Uplink) },
	{ $id: 'TopologyHost' },
);
export type TopologyHost = Type.Static<typeof TopologyHost>;

const objects = {
	networks: Type.Array(Network),
	containers: Type.Array(TopologyContainer),
	endpoints: Type.Array(EndPoint),
};

export const Topology = Type.Object(
	{ type: Type.Literal('topology'), host: TopologyHost, ...objects },
	{ $id: 'Topology' },
);
export type Topology = Type.Static<typeof Topology>;

/** New and changed objects, whole, and the ids of removed ones. */
export const TopologyChange = Type.Object(
	{
		type: Type.Literal('change'),
		host: Type.Optional(TopologyHost),
		...objects,
		removed: Type.Object({
			networks: Type.Array(Type.String()),
			containers: Type.Array(Type.String()),
			endpoints: Type.Array(Type.String()),
		}),
	},
	{ $id: 'TopologyChange' },
);
export type TopologyChange = Type.Static<typeof TopologyChange>;

/** A line of the stream. A `topology` that comes later replaces everything: more changed than was read. */
export const TopologyLine = Type.Union([Topology, TopologyChange]);
export type TopologyLine = Type.Static<typeof TopologyLine>;
