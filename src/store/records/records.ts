/**
 * Records: everything that the database says of an object, once more, in a file of its own below the root directory.
 * They are for the day on which the database is gone.
 */
import type { Container } from '#model/container.ts';
import type { Image } from '#model/image.ts';
import type { Layer } from '#model/layer.ts';
import type { NetworkText } from '#model/network.ts';
import type { Part } from '#model/part.ts';
import type { Volume } from '#model/volume.ts';
import type { EndpointText } from '../endpoints.ts';

export interface NetworkRecord {
	readonly network: NetworkText;
	/** Addresses that none of its endpoints may get. */
	readonly held: readonly string[];
}

export interface LayerRecord {
	readonly layer: Layer;
}

export interface ImageRecord {
	readonly image: Image;
}

export interface VolumeRecord {
	readonly volume: Volume;
}

export interface ContainerRecord {
	readonly container: Container;
	/** In the order of connection. */
	readonly endpoints: readonly EndpointText[];
	/** Of its run, in the order of making; none while it is stopped. */
	readonly parts: readonly Part[];
}

/** By kind; the names of the kinds are those of their directories. */
export interface RecordKinds {
	readonly networks: NetworkRecord;
	readonly layers: LayerRecord;
	readonly images: ImageRecord;
	readonly volumes: VolumeRecord;
	readonly containers: ContainerRecord;
}

export type RecordKind = keyof RecordKinds;

/** In the order in which one stands on the other. */
export const RECORD_KINDS: readonly RecordKind[] = ['networks', 'layers', 'images', 'volumes', 'containers'];

/** All there are, in the order of their ids. */
export type Records = { readonly [K in RecordKind]: readonly RecordKinds[K][] };
