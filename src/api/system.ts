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

/** Object that a prune removed or would remove. */
export const Pruned = Type.Object(
	{
		kind: Type.Union([
			Type.Literal('container'),
			Type.Literal('network'),
			Type.Literal('volume'),
			Type.Literal('image'),
			Type.Literal('cache', { description: 'of RUN --mount=type=cache' }),
			Type.Literal('lost', { description: 'in lost+found' }),
		]),
		id: Type.String({ description: 'of a volume: its name; of lost files: with their kind in front' }),
		name: Type.String({ description: 'empty: it has none besides the id' }),
	},
	{ $id: 'Pruned' },
);
export type Pruned = Type.Static<typeof Pruned>;

export const PruneReport = Type.Object(
	{ objects: Type.Array(Pruned), bytes: Type.Integer({ description: 'room on the disk' }) },
	{ $id: 'PruneReport' },
);
export type PruneReport = Type.Static<typeof PruneReport>;

export const PruneQuery = Type.Object({
	all: Type.Optional(Type.Boolean({ description: 'images that have names, too' })),
	volumes: Type.Optional(Type.Boolean({ description: 'volumes that no container mounts, too' })),
	dry_run: Type.Optional(Type.Boolean({ description: 'tell what would go, and change nothing' })),
});
export type PruneQuery = Type.Static<typeof PruneQuery>;
