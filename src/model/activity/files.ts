export interface FilesRequest {
	readonly container: string;
	/** In the container, absolute. */
	readonly path: string;
}

export interface FileStatus {
	readonly kind: 'file' | 'directory' | 'symlink' | 'other';
	/** Bytes. */
	readonly size: number;
	/** Permission bits. */
	readonly mode: number;
	/** What a symbolic link leads to, as it is written. */
	readonly target?: string;
}
