import Type from 'typebox';
import { ContainerConfig } from './containers.ts';
import { Joining } from './endpoints.ts';
import { CommandConfig } from './executions.ts';

/** Ours: what `klee run` asks for one after the other, in one piece: a dry run leaves nothing for the next request. */
export const RunConfig = Type.Object(
	{ container: ContainerConfig, endpoint: Type.Optional(Joining), execution: CommandConfig },
	{ $id: 'RunConfig' },
);
export type RunConfig = Type.Static<typeof RunConfig>;
