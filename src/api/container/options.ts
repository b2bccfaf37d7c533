import Type from 'typebox';
import { HealthSettings } from './health.ts';

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
		readonly: Type.Optional(Type.Boolean({ description: 'the root file system cannot be written to' })),
		tmpfs: Type.Optional(
			Type.Array(
				Type.Object({
					destination: Type.String(),
					size: Type.Optional(Type.Integer({ minimum: 1, description: 'bytes' })),
					mode: Type.Optional(Type.String({ pattern: '^[0-7]{3,4}$' })),
				}),
			),
		),
		capabilities: Type.Optional(
			Type.Object(
				{ add: Type.Optional(Type.Array(Type.String())), drop: Type.Optional(Type.Array(Type.String())) },
				{ description: 'names without CAP_; drop may have ALL' },
			),
		),
		devices: Type.Optional(
			Type.Array(
				Type.Object({
					source: Type.String(),
					destination: Type.String(),
					access: Type.String({ pattern: '^[rwm]{1,3}$' }),
				}),
			),
		),
		sysctls: Type.Optional(Type.Record(Type.String(), Type.String())),
		ulimits: Type.Optional(
			Type.Array(
				Type.Object({
					name: Type.String(),
					soft: Type.Integer({ minimum: -1, description: '-1: none' }),
					hard: Type.Integer({ minimum: -1 }),
				}),
			),
		),
		hosts: Type.Optional(
			Type.Array(Type.Object({ name: Type.String(), address: Type.String() }), {
				description: 'lines of /etc/hosts',
			}),
		),
		dns: Type.Optional(Type.Array(Type.String(), { description: "addresses, in place of its networks' and image's" })),
		search: Type.Optional(Type.Array(Type.String(), { description: 'domains that bare names are looked up in' })),
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
		health: Type.Optional(HealthSettings),
		log: Type.Optional(
			Type.Object(
				{
					size: Type.Optional(Type.Integer({ minimum: 1, description: 'bytes of a file; absent: 10 MiB' })),
					files: Type.Optional(Type.Integer({ minimum: 1, description: 'absent: 1' })),
				},
				{ additionalProperties: false, description: 'room for the output that is kept; absent: that of two files' },
			),
		),
	},
	{ $id: 'ContainerOptions', additionalProperties: false },
);
export type ContainerOptions = Type.Static<typeof ContainerOptions>;
