import type { ImageSource } from '../image.ts';
import { none, type PartDefinition } from './definition.ts';
import { imageFilesOf, rootFilesOf, rootMountOf } from './references.ts';

/** The files of an image, never written to after it was made. */
export interface ImageFilesPart {
	readonly kind: 'image-files';
	readonly image: string;
	readonly source: ImageSource;
	/** Copy the host's resolv.conf and localtime into it. */
	readonly dns: boolean;
	readonly localtime: boolean;
	/** Bring it up to date with the host's own means. */
	readonly update?: boolean;
}

export const imageFiles = {
	layer: 'storage',
	absence: 'not compared',
	identity: (part) => part.image,
	title: (part) => `image ${part.image}`,
	provides: (part) => [imageFilesOf(part.image)],
	standsOn: none,
	removedWith: none,
} satisfies PartDefinition<ImageFilesPart>;

/** The writable files of a container, on top of an image. */
export interface RootFilesPart {
	readonly kind: 'root-files';
	readonly container: string;
	readonly image: string;
}

export const rootFiles = {
	layer: 'storage',
	absence: 'not compared',
	identity: (part) => part.container,
	title: (part) => `the files of container ${part.container}`,
	provides: (part) => [rootFilesOf(part.container)],
	standsOn: (part) => [imageFilesOf(part.image)],
	removedWith: none,
} satisfies PartDefinition<RootFilesPart>;

/** The mounted root file system of a container, there while it runs. */
export interface RootMountPart {
	readonly kind: 'root-mount';
	readonly container: string;
	readonly image: string;
}

export const rootMount = {
	layer: 'storage',
	absence: 'not compared',
	identity: (part) => part.container,
	title: (part) => `the root file system of container ${part.container}`,
	provides: (part) => [rootMountOf(part.container)],
	standsOn: (part) => [rootFilesOf(part.container), imageFilesOf(part.image)],
	removedWith: none,
} satisfies PartDefinition<RootMountPart>;
