/** Source of the files of an image. */
export type ImageSource =
	/** The distribution that the host itself runs, from its package archive. */
	| { readonly kind: 'distribution' }
	/** A ZFS dataset of the host, e.g. `zroot/jails/base`: copied, or cloned and depended on. */
	| { readonly kind: 'dataset'; readonly dataset: string; readonly method: 'copy' | 'clone' }
	/** A tar archive, plain or compressed: `file:///path`, `http://` or `https://` as the daemon sees them. */
	| { readonly kind: 'archive'; readonly url: string };

export interface Image {
	readonly id: string;
	/** `''` while untagged. */
	readonly name: string;
	readonly tag: string;
	readonly cmd: readonly string[];
	readonly env: readonly string[];
	readonly user: string;
	/** Pairs of Dockerfile line and snapshot; empty for base images. */
	readonly instructions: readonly (readonly [string, string])[];
	/** ISO 8601, UTC. */
	readonly created: string;
	/** Location of its files, in the host's own terms. */
	readonly dataset: string;
}
