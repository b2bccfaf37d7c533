/** Shapes that several resources share. Every schema of this folder is validator, serialiser, type and OpenAPI in one. */
import Type from 'typebox';

export const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const IdResponse = Type.Object({ id: Type.String() }, { $id: 'IdResponse' });
export type IdResponse = Type.Static<typeof IdResponse>;

export const IdListResponse = Type.Array(Type.String());

const message = Type.String({ description: 'the text of the original API, where it has one' });

/** Body of an error. */
export const ErrorResponse = Type.Object({ message }, { $id: 'ErrorResponse' });
export type ErrorResponse = Type.Static<typeof ErrorResponse>;

/** Ours: body of an error with all that there is to say. */
export const DetailedErrorResponse = Type.Object(
	{
		message,
		code: Type.String({ description: 'see docs/errors.md' }),
		what: Type.String({ description: 'operation that failed' }),
		why: Type.String({ description: 'reason' }),
		hint: Type.String({ description: 'next step for the user' }),
	},
	{ $id: 'DetailedErrorResponse' },
);
export type DetailedErrorResponse = Type.Static<typeof DetailedErrorResponse>;

/** Answer to `?dry_run=true`: what would be done, in the words of the host's own tools. Nothing was changed. */
export const PlanResponse = Type.Object({ plan: Type.Array(Type.String()) }, { $id: 'PlanResponse' });
export type PlanResponse = Type.Static<typeof PlanResponse>;

export const DryRunQuery = Type.Object({ dry_run: Type.Optional(Type.Boolean({ description: 'plan only' })) });

/** For what can only be planned. */
export const DryRunOnly = Type.Object({ dry_run: Type.Literal(true, { description: 'plan only' }) });
