/** Packets that the firewall refused. */
import Type from 'typebox';
import { Nullable } from '../shapes.ts';
import { FlowEnd, FlowQuery } from './traffic.ts';

export const RefusalQuery = FlowQuery;
export type RefusalQuery = Type.Static<typeof RefusalQuery>;

const Reason = Type.Union(
	[
		Type.Literal('icc-off'),
		Type.Literal('icc-off-internal'),
		Type.Literal('leaves-internal'),
		Type.Literal('enters-internal'),
		Type.Literal('networks-apart'),
		Type.Literal('outside-apart'),
		Type.Literal('transit'),
		Type.Literal('source-refused'),
		Type.Literal('host-closed'),
		Type.Literal('foreign-source'),
		Type.Literal('host-loopback'),
		Type.Literal('connection-limit'),
		Type.Literal('query-limit'),
		Type.Literal('no-connection'),
	],
	{ description: 'rule that refused it' },
);

/** Equal packets that were refused: same ends but for the port of the source, same reason. */
export const Refusal = Type.Object(
	{
		time: Type.String({ description: 'of the last of them (ISO 8601)' }),
		packets: Type.Integer({ description: 'since the line before about the same; more may be unshown' }),
		verdict: Type.Union([Type.Literal('reject'), Type.Literal('drop')], {
			description: '`reject`: the sender was told; `drop`: nobody was',
		}),
		reason: Reason,
		rule: Type.String({ description: 'the reason in words' }),
		change: Type.String({ description: 'a command that would allow it, or the closest to one' }),
		protocol: Type.String({ description: '`tcp`, `udp`, `icmp`, `icmp6`, `sctp` or a number' }),
		source: FlowEnd,
		target: FlowEnd,
		direction: Type.Union([Type.Literal('in'), Type.Literal('out'), Type.Literal('between')], {
			description: 'to a container from elsewhere, from a container to elsewhere, between containers',
		}),
		arrived: Nullable(Type.String({ description: 'interface of the host that it came in on' })),
		leaving: Nullable(Type.String({ description: 'interface that it would have left by' })),
	},
	{ $id: 'Refusal' },
);
export type Refusal = Type.Static<typeof Refusal>;

/** A line of the stream. `ready` is the first: what is refused from then on is reported. */
export const RefusalLine = Type.Union([
	Type.Object({ type: Type.Literal('ready') }),
	Type.Object({ type: Type.Literal('refused'), refusal: Refusal }),
	Type.Object({
		type: Type.Literal('unshown'),
		reason: Reason,
		packets: Type.Integer({ description: 'refused beyond the rate at which packets are reported' }),
	}),
	Type.Object({ type: Type.Literal('missed') }, { description: 'the reader was too slow: packets before are lost' }),
]);
export type RefusalLine = Type.Static<typeof RefusalLine>;
