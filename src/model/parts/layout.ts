import type { Blob, ImageLocation } from '../registry/remote-image.ts';
import { none, type PartDefinition } from './definition.ts';

/** Data of an image on its way into layers: an OCI image layout, there while the image is made. */
export interface LayoutPart {
	readonly kind: 'layout';
	/** Id. */
	readonly layout: string;
	readonly location: ImageLocation;
	/** Compressed layers that are not needed. */
	readonly skip: readonly Blob[];
	/** Those that are, for the progress; absent: none is told. */
	readonly fetch?: readonly Blob[];
}

export const layout = {
	layer: 'storage',
	absence: 'not compared',
	identity: (part) => part.layout,
	title: ({ location }) => `image ${location.kind === 'registry' ? location.reference : location.path}`,
	provides: none,
	standsOn: none,
	removedWith: none,
} satisfies PartDefinition<LayoutPart>;
