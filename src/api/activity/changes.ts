import Type from 'typebox';

/** A file of a container that differs from its image. */
export const FileChange = Type.Object(
	{
		kind: Type.Union([Type.Literal('added'), Type.Literal('changed'), Type.Literal('deleted')]),
		path: Type.String({ description: 'absolute, in the container' }),
	},
	{ $id: 'FileChange' },
);
export type FileChange = Type.Static<typeof FileChange>;

/** How a container ended. */
export const WaitResponse = Type.Object(
	{
		exit_code: Type.Union([Type.Integer(), Type.Null()], {
			description: 'of the first process, 128 + signal; null: not known',
		}),
		reason: Type.String({ description: 'as in `end` of a container' }),
	},
	{ $id: 'WaitResponse' },
);
export type WaitResponse = Type.Static<typeof WaitResponse>;
