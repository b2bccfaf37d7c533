import type { LayerSource } from '../layer.ts';
import { none, type PartDefinition } from './definition.ts';
import { layerFilesOf, rootFilesOf, rootMountOf } from './references.ts';

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
