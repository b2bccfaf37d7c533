import Type from 'typebox';
import { ContainerConfig } from './containers.ts';
import { Joining } from './endpoints.ts';

/** First frame of `/images/build`. */
export const ImageBuildConfig = Type.Object(
	{
		context: Type.String({
			maxLength: 4096,
			description: 'absolute path on the host of the containers; ours: the id of a context that was sent',
		}),
		dockerfile: Type.String({ default: 'Dockerfile', maxLength: 4096, description: 'path in the context' }),
		tag: Type.String({ default: '' }),
		quiet: Type.Boolean({ default: false }),
		cleanup: Type.Boolean({ default: true, description: 'remove what a failed build made, instead of keeping it' }),
		buildargs: Type.Record(Type.String(), Type.String({ maxLength: 1024 * 1024 }), { default: {} }),
		networks: Type.Array(Joining, { default: [] }),
		container_config: ContainerConfig,
		tags: Type.Optional(Type.Array(Type.String(), { maxItems: 100, description: 'ours: further names of the image' })),
		target: Type.Optional(Type.String({ maxLength: 256, description: 'ours: the stage to build, default the last' })),
		no_cache: Type.Optional(Type.Boolean({ description: 'ours: carry out every step' })),
	},
	{ $id: 'ImageBuildConfig' },
);
export type ImageBuildConfig = Type.Static<typeof ImageBuildConfig>;
