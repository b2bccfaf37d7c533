import type { ImageSource } from './image.ts';

/** A set of changes to a file system, on top of those below it. Read only; images and containers share it. */
export interface Layer {
	readonly id: string;
	/** The layer below; null: the lowest one. */
	readonly parent: string | null;
	/** Digest of its uncompressed archive (`sha256:...`), as the configuration of OCI images has it; `''`: made here. */
	readonly diffId: string;
	/** Key of the build step that made it, for the cache of builds; `''`: none. */
	readonly cacheKey: string;
	/** Bytes of its own files; null: not measured yet. */
	readonly size: number | null;
	/** ISO 8601, UTC. */
	readonly created: string;
}

/** Source of the files of a layer. */
export type LayerSource =
	| ImageSource
	/** An empty root directory: `FROM scratch`. */
	| { readonly kind: 'empty' }
	/** A layer of the image in a layout that is there meanwhile. */
	| {
			readonly kind: 'blob';
			readonly layout: string;
			/** Among its layers, from 0, the lowest one first. */
			readonly position: number;
			/** Digest that its plain archive is to have. */
			readonly diffId: string;
	  }
	/**
	 * The changes that a container made to the layers below. They are moved, not copied: the container stands on the new
	 * layer afterwards and has no changes. None of its processes runs, and its root is not mounted.
	 */
	| { readonly kind: 'commit'; readonly container: string };
