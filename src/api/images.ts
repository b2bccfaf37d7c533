import Type from 'typebox';
import { HealthCheck } from './container/health.ts';
import { Nullable } from './shapes.ts';

export const ImageHistory = Type.Object({
	/** `''`: nothing is told of the layer. */
	instruction: Type.String(),
	/** Id, which is the snapshot; `''`: it changed the configuration alone. */
	layer: Type.String(),
	created: Type.String(),
	/** Bytes; null: unknown. */
	size: Type.Union([Type.Integer(), Type.Null()]),
});
export type ImageHistory = Type.Static<typeof ImageHistory>;

/** What a prune would do. */
export const PrunableImages = Type.Object({ images: Type.Array(Type.String()), bytes: Type.Integer() });
export type PrunableImages = Type.Static<typeof PrunableImages>;

export const Image = Type.Object(
	{
		id: Type.String(),
		name: Type.String(),
		tag: Type.String(),
		cmd: Type.Array(Type.String()),
		env: Type.Array(Type.String()),
		user: Type.String(),
		instructions: Type.Array(Type.Array(Type.String())),
		created: Type.String(),
		dataset: Type.String(),
		/** Bytes of all its layers, shared ones too; null: unknown. */
		size: Type.Union([Type.Integer(), Type.Null()]),
		/** Of the manifest it was pulled with, or pushed with last; `''`: neither. */
		digest: Type.String(),
		entrypoint: Type.Array(Type.String()),
		workdir: Type.String(),
		labels: Type.Record(Type.String(), Type.String()),
		exposed_ports: Type.Array(Type.String()),
		volumes: Type.Array(Type.String()),
		stop_signal: Type.String(),
		/** Null: none. */
		health_check: Nullable(HealthCheck),
		/** Oldest first, with every layer. */
		history: Type.Array(ImageHistory),
	},
	{ $id: 'Image' },
);
export type Image = Type.Static<typeof Image>;

/** First frame of `/images/pull`. */
export const ImagePullConfig = Type.Object(
	{
		/** `[HOST[:PORT]/]NAME[:TAG]` or with `@sha256:DIGEST`. */
		reference: Type.String(),
		tls_verify: Type.Boolean({ default: true }),
	},
	{ $id: 'ImagePullConfig' },
);
export type ImagePullConfig = Type.Static<typeof ImagePullConfig>;

/** First frame of `/images/push`. */
export const ImagePushConfig = Type.Object(
	{
		image: Type.String(),
		/** `''`: the name of the image. */
		reference: Type.String({ default: '' }),
		tls_verify: Type.Boolean({ default: true }),
	},
	{ $id: 'ImagePushConfig' },
);
export type ImagePushConfig = Type.Static<typeof ImagePushConfig>;

export const RegistryLogin = Type.Object(
	{
		/** `HOST[:PORT]`. */
		registry: Type.String(),
		user: Type.String(),
		password: Type.String(),
		tls_verify: Type.Boolean({ default: true }),
	},
	{ $id: 'RegistryLogin' },
);
export type RegistryLogin = Type.Static<typeof RegistryLogin>;

/** First frame of `/images/create`. */
export const ImageCreateConfig = Type.Object(
	{
		method: Type.Union([
			Type.Literal('fetch'),
			Type.Literal('fetch-auto'),
			Type.Literal('zfs-copy'),
			Type.Literal('zfs-clone'),
		]),
		tag: Type.String({ default: '' }),
		url: Type.String({ default: '' }),
		zfs_dataset: Type.String({ default: '' }),
		dns: Type.Boolean({ default: true }),
		localtime: Type.Boolean({ default: true }),
		update: Type.Boolean({ default: false }),
		autotag: Type.Boolean({ default: false }),
	},
	{ $id: 'ImageCreateConfig' },
);
export type ImageCreateConfig = Type.Static<typeof ImageCreateConfig>;
