import Type from 'typebox';

/** The daemon and its host. */
export const SystemInfo = Type.Object(
	{
		version: Type.String({ description: 'of kleened' }),
		os: Type.String(),
		release: Type.String(),
		kernel: Type.String(),
		runtime: Type.String(),
		places: Type.Object({ layers: Type.String(), containers: Type.String(), volumes: Type.String() }),
		lacking: Type.Array(Type.String(), { description: 'things that this host lacks' }),
		containers: Type.Integer(),
		running: Type.Integer(),
		images: Type.Integer(),
		networks: Type.Integer(),
		volumes: Type.Integer(),
	},
	{ $id: 'SystemInfo' },
);
export type SystemInfo = Type.Static<typeof SystemInfo>;

/** Room that an object occupies. */
export const DiskUsage = Type.Object(
	{
		kind: Type.Union([
			Type.Literal('layer'),
			Type.Literal('container'),
			Type.Literal('volume'),
			Type.Literal('cache', { description: 'of RUN --mount=type=cache' }),
			Type.Literal('lost', { description: 'in lost+found' }),
		]),
		id: Type.String({ description: 'of a volume: its name; of lost files: with their kind in front' }),
		bytes: Type.Integer(),
		used: Type.Boolean({ description: 'a container needs it; of a container: it runs' }),
	},
	{ $id: 'DiskUsage' },
);
export type DiskUsage = Type.Static<typeof DiskUsage>;
