import Type from 'typebox';

export const ObjectQuery = Type.Object({ identifier: Type.String({ description: 'a name, an id, or its beginning' }) });

/** An object of any kind. */
export const FoundObject = Type.Object(
	{
		kind: Type.Union([
			Type.Literal('container'),
			Type.Literal('image'),
			Type.Literal('network'),
			Type.Literal('volume'),
		]),
		id: Type.String({ description: 'of a volume: its name' }),
	},
	{ $id: 'FoundObject' },
);
export type FoundObject = Type.Static<typeof FoundObject>;
