import Type from 'typebox';
import { ContainerConfig } from './containers.ts';
import { Joining } from './endpoints.ts';
import { CommandConfig, terminal } from './executions.ts';

const creation = {
	endpoints: Type.Optional(
		Type.Array(Joining, { description: 'ours: networks to connect the container to, in this order' }),
	),
};

/** Body of `/containers/create`. With `endpoints`, the container is created connected or not at all. */
export const CreateConfig = Type.Object({ ...ContainerConfig.properties, ...creation }, { $id: 'CreateConfig' });
export type CreateConfig = Type.Static<typeof CreateConfig>;

const run = {
	container: ContainerConfig,
	...creation,
	execution: CommandConfig,
	remove: Type.Optional(Type.Boolean({ description: 'remove the container when it has ended' })),
};

/** Ours: everything that `klee run` needs, in one request: create the container, connect it, start it. */
export const RunConfig = Type.Object(run, { $id: 'RunConfig' });
export type RunConfig = Type.Static<typeof RunConfig>;

/** First frame of the WebSocket `/containers/run`. */
export const RunAttachedConfig = Type.Object({ ...run, ...terminal }, { $id: 'RunAttachedConfig' });
export type RunAttachedConfig = Type.Static<typeof RunAttachedConfig>;

/** Answer to a run whose output nobody follows. */
export const RunResponse = Type.Object(
	{ id: Type.String(), exec_id: Type.String({ description: 'execution instance of the first process' }) },
	{ $id: 'RunResponse' },
);
export type RunResponse = Type.Static<typeof RunResponse>;
