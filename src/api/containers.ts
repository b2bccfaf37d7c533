import Type from 'typebox';
import { ContainerHealth, HealthStatus } from './container/health.ts';
import { ContainerOptions } from './container/options.ts';
import { EndPoint } from './endpoints.ts';
import { Nullable } from './shapes.ts';

export const NetworkDriver = Type.Union([
	Type.Literal('ipnet'),
	Type.Literal('host'),
	Type.Literal('vnet'),
	Type.Literal('disabled'),
]);
export const RestartPolicy = Type.Union([Type.Literal('no'), Type.Literal('on-startup')]);
const Protocol = Type.Union([Type.Literal('tcp'), Type.Literal('udp'), Type.Literal('sctp')]);
const MountType = Type.Union([Type.Literal('volume'), Type.Literal('nullfs')]);

export const PublishedPortConfig = Type.Object(
	{
		interfaces: Type.Array(Type.String()),
		host_port: Type.String(),
		container_port: Type.String(),
		protocol: Type.Optional(Protocol),
	},
	{ $id: 'PublishedPortConfig' },
);
export type PublishedPortConfig = Type.Static<typeof PublishedPortConfig>;

export const PublishedPort = Type.Object(
	{
		interfaces: Type.Array(Type.String()),
		host_port: Type.String(),
		container_port: Type.String(),
		protocol: Protocol,
		ip_address: Type.String(),
		ip_address6: Type.String(),
	},
	{ $id: 'PublishedPort' },
);
export type PublishedPort = Type.Static<typeof PublishedPort>;

export const MountPointConfig = Type.Object(
	{
		type: MountType,
		source: Type.String(),
		destination: Type.String(),
		read_only: Type.Optional(Type.Boolean()),
	},
	{ $id: 'MountPointConfig' },
);
export type MountPointConfig = Type.Static<typeof MountPointConfig>;

export const MountPoint = Type.Object(
	{
		container_id: Type.String(),
		type: MountType,
		source: Type.String(),
		destination: Type.String(),
		read_only: Type.Boolean(),
	},
	{ $id: 'MountPoint' },
);
export type MountPoint = Type.Static<typeof MountPoint>;

/** Keys that a request leaves out keep their meaning "default" on create and "unchanged" on update. */
export const ContainerConfig = Type.Object(
	{
		name: Type.Optional(Nullable(Type.String())),
		image: Type.Optional(Nullable(Type.String())),
		cmd: Type.Optional(Nullable(Type.Array(Type.String()))),
		user: Type.Optional(Nullable(Type.String())),
		env: Type.Optional(Nullable(Type.Array(Type.String()))),
		mounts: Type.Optional(Nullable(Type.Array(MountPointConfig))),
		jail_param: Type.Optional(Nullable(Type.Array(Type.String()))),
		network_driver: Type.Optional(NetworkDriver),
		public_ports: Type.Optional(Nullable(Type.Array(PublishedPortConfig))),
		restart_policy: Type.Optional(Nullable(RestartPolicy)),
		persist: Type.Optional(Nullable(Type.Boolean())),
		publish_from: Type.Optional(
			Nullable(
				Type.Array(Type.String(), { description: 'ours: CIDRs that may use the published ports, none = everybody' }),
			),
		),
		bandwidth: Type.Optional(
			Type.Integer({
				minimum: 0,
				maximum: 10 ** 12,
				description: 'ours: bits per second in each direction, 0 = no limit',
			}),
		),
		options: Type.Optional(ContainerOptions),
	},
	{ $id: 'ContainerConfig' },
);
export type ContainerConfig = Type.Static<typeof ContainerConfig>;

export const RunEnd = Type.Object(
	{
		exit_code: Nullable(
			Type.Integer({ description: 'of the first process, 128 + signal; null: it never ran, or it is not known' }),
		),
		at: Type.String({ description: 'ISO 8601, UTC' }),
		reason: Type.Union([
			Type.Literal('exited'),
			Type.Literal('stopped'),
			Type.Literal('killed'),
			Type.Literal('out-of-memory'),
			Type.Literal('host-restarted'),
			Type.Literal('start-failed'),
		]),
	},
	{ $id: 'RunEnd', description: 'ours: how the last run ended; null: it runs, or never ran' },
);
export type RunEnd = Type.Static<typeof RunEnd>;

/** Of a container. */
export const Health = Nullable(
	Type.Union([...HealthStatus.anyOf], { description: 'ours; null: it does not run, or has no health check' }),
);

const containerFields = {
	id: Type.String(),
	name: Nullable(Type.String()),
	image_id: Type.String(),
	cmd: Type.Array(Type.String()),
	user: Type.String(),
	env: Type.Array(Type.String()),
	network_driver: NetworkDriver,
	public_ports: Type.Array(PublishedPort),
	publish_from: Type.Array(Type.String()),
	jail_param: Type.Array(Type.String()),
	restart_policy: Nullable(RestartPolicy),
	persist: Nullable(Type.Boolean()),
	auto_remove: Type.Boolean({ description: 'ours: the container is removed when it has ended' }),
	bandwidth: Type.Integer(),
	options: ContainerOptions,
	restarts: Type.Integer({ description: 'ours: by the daemon, since somebody started it' }),
	created: Type.String({ description: 'ISO 8601 with microseconds, UTC' }),
	dataset: Type.String(),
	running: Type.Boolean(),
	health: Health,
	end: Nullable(RunEnd),
	pending: Type.Array(Type.Union([Type.Literal('jail_param'), Type.Literal('options')]), {
		description: 'ours: settings that take effect at the next start',
	}),
};

export const Container = Type.Object(containerFields, { $id: 'Container' });
export type Container = Type.Static<typeof Container>;

export const ContainerSummary = Type.Object(
	{
		...containerFields,
		image_name: Type.String(),
		image_tag: Type.String(),
		jid: Nullable(Type.Integer({ description: 'jail id; on Linux the process id of the first process' })),
	},
	{ $id: 'ContainerSummary' },
);
export type ContainerSummary = Type.Static<typeof ContainerSummary>;

export const ContainerInspect = Type.Object(
	{
		container: Container,
		container_endpoints: Type.Array(EndPoint),
		container_mountpoints: Type.Array(MountPoint),
		container_health: Nullable(ContainerHealth),
	},
	{ $id: 'ContainerInspect' },
);
export type ContainerInspect = Type.Static<typeof ContainerInspect>;

/** Answer to an update. */
export const UpdateResponse = Type.Object(
	{
		id: Type.String(),
		pending: Type.Optional(
			Type.Array(Type.String(), { description: 'ours: keys of changed settings that take effect at the next start' }),
		),
	},
	{ $id: 'UpdateResponse' },
);
export type UpdateResponse = Type.Static<typeof UpdateResponse>;
