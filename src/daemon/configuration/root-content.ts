import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { KleeneError } from '#errors/kleene-error.ts';

/**
 * Notes the content of a root directory, which need not exist.
 *
 * @param database name of its file there
 * @returns undoes the first start of a daemon there that came to nothing: removes all that was not there. Where there was a
 * database it removes nothing.
 */
export function noteContent(root: string, database: string): () => void {
	const status = statSync(root, { throwIfNoEntry: false });
	if (status && !status.isDirectory()) return () => {};
	const there = status ? new Set(readdirSync(root)) : undefined;
	if (there?.has(database)) return () => {};
	const above = there ? undefined : topmostMissing(root);
	return () => {
		if (above) return rmSync(above, { recursive: true, force: true });
		for (const name of readdirSync(root))
			if (!there?.has(name)) rmSync(join(root, name), { recursive: true, force: true });
	};
}

function topmostMissing(path: string): string {
	const parent = dirname(path);
	return existsSync(parent) ? path : topmostMissing(parent);
}

/**
 * Refuses a root directory within that of another daemon: each would take files of the other for its own.
 *
 * @throws KleeneError CONFIG_INVALID
 */
export function requireOutermost(root: string, database: string): void {
	for (let above = dirname(root); above !== dirname(above); above = dirname(above))
		if (existsSync(join(above, database)))
			throw new KleeneError({
				code: 'CONFIG_INVALID',
				what: `cannot use the root directory ${root}`,
				why: `it is inside ${above}, which is the root directory of another kleened`,
				hint: 'choose a --root outside of it',
			});
}
