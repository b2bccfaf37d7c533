/** Shapes that several resources share. Every schema of this folder is validator, serialiser, type and OpenAPI in one. */
import Type from 'typebox';

export const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const IdResponse = Type.Object({ id: Type.String() }, { $id: 'IdResponse' });
export type IdResponse = Type.Static<typeof IdResponse>;

export const IdListResponse = Type.Array(Type.String());

/** `message` is the contract's text; the rest is for clients that can show more. */
export const ErrorResponse = Type.Object(
	{
		message: Type.String(),
		code: Type.Optional(Type.String()),
		what: Type.Optional(Type.String()),
		why: Type.Optional(Type.String()),
		hint: Type.Optional(Type.String()),
	},
	{ $id: 'ErrorResponse' },
);
export type ErrorResponse = Type.Static<typeof ErrorResponse>;

/** Answer to `?dry_run=true`: what would be done, in the words of the host's own tools. Nothing was changed. */
export const PlanResponse = Type.Object({ plan: Type.Array(Type.String()) }, { $id: 'PlanResponse' });
export type PlanResponse = Type.Static<typeof PlanResponse>;

export const DryRunQuery = Type.Object({ dry_run: Type.Optional(Type.Boolean({ description: 'plan only' })) });

/** For what can only be planned. */
export const DryRunOnly = Type.Object({ dry_run: Type.Literal(true, { description: 'plan only' }) });
