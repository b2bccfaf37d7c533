/** An image outside of Kleene: in a registry, or in an archive on the host. */
export type ImageLocation =
	| {
			readonly kind: 'registry';
			/** `[HOST[:PORT]/]NAME[:TAG]` or `...@sha256:DIGEST`. */
			readonly reference: string;
			/** The registry may speak plain HTTP, or have a certificate that nobody vouches for. */
			readonly insecure: boolean;
	  }
	| {
			readonly kind: 'archive';
			readonly format: ArchiveFormat;
			/** Absolute path on the host, without a colon. */
			readonly path: string;
			/** Of an image among several, as skopeo has it; absent: the only one. */
			readonly name?: string;
	  };

/** `docker`: of `docker save`; `oci`: a tar archive of an OCI image layout. */
export type ArchiveFormat = 'docker' | 'oci';

/** Data of a registry by its digest, `sha256:...`. */
export interface Blob {
	readonly digest: string;
	readonly size: number;
}

export interface RemoteImage {
	/** Of what the reference leads to: a manifest, or a list of them for several platforms. `''`: in an archive. */
	readonly digest: string;
	/** The one that was chosen for the platform of the host. */
	readonly location: ImageLocation;
	/** Its configuration: JSON as in https://github.com/opencontainers/image-spec/blob/main/config.md, not checked. */
	readonly config: unknown;
	/** Compressed layers, the lowest one first. */
	readonly layers: readonly Blob[];
}

/** Platform of images, in the words of OCI. */
export interface Platform {
	readonly os: string;
	readonly architecture: string;
}

/** Layers and configuration of an image that is sent elsewhere. */
export interface OutgoingImage {
	/** Ids, the lowest one first. */
	readonly layers: readonly string[];
	/** Configuration as OCI has it, without the digests of the layers. */
	readonly config: object;
	/** `NAME:TAG` for an archive; none: untagged. */
	readonly names: readonly string[];
}

/** An image in an archive. */
export interface IncomingImage {
	readonly location: ImageLocation;
	/** `NAME:TAG`; `''`: it has none. */
	readonly nametag: string;
}

/** An archive of images that was sent here. */
export interface Received {
	readonly images: readonly IncomingImage[];
	/** Removes the archive. */
	forget(): Promise<void>;
}

export interface SendOptions {
	readonly progress?: (text: string) => void;
	readonly signal?: AbortSignal;
}

export interface Sent {
	/** Of the manifest. */
	readonly digest: string;
	/** Digests of the plain archives of its layers, the lowest one first. */
	readonly diffIds: readonly string[];
}

export interface Credentials {
	/** `HOST[:PORT]`. */
	readonly registry: string;
	readonly user: string;
	readonly password: string;
	readonly insecure: boolean;
}
