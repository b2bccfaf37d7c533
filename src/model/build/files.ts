/** Origin of files that a build copies. */
export type FileOrigin =
	/** A directory that a client sent, by the id it got. */
	| { readonly kind: 'context'; readonly context: string }
	/** A directory of the host. Absolute. */
	| { readonly kind: 'directory'; readonly path: string }
	/** The layers of an image or of a stage, the top one first. */
	| { readonly kind: 'layers'; readonly layers: readonly string[] };

/** Files and directories of an origin. */
export interface FileSelection {
	readonly origin: FileOrigin;
	/** Patterns of paths below the origin; each has to match. */
	readonly sources: readonly string[];
}

/** A file whose content is in the Dockerfile. */
export interface InlineFile {
	readonly name: string;
	readonly content: string;
}
