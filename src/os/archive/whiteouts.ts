/** Removals in layers, in the words of OCI: https://github.com/opencontainers/image-spec/blob/main/layer.md#whiteouts */
import { ArchiveError } from './archive-error.ts';
import type { ArchiveEntry } from './entry.ts';

export const WHITEOUT = '.wh.';
export const OPAQUE_MARK = '.wh..wh..opq';

export type Removal =
	/** Of what the layers below have at a path. */
	| { readonly kind: 'file'; readonly path: readonly string[] }
	/** Of everything that they have in a directory. */
	| { readonly kind: 'content'; readonly path: readonly string[] }
	/** A mark of aufs that says nothing. */
	| { readonly kind: 'none' };

/** Undefined for entries that are no removals. */
export function removalOf({ path, name: entry }: ArchiveEntry): Removal | undefined {
	const name = path.at(-1);
	if (name === undefined || !name.startsWith(WHITEOUT)) return undefined;
	const parent = path.slice(0, -1);
	if (name === OPAQUE_MARK) return { kind: 'content', path: parent };
	if (name.startsWith('.wh..wh.')) return { kind: 'none' };
	const removed = name.slice(WHITEOUT.length);
	if (['', '.', '..'].includes(removed))
		throw new ArchiveError('hostile', `${entry} would remove a directory from within`, { entry });
	return { kind: 'file', path: [...parent, removed] };
}
