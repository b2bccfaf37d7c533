/** A file of a container that differs from its image. */
export interface FileChange {
	readonly kind: 'added' | 'changed' | 'deleted';
	/** Absolute, in the container; bytes that are no UTF-8 are replaced. */
	readonly path: string;
}

export interface ChangesRequest {
	readonly container: string;
	/** Ids of the layers of its image, the top one first. */
	readonly layers: readonly string[];
}
