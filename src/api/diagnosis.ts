/** `GET /networks/doctor` and `GET /networks/trace`: ours, not in the contract of other kleeneds. */
import Type from 'typebox';
import { Nullable } from './shapes.ts';

export const Finding = Type.Object({
	kind: Type.Union([Type.Literal('drift'), Type.Literal('leak'), Type.Literal('duplicate'), Type.Literal('capacity')]),
	severity: Type.Union([Type.Literal('error'), Type.Literal('warning')]),
	subject: Type.String({ description: 'e.g. "network testnet"' }),
	what: Type.String(),
	why: Type.String({ description: 'why it matters' }),
	hint: Type.String(),
	plan: Type.Array(Type.String(), {
		description: "what a repair would do, in the words of the host's own tools; empty: it takes an administrator",
	}),
});
export type Finding = Type.Static<typeof Finding>;

const Extent = Type.Object({ networks: Type.Integer(), containers: Type.Integer(), parts: Type.Integer() });

export const Diagnosis = Type.Object({ findings: Type.Array(Finding), examined: Extent }, { $id: 'Diagnosis' });
export type Diagnosis = Type.Static<typeof Diagnosis>;

export const RepairResponse = Type.Object(
	{
		repaired: Type.Array(Finding),
		findings: Type.Array(Finding, { description: 'those that are left' }),
		failures: Type.Array(Type.String(), { description: 'what the host said to steps that did not work' }),
		examined: Extent,
	},
	{ $id: 'RepairResponse' },
);
export type RepairResponse = Type.Static<typeof RepairResponse>;

export const TraceQuery = Type.Object({
	source: Type.String({ description: 'a container, "host", "outside" or an address' }),
	destination: Type.String({ description: 'the same, and ":PORT" or ":PORT/PROTO"' }),
});

export const Hop = Type.Object({
	kind: Type.Union([
		Type.Literal('process'),
		Type.Literal('cable'),
		Type.Literal('bridge'),
		Type.Literal('route'),
		Type.Literal('nat'),
		Type.Literal('rule'),
		Type.Literal('outside'),
	]),
	what: Type.String(),
	verdict: Nullable(
		Type.Union([Type.Literal('accept'), Type.Literal('reject'), Type.Literal('drop'), Type.Literal('lost')]),
	),
	change: Nullable(Type.String({ description: 'what would make it otherwise' })),
});
export type Hop = Type.Static<typeof Hop>;

const Probe = Type.Object({
	outcome: Type.Union([
		Type.Literal('answered'),
		Type.Literal('closed'),
		Type.Literal('refused'),
		Type.Literal('silence'),
	]),
	milliseconds: Type.Number(),
	detail: Type.String(),
});

export const Trace = Type.Object(
	{
		source: Type.String(),
		destination: Type.String(),
		address: Type.String({ description: "that packets are sent to; '' for the outside" }),
		protocol: Type.Union([Type.Literal('icmp'), Type.Literal('tcp'), Type.Literal('udp')]),
		port: Type.Integer(),
		hops: Type.Array(Hop),
		reachable: Type.Boolean({ description: 'by what Kleene knows' }),
		reason: Type.String(),
		not_evaluated: Type.Array(Type.String(), {
			description: 'what on the way was not evaluated, e.g. "chain forward of table inet filter"',
		}),
		probe: Nullable(Probe),
		not_probed: Type.String({ description: "why there was no probe; '' where there was" }),
		listening: Nullable(
			Type.Boolean({ description: 'whether a process takes what arrives; null where that is not known' }),
		),
		verdict: Type.Union([
			Type.Literal('reachable'),
			Type.Literal('unreachable'),
			Type.Literal('disagreement', { description: 'the probe went another way than the model says' }),
		]),
	},
	{ $id: 'Trace' },
);
export type Trace = Type.Static<typeof Trace>;
