import type { FileOrigin } from '#model/build/files.ts';
import type { ContainerRequest } from '../container/creations.ts';
import type { Joining } from '../container/new-containers.ts';

export interface BuildRequest {
	readonly context: FileOrigin;
	/** Path in the context. */
	readonly dockerfile: string;
	/** `NAME[:TAG]` each; none: untagged. */
	readonly tags: readonly string[];
	/** An image in place of that of the first FROM; undefined: as the Dockerfile says. */
	readonly from: string | undefined;
	readonly buildArgs: ReadonlyMap<string, string>;
	/** Stage to build, by name or number; undefined: the last one. */
	readonly target: string | undefined;
	/** Contents of secrets by their ids. */
	readonly secrets: ReadonlyMap<string, Buffer>;
	/** Unchanged steps are taken from earlier builds. */
	readonly cache: boolean;
	/** A build that finds all in the cache ends with the image that is there; otherwise always with the announced one. */
	readonly reuse: boolean;
	/** What a failed build made is removed, instead of being kept as `NAME:failed`. */
	readonly cleanup: boolean;
	/** The containers that instructions are executed in. */
	readonly container: Omit<ContainerRequest, 'image' | 'name' | 'cmd' | 'id' | 'layer'>;
	readonly joinings: readonly Joining[];
	/** Stages that are built at the same time are reported as they go on, not one after the other. */
	readonly interleaved: boolean;
}

export type BuildEvent =
	/** The Dockerfile was read. `image` is the id of the image to be. */
	| { readonly kind: 'started'; readonly image: string }
	/** `stage`: its name; undefined: it has none, or the step is before the first FROM. */
	| {
			readonly kind: 'step';
			readonly number: number;
			readonly total: number;
			readonly line: string;
			readonly stage?: string | undefined;
	  }
	/** Another image than that of FROM is used. */
	| { readonly kind: 'parent'; readonly image: string }
	| { readonly kind: 'output'; readonly chunk: Buffer }
	/** The step was carried out by an earlier build. */
	| { readonly kind: 'cached' }
	| { readonly kind: 'snapshot'; readonly layer: string }
	| { readonly kind: 'command-failed'; readonly argv: readonly string[]; readonly code: number }
	/** The step is over. `changed`: it made a layer, which takes its time. */
	| { readonly kind: 'done'; readonly milliseconds: number; readonly changed: boolean };

/** @param stage its index, where the event is one of a stage: it belongs to the last step that began there */
export type Report = (event: BuildEvent, stage?: number) => void;

/** Build that came to its end. */
export type BuildResult =
	| { readonly kind: 'built'; readonly image: string }
	/** `kept`: the state before the failing step is an image of its own. */
	| {
			readonly kind: 'failed';
			readonly error: unknown;
			readonly kept: boolean;
			/** Id of the last one; undefined: there is none. */
			readonly snapshot: string | undefined;
	  };
