import type { FileOrigin } from './files.ts';

/** Files that one RUN sees beside those of its container, and that no layer gets. */
export interface RunMount {
	/** Absolute path inside the container. */
	readonly destination: string;
	readonly readOnly: boolean;
	readonly source: RunMountSource;
}

export type RunMountSource =
	/** A directory that outlasts builds. `cache`: its name on the host; the rest is for the build that makes it. */
	| { readonly kind: 'cache'; readonly cache: string; readonly owner: NumericOwner }
	/** A file or directory of an origin, which stays as it is: what is written is discarded. */
	| { readonly kind: 'bind'; readonly origin: FileOrigin; readonly path: string }
	/** `size`: bytes; undefined: half of the memory. */
	| { readonly kind: 'tmpfs'; readonly size: number | undefined }
	/** Its content is with the host by build and id: it is in no plan. */
	| { readonly kind: 'secret'; readonly build: string; readonly id: string; readonly owner: NumericOwner };

export interface NumericOwner {
	readonly uid: number;
	readonly gid: number;
	/** Permissions. */
	readonly mode: number;
}

/** Use of a cache at the same time by several RUNs: by all, by one after the other, or each with one of its own. */
export type CacheSharing = 'shared' | 'locked' | 'private';

/** Where a prepared mount comes into a container; its place in the list is its name on the host. */
export type RunMountPlace = Pick<RunMount, 'destination' | 'readOnly'>;
