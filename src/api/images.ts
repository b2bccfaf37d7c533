import Type from 'typebox';

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
