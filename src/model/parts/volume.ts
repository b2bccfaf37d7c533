import type { Mount } from '../mount.ts';
import { none, type PartDefinition } from './definition.ts';
import { rootFilesOf, volumeFilesOf } from './references.ts';

/** The files of a volume, empty when it is made. Unmaking it loses them. */
export interface VolumeFilesPart {
	readonly kind: 'volume-files';
	readonly volume: string;
}

export const volumeFiles = {
	layer: 'storage',
	absence: 'not compared',
	identity: (part) => part.volume,
	title: (part) => `volume ${part.volume}`,
	provides: (part) => [volumeFilesOf(part.volume)],
	standsOn: none,
	removedWith: none,
} satisfies PartDefinition<VolumeFilesPart>;

/**
 * Preparation of a mount when its container is created. Its source has to be there; where the host needs a place to
 * mount it on, that is made. An empty volume takes on what the image has at that place: files, owner and mode. Unmaking
 * takes out again what making put in.
 */
export interface MountPointPart {
	readonly kind: 'mount-point';
	readonly container: string;
	/** Ids of those its root is made of, the top one first. */
	readonly layers: readonly string[];
	readonly mount: Mount;
	/** False: a running container has the volume and may write to it meanwhile. */
	readonly fill: boolean;
}

export const mountPoint = {
	layer: 'storage',
	absence: 'not compared',
	identity: (part) => `${part.container} ${part.mount.destination}`,
	title: (part) => `the mount at ${part.mount.destination} of container ${part.container}`,
	provides: none,
	/** A source on the host is looked for before anything of the container is made. */
	standsOn: ({ container, mount }) => (mount.type === 'nullfs' ? [] : [rootFilesOf(container), ...volumeOf(mount)]),
	removedWith: (part) => [rootFilesOf(part.container)],
} satisfies PartDefinition<MountPointPart>;

/** Name of the volume that a mount is of, if it is of one. */
export function volumeOf({ type, source }: Mount): string[] {
	return type === 'volume' ? [volumeFilesOf(source)] : [];
}
