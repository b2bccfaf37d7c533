/** Files of containers. */
import Type from 'typebox';

export const FileQuery = Type.Object({ path: Type.String({ description: 'absolute, in the container' }) });

export const FileStatusQuery = Type.Object({
	...FileQuery.properties,
	follow: Type.Optional(Type.Boolean({ description: 'look at what a link leads to' })),
});

export const FileStatus = Type.Object(
	{
		kind: Type.Union([Type.Literal('file'), Type.Literal('directory'), Type.Literal('symlink'), Type.Literal('other')]),
		size: Type.Integer(),
		mode: Type.Integer({ description: 'permission bits' }),
		target: Type.Optional(Type.String({ description: 'of a symbolic link, as it is written' })),
	},
	{ $id: 'FileStatus' },
);
export type FileStatus = Type.Static<typeof FileStatus>;
