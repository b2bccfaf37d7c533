import Type from 'typebox';
import { MountPoint } from './containers.ts';

export const VolumeConfig = Type.Object({ name: Type.String() }, { $id: 'VolumeConfig' });
export type VolumeConfig = Type.Static<typeof VolumeConfig>;

export const Volume = Type.Object(
	{
		name: Type.String(),
		dataset: Type.String(),
		mountpoint: Type.String({ description: 'path of its files on the host' }),
		created: Type.String({ description: 'ISO 8601 with microseconds, UTC' }),
	},
	{ $id: 'Volume' },
);
export type Volume = Type.Static<typeof Volume>;

export const VolumeInspect = Type.Object(
	{ volume: Volume, mountpoints: Type.Array(MountPoint) },
	{ $id: 'VolumeInspect' },
);
export type VolumeInspect = Type.Static<typeof VolumeInspect>;
