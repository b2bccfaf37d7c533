/** Images of earlier versions, each one directory `images/ID/root`: they become layers of the same id. */
import { existsSync, mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { hasCode } from '#os/errno.ts';
import type { Paths } from '../paths.ts';
import { listIds, listNames } from './files.ts';

const LOST_IMAGE = /^image-[0-9a-f]{12}$/;

/**
 * Renames them, one after the other: whoever is killed on the way leaves each of them whole at one of the two places, and
 * the next daemon goes on. Containers that run keep theirs, which is mounted.
 */
export function takeOverImages(paths: Paths): void {
	const before = join(paths.root, 'images');
	for (const id of listIds(before)) takeOver(paths, join(before, id), id);
	removeEmpty(before);
	for (const name of listNames(paths.lost()).filter((one) => LOST_IMAGE.test(one)))
		renameSync(join(paths.lost(), name), join(paths.lost(), name.replace('image', 'layer')));
}

function takeOver(paths: Paths, directory: string, id: string): void {
	const files = join(directory, 'root');
	mkdirSync(paths.layers(), { recursive: true, mode: 0o700 });
	if (existsSync(files) && !existsSync(paths.layer(id))) renameSync(files, paths.layer(id));
	// Left by a daemon that was killed while it made the image: removed like anything half made.
	if (!removeEmpty(directory) && !existsSync(paths.halfMadeLayer(id))) renameSync(directory, paths.halfMadeLayer(id));
}

/** @returns whether it is gone */
function removeEmpty(directory: string): boolean {
	try {
		rmdirSync(directory);
		return true;
	} catch (error) {
		if (hasCode(error, 'ENOENT')) return true;
		if (hasCode(error, 'ENOTEMPTY')) return false;
		throw error;
	}
}
