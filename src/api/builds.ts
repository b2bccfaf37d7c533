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
		secrets: Type.Optional(
			Type.Record(Type.String(), Type.String(), { description: 'ours: contents of secrets by their ids, as base64' }),
		),
		events: Type.Optional(
			Type.Boolean({ description: 'ours: frames are `BuildFrame`s as JSON, those of all stages as they come' }),
		),
	},
	{ $id: 'ImageBuildConfig' },
);
export type ImageBuildConfig = Type.Static<typeof ImageBuildConfig>;

/** Output frame of `/images/build` with `events`. `stage` is an index; null: before the first FROM. */
export type BuildFrame =
	| {
			readonly type: 'step';
			readonly stage: number | null;
			readonly number: number;
			readonly total: number;
			/** The instruction. */
			readonly line: string;
			/** Of the stage. */
			readonly name?: string;
	  }
	/** Output of the step that its stage is at. */
	| { readonly type: 'output'; readonly stage: number | null; readonly text: string }
	/** The step was carried out by an earlier build. */
	| { readonly type: 'cached'; readonly stage: number | null }
	| { readonly type: 'done'; readonly stage: number | null; readonly milliseconds: number }
	/** Its command did not end with 0; `line` says so. */
	| { readonly type: 'failed'; readonly stage: number | null; readonly line: string }
	| { readonly type: 'note'; readonly line: string };
