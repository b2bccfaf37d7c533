/** Source of the files of an image of one layer. */
export type ImageSource =
	/** The distribution that the host itself runs, from its package archive. */
	| { readonly kind: 'distribution' }
	/** A ZFS dataset of the host, e.g. `zroot/jails/base`: copied, or cloned and depended on. */
	| { readonly kind: 'dataset'; readonly dataset: string; readonly method: 'copy' | 'clone' }
	/** A tar archive, plain or compressed: `file:///path`, `http://` or `https://` as the daemon sees them. */
	| { readonly kind: 'archive'; readonly url: string };

/** Durations in milliseconds; 0: the default. */
export interface HealthCheck {
	/** `['CMD', word, ...]`, `['CMD-SHELL', text]` or `['NONE']`, as in the configuration of OCI images. */
	readonly test: readonly string[];
	readonly interval: number;
	readonly timeout: number;
	readonly startPeriod: number;
	/** Between checks of the start period; absent in images of earlier versions: the default. */
	readonly startInterval?: number;
	/** Failures in a row until it is unhealthy; 0: the default. */
	readonly retries: number;
}

/** Defaults for containers that are made from an image. */
export interface ImageConfig {
	/** Words in front of every command; empty: none. */
	readonly entrypoint: readonly string[];
	readonly cmd: readonly string[];
	/** `NAME=value`. */
	readonly env: readonly string[];
	/** Name or number, with an optional `:group`. */
	readonly user: string;
	/** Absolute; `''`: none was set. */
	readonly workdir: string;
	readonly labels: Readonly<Record<string, string>>;
	/** E.g. `80/tcp`. For people: nothing is published by it. */
	readonly exposedPorts: readonly string[];
	/** Directories that are to be volumes. */
	readonly volumes: readonly string[];
	/** E.g. `SIGQUIT`; `''`: the default. */
	readonly stopSignal: string;
	readonly healthCheck: HealthCheck | null;
	/** Shell of the commands of a Dockerfile that are text; empty: `/bin/sh -c`. */
	readonly shell: readonly string[];
}

export const EMPTY_CONFIG: ImageConfig = {
	entrypoint: [],
	cmd: [],
	env: [],
	user: '',
	workdir: '',
	labels: {},
	exposedPorts: [],
	volumes: [],
	stopSignal: '',
	healthCheck: null,
	shell: [],
};

/** A step in the making of an image. */
export interface HistoryEntry {
	/** A line of a Dockerfile, or whatever the maker of the image wrote. */
	readonly instruction: string;
	/** Id of the layer that it added, which is its snapshot; `''`: it changed the configuration alone. */
	readonly layer: string;
	/** ISO 8601, UTC; `''`: unknown. */
	readonly created: string;
}

export interface Image {
	readonly id: string;
	/** `''` while untagged. */
	readonly name: string;
	readonly tag: string;
	/** Id of its top layer. */
	readonly layer: string;
	readonly config: ImageConfig;
	/** Oldest first; empty for base images. */
	readonly history: readonly HistoryEntry[];
	/** Digest of the manifest it was pulled with, or pushed with last (`sha256:...`); `''`: neither. */
	readonly digest: string;
	/** ISO 8601, UTC. */
	readonly created: string;
	/** Location of the files of its top layer, in the host's own terms. */
	readonly dataset: string;
}
