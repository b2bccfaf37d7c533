/**
 * Changes to record at the end of a plan, as plain data: it lies in the journal beside the steps, so that
 * whoever finishes the plan records it, the process that made the plan or the next one.
 */
import type { Container, RunEnd } from './container.ts';
import type { Image } from './image.ts';
import type { Layer } from './layer.ts';
import type { NetworkText } from './network.ts';
import type { Part } from './part.ts';
import type { Volume } from './volume.ts';

/** A network with the addresses, as text, that none of its endpoints may get. */
export interface NetworkCreated {
	readonly kind: 'network-created';
	readonly network: NetworkText;
	readonly held: readonly string[];
}

export interface NetworkRemoved {
	readonly kind: 'network-removed';
	/** Id. */
	readonly network: string;
}

export interface ImageCreated {
	readonly kind: 'image-created';
	readonly image: Image;
}

export interface ImageRemoved {
	readonly kind: 'image-removed';
	/** Id. */
	readonly image: string;
}

export interface LayerCreated {
	readonly kind: 'layer-created';
	readonly layer: Layer;
}

export interface LayerRemoved {
	readonly kind: 'layer-removed';
	/** Id. */
	readonly layer: string;
}

/** The changes of a container became a layer, which it stands on from now on. */
export interface RootCommitted {
	readonly kind: 'root-committed';
	/** Id. */
	readonly container: string;
	/** Id. */
	readonly layer: string;
}

export interface VolumeCreated {
	readonly kind: 'volume-created';
	readonly volume: Volume;
	/** True: the plan has begun and may fail yet. */
	readonly tentative?: boolean;
}

export interface VolumeRemoved {
	readonly kind: 'volume-removed';
	/** Name. */
	readonly volume: string;
	/** True: its creation failed, and is undone. */
	readonly neverCreated?: boolean;
}

/** A container and the names of the volumes that it mounts. */
export interface ContainerCreated {
	readonly kind: 'container-created';
	readonly container: Container;
	readonly volumes: readonly string[];
	/** True: the plan has begun and may fail yet. */
	readonly tentative?: boolean;
}

/** A container with its endpoints; their addresses are free again. */
export interface ContainerRemoved {
	readonly kind: 'container-removed';
	/** Id. */
	readonly container: string;
	/** True: its creation failed, and is undone. */
	readonly neverCreated?: boolean;
}

/** All parts of a run are on the host. */
export interface RunStarted {
	readonly kind: 'run-started';
	/** Id. */
	readonly container: string;
	/** In the order of making. */
	readonly parts: readonly Part[];
}

/** None of them is any more; the cables of its endpoints are free again. */
export interface RunEnded {
	readonly kind: 'run-ended';
	/** Id. */
	readonly container: string;
	/** Somebody asked for it. Default: false. */
	readonly stopped?: boolean;
	/** Filled in when the host has told how it ended; absent: nothing is known. */
	readonly end?: RunEnd;
}

/** A run of which no part is left. */
export interface StartFailed {
	readonly kind: 'start-failed';
	/** Id. */
	readonly container: string;
	/** Time of the attempt, ISO 8601, UTC. */
	readonly at: string;
}

/** Parts that a running container got besides. */
export interface PartsJoined {
	readonly kind: 'parts-joined';
	/** Id. */
	readonly container: string;
	readonly parts: readonly Part[];
}

/** Parts that a running container has no more. */
export interface PartsLeft {
	readonly kind: 'parts-left';
	/** Id. */
	readonly container: string;
	readonly parts: readonly Part[];
}

/** An endpoint with its addresses and its cable. */
export interface EndpointRemoved {
	readonly kind: 'endpoint-removed';
	/** Id. */
	readonly endpoint: string;
	/** True: connecting it failed, and is undone. */
	readonly neverConnected?: boolean;
}

/** The endpoint is the one of its container that is preferred for the default route. */
export interface DefaultRoutePreferred {
	readonly kind: 'default-route-preferred';
	/** Id. */
	readonly endpoint: string;
}

export type StoreChange =
	| NetworkCreated
	| NetworkRemoved
	| ImageCreated
	| ImageRemoved
	| LayerCreated
	| LayerRemoved
	| RootCommitted
	| VolumeCreated
	| VolumeRemoved
	| ContainerCreated
	| ContainerRemoved
	| RunStarted
	| RunEnded
	| StartFailed
	| PartsJoined
	| PartsLeft
	| EndpointRemoved
	| DefaultRoutePreferred;
