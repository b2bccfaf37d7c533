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
