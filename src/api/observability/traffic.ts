/** Who talks with whom, and how much. */
import Type from 'typebox';
import { Nullable } from '../shapes.ts';

export const FlowQuery = Type.Object({
	of: Type.Optional(
		Type.String({ description: 'names or ids of containers or networks, separated by commas; absent: all' }),
	),
});
export type FlowQuery = Type.Static<typeof FlowQuery>;

const Named = Type.Object({ id: Type.String(), name: Type.String() });

/** Without an id, as fastify takes a schema with one once in an object. */
export const FlowEnd = Type.Object({
	kind: Type.Union([Type.Literal('container'), Type.Literal('host'), Type.Literal('outside')]),
	address: Type.String(),
	port: Type.Integer({ description: '0: the protocol has none' }),
	container: Nullable(Named),
	network: Nullable(Named),
});
export type FlowEnd = Type.Static<typeof FlowEnd>;

const FlowCount = Nullable(
	Type.Object({ packets: Type.Integer(), bytes: Type.Integer() }, { description: 'null: not counted' }),
);

const Address = Type.Object({ address: Type.String(), port: Type.Integer() });

export const Flow = Type.Object(
	{
		id: Type.String({ description: 'unique on the host while the flow is there' }),
		protocol: Type.String({ description: '`tcp`, `udp`, `icmp`, `icmp6`, `sctp` or a number' }),
		state: Type.Union([Type.Literal('new'), Type.Literal('established'), Type.Literal('closing')]),
		source: FlowEnd,
		target: FlowEnd,
		destination: Type.Object(Address.properties, {
			description: 'as the source wrote it; the target differs behind a published port',
		}),
		sender: Type.Object(Address.properties, {
			description: 'as the target sees it; differs from the source behind NAT',
		}),
		sent: FlowCount,
		received: FlowCount,
	},
	{ $id: 'Flow' },
);
export type Flow = Type.Static<typeof Flow>;

/** A line of the stream. After `missed`, all flows that are there follow as `present`. */
export const FlowLine = Type.Union([
	Type.Object({
		type: Type.Union([Type.Literal('present'), Type.Literal('began'), Type.Literal('changed'), Type.Literal('ended')]),
		flow: Flow,
	}),
	Type.Object({ type: Type.Literal('missed') }),
]);
export type FlowLine = Type.Static<typeof FlowLine>;

/** What an endpoint of a running container received and sent, as the container sees it. */
export const EndpointCounters = Type.Object(
	{
		endpoint_id: Type.String(),
		container_id: Type.String(),
		network_id: Type.String(),
		received_bytes: Type.Integer(),
		received_packets: Type.Integer(),
		sent_bytes: Type.Integer(),
		sent_packets: Type.Integer(),
		dropped: Type.Integer({ description: 'packets that its cable did not take, in both directions' }),
	},
	{ $id: 'EndpointCounters' },
);
export type EndpointCounters = Type.Static<typeof EndpointCounters>;
