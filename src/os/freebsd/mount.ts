/** A row of the mount table, oldest first: a place may be there more than once. */
export interface MountRow {
	/** A dataset, a device, for nullfs a directory. */
	readonly source: string;
	readonly target: string;
	readonly type: string;
	readonly readOnly: boolean;
}

interface LibxoRow {
	readonly special: string;
	readonly node: string;
	readonly fstype: string;
	readonly opts?: readonly string[];
}

/** Of `mount --libxo json`. */
export function parseMounts(output: string): MountRow[] {
	const parsed = JSON.parse(output) as { mount?: { mounted?: readonly LibxoRow[] } } | null;
	return (parsed?.mount?.mounted ?? []).map(({ special, node, fstype, opts = [] }) => ({
		source: special,
		target: node,
		type: fstype,
		readOnly: opts.includes('read-only'),
	}));
}
