import type { FileSelection, InlineFile } from '../build/files.ts';
import type { RunMount } from '../build/run-mounts.ts';
import type { LayerSource } from '../layer.ts';
import { none, type PartDefinition } from './definition.ts';
import { layerFilesOf, rootFilesOf, rootMountOf, runMountsOf } from './references.ts';

/** The files of a layer, never written to after it was made. */
export interface LayerPart {
	readonly kind: 'layer';
	readonly layer: string;
	/** Ids of the layers below, the nearest first. */
	readonly below: readonly string[];
	readonly source: LayerSource;
	/** Copy the host's resolv.conf and localtime into it. */
	readonly dns?: boolean;
	readonly localtime?: boolean;
	/** Bring it up to date with the host's own means. */
	readonly update?: boolean;
}

export const layer = {
	layer: 'storage',
	absence: 'not compared',
	identity: (part) => part.layer,
	title: (part) => `layer ${part.layer}`,
	provides: (part) => [layerFilesOf(part.layer)],
	standsOn: (part) => part.below.map(layerFilesOf),
	removedWith: none,
} satisfies PartDefinition<LayerPart>;

/** The writable files of a container, on top of layers. */
export interface RootFilesPart {
	readonly kind: 'root-files';
	readonly container: string;
	/** Ids, the top one first. */
	readonly layers: readonly string[];
}

export const rootFiles = {
	layer: 'storage',
	absence: 'not compared',
	identity: (part) => part.container,
	title: (part) => `the files of container ${part.container}`,
	provides: (part) => [rootFilesOf(part.container)],
	standsOn: (part) => part.layers.map(layerFilesOf),
	removedWith: none,
} satisfies PartDefinition<RootFilesPart>;

/** The mounted root file system of a container, there while it runs. */
export interface RootMountPart {
	readonly kind: 'root-mount';
	readonly container: string;
	/** Ids, the top one first. */
	readonly layers: readonly string[];
}

export const rootMount = {
	layer: 'storage',
	absence: 'not compared',
	identity: (part) => part.container,
	title: (part) => `the root file system of container ${part.container}`,
	provides: (part) => [rootMountOf(part.container)],
	standsOn: (part) => [rootFilesOf(part.container), ...part.layers.map(layerFilesOf)],
	removedWith: none,
} satisfies PartDefinition<RootMountPart>;

/**
 * Files that a build puts into a container, which does not run: COPY, ADD, WORKDIR. Unmaking it does not take them out
 * again, as the container of a build that failed is removed; it removes what a making that was cut short needed.
 */
export interface CopiedFilesPart {
	readonly kind: 'copied-files';
	readonly container: string;
	/** Ids of those its root is made of, the top one first. */
	readonly layers: readonly string[];
	/** Absent: none. */
	readonly from?: FileSelection;
	readonly files: readonly InlineFile[];
	/** Absolute. One that ends in a slash is a directory, also when a single file is copied. */
	readonly destination: string;
	/** `USER[:GROUP]`, names or numbers; names are looked up in the container. */
	readonly owner: string;
	/** Permissions of what is copied; absent: as they are, 0644 for inline files. */
	readonly mode?: number;
	/** Archives among the sources are unpacked. */
	readonly unpack: boolean;
}

export const copiedFiles = {
	layer: 'storage',
	absence: 'not compared',
	identity: (part) => `${part.container} ${part.destination}`,
	title: (part) => `files at ${part.destination} of container ${part.container}`,
	provides: none,
	standsOn: (part) => [rootFilesOf(part.container)],
	removedWith: (part) => [rootFilesOf(part.container)],
} satisfies PartDefinition<CopiedFilesPart>;

/**
 * Files that a build mounts into a container for one RUN, prepared on the host, with places for them, and for what every
 * container has mounted, in its root. Unmade, the places are gone again, and what was written to a bind or tmpfs mount.
 */
export interface RunMountsPart {
	readonly kind: 'run-mounts';
	readonly container: string;
	/** A mount at a directory comes before those below it. */
	readonly mounts: readonly RunMount[];
}

export const runMounts = {
	layer: 'storage',
	absence: 'not compared',
	identity: (part) => part.container,
	title: (part) => `mounts of a build in container ${part.container}`,
	provides: (part) => [runMountsOf(part.container)],
	standsOn: (part) => [rootMountOf(part.container)],
	removedWith: none,
} satisfies PartDefinition<RunMountsPart>;
