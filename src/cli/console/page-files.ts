import { KleeneError } from '#errors/kleene-error.ts';

const { existsSync, readFileSync } = process.getBuiltinModule('node:fs');
const { join } = process.getBuiltinModule('node:path');

export interface PageFile {
	readonly type: string;
	readonly content: Buffer;
}

/** All that is served, by path. */
const FILES = [
	{ path: '/', name: 'index.html', type: 'text/html; charset=utf-8' },
	{ path: '/main.js', name: 'main.js', type: 'text/javascript; charset=utf-8' },
	{ path: '/main.css', name: 'main.css', type: 'text/css; charset=utf-8' },
] as const;

/** Folders in which the page is: beside the bundle of klee, and of a klee that runs from its sources. */
const FOLDERS = [join(import.meta.dirname, 'console'), join(import.meta.dirname, '../../../dist/console')];

/** Reads the page, once: a newer build does not mix with it. @throws KleeneError UNSUPPORTED_HERE */
export function readPage(folders: readonly string[] = FOLDERS): ReadonlyMap<string, PageFile> {
	const folder = folders.find((one) => FILES.every(({ name }) => existsSync(join(one, name))));
	if (folder === undefined)
		throw new KleeneError({
			code: 'UNSUPPORTED_HERE',
			what: 'cannot start the console',
			why: 'its page has not been built',
			hint: 'run "npm run build" in the folder of Kleene, or install a package of it',
		});
	return new Map(FILES.map(({ path, name, type }) => [path, { type, content: readFileSync(join(folder, name)) }]));
}
