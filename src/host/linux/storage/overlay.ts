/** overlayfs: layers on top of each other, under the changes of a container or read only. */
import { basename, dirname } from 'node:path';
import { KleeneError } from '#errors/kleene-error.ts';
import { type MountEntry, mountPrivately } from '#os/linux/mounts.ts';
import type { Paths } from '../paths.ts';

/**
 * The same behaviour on every kernel, whatever its defaults are:
 * - `index=off`: with an index the upper directory is bound to its layers for ever and a copied tree no longer mounts
 * - `metacopy=off`, `redirect_dir=nofollow`: what lies in the upper directory can then never point the kernel to
 *   other files of the layers than the container may see; renaming a directory of a layer copies it instead
 *
 * `xino` stays as it is: layers and container are on one file system, so inode numbers are unique and constant anyway.
 */
export const SAFE_OPTIONS = ['index=off', 'metacopy=off', 'redirect_dir=nofollow'];

/** Most that mount(2) takes as options: a page, with its end. */
const LONGEST_OPTIONS = 4095;

export interface Overlay {
	/** Ids, the top one first. */
	readonly layers: readonly string[];
	/** Absent: read only, of two layers or more. */
	readonly changes?: { readonly upper: string; readonly work: string };
}

export interface OverlayOptions {
	/** For mount(2). */
	readonly text: string;
	/** Directory that relative paths in it start from; absent: they are absolute. */
	readonly from?: string;
}

/** @throws KleeneError for more layers than the options have room for */
export function overlayOptions(paths: Paths, { layers, changes }: Overlay): OverlayOptions {
	const rest = changes ? [`upperdir=${changes.upper}`, `workdir=${changes.work}`] : [];
	const textOf = (lower: readonly string[]) => [`lowerdir=${lower.join(':')}`, ...rest, ...SAFE_OPTIONS].join(',');
	const text = textOf(layers.map((id) => paths.layer(id)));
	if (Buffer.byteLength(text) <= LONGEST_OPTIONS) return { text };
	// From the directory of all layers an id is enough.
	const short = textOf(layers);
	if (Buffer.byteLength(short) <= LONGEST_OPTIONS) return { text: short, from: paths.layers() };
	throw new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: `cannot mount an image of ${layers.length} layers`,
		why: 'the options of a mount have room for about 280',
		hint: 'make an image of fewer layers: join RUN instructions of its Dockerfile with "&&"',
	});
}

export function mountOverlay(paths: Paths, target: string, overlay: Overlay): void {
	const { text, from } = overlayOptions(paths, overlay);
	mountPrivately({ type: 'overlay', source: 'overlay', target, options: text, ...(from ? { from } : {}) });
}

/** Ids of the layers of a mounted overlay, the top one first. Images once were directories called `ID/root`. */
export function layersOf({ options }: MountEntry): string[] {
	const lower = options.get('lowerdir') ?? '';
	return lower.split(':').map((path) => basename(basename(path) === 'root' ? dirname(path) : path));
}
