import Type from 'typebox';

/** Something that was found and that the database did not know. */
export const Lost = Type.Object(
	{
		kind: Type.Union([
			Type.Literal('image'),
			Type.Literal('layer'),
			Type.Literal('container'),
			Type.Literal('volume'),
			Type.Literal('network', { description: 'no files: the record of what it was' }),
		]),
		id: Type.String({ description: 'of a volume: its name' }),
	},
	{ $id: 'Lost' },
);
export type Lost = Type.Static<typeof Lost>;
