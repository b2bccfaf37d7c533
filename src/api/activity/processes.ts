/** Processes in containers, and what containers use. */
import Type from 'typebox';
import { Nullable } from '../shapes.ts';

export const ContainerProcess = Type.Object(
	{
		pid: Type.Integer({ description: 'in the container' }),
		host_pid: Type.Integer(),
		parent: Type.Integer({ description: 'in the container; 0 where it is not in it' }),
		uid: Type.Integer(),
		state: Type.String({ description: 'as ps(1) of the host has it' }),
		cpu_seconds: Type.Number(),
		memory_bytes: Type.Integer(),
		elapsed_seconds: Type.Number(),
		command: Type.String(),
	},
	{ $id: 'ContainerProcess' },
);
export type ContainerProcess = Type.Static<typeof ContainerProcess>;

export const KillQuery = Type.Object({
	signal: Type.String({ default: 'KILL', description: '`TERM`, `SIGTERM` or `15`; KILL ends the container' }),
});

export const UsageQuery = Type.Object({
	containers: Type.Optional(
		Type.String({ description: 'names or ids, separated by commas; absent: all running containers' }),
	),
});

const NetworkCounters = Type.Object({
	received_bytes: Type.Integer(),
	received_packets: Type.Integer(),
	sent_bytes: Type.Integer(),
	sent_packets: Type.Integer(),
});

/** What a running container used until now; null where the host does not count. */
export const ContainerUsage = Type.Object(
	{
		container_id: Type.String(),
		name: Type.String(),
		at: Type.String({ description: 'time of the measurement, ISO 8601, UTC' }),
		cpu_nanoseconds: Nullable(Type.Integer()),
		memory_bytes: Nullable(Type.Integer()),
		memory_limit_bytes: Nullable(Type.Integer({ description: 'null: none' })),
		processes: Nullable(Type.Integer()),
		network: Nullable(NetworkCounters),
	},
	{ $id: 'ContainerUsage' },
);
export type ContainerUsage = Type.Static<typeof ContainerUsage>;
