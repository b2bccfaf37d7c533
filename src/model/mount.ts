/** A directory or file of the host, or a volume, seen inside a container. */
export interface Mount {
	readonly type: 'volume' | 'nullfs';
	/** Volume name, or absolute path on the host. */
	readonly source: string;
	/** Absolute path inside the container. */
	readonly destination: string;
	readonly readOnly: boolean;
}
