import Type from 'typebox';

/** Ours: settings beyond those of the original Kleene. On update, those that are given replace those that were. */
export const ContainerOptions = Type.Object(
	{
		memory: Type.Optional(Type.Integer({ minimum: 0, description: 'bytes' })),
		cpus: Type.Optional(Type.Number({ minimum: 0, description: 'processors, e.g. 1.5' })),
		pids: Type.Optional(Type.Integer({ minimum: 0, description: 'processes and threads' })),
		workdir: Type.Optional(Type.String({ description: "absolute path; absent: the image's" })),
		entrypoint: Type.Optional(
			Type.Array(Type.String(), { description: "words in front of the command; absent: the image's" }),
		),
		labels: Type.Optional(Type.Record(Type.String(), Type.String())),
		restart: Type.Optional(
			Type.Union(
				[
					Type.Literal('always'),
					Type.Literal('unless-stopped'),
					Type.Literal('on-failure'),
					Type.TemplateLiteral([Type.Literal('on-failure:'), Type.Integer()]),
				],
				{ description: 'restart after an end by itself; restart_policy is about the start of the daemon alone' },
			),
		),
	},
	{ $id: 'ContainerOptions', additionalProperties: false },
);
export type ContainerOptions = Type.Static<typeof ContainerOptions>;
