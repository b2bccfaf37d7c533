/** `GET /networks/doctor` and `GET /networks/trace`: ours, not in the contract of other kleeneds. */
import Type from 'typebox';

export const Finding = Type.Object({
	kind: Type.Union([Type.Literal('drift'), Type.Literal('leak'), Type.Literal('duplicate'), Type.Literal('capacity')]),
	severity: Type.Union([Type.Literal('error'), Type.Literal('warning')]),
	subject: Type.String({ description: 'e.g. `network testnet`' }),
	what: Type.String(),
	why: Type.String({ description: 'why it matters' }),
	mend: Type.String(),
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
