/** Lists of files as `tar --format=mtree` writes them: mtree(5). */

/** What is told of each file by its path below the root, a character for each byte; `''`: the root itself. */
export type Tree = ReadonlyMap<string, string>;

/** Kinds that layers have; sockets and devices are left out. */
export const TREE_KINDS: ReadonlySet<string> = new Set(['file', 'dir', 'link', 'fifo']);

export interface TreeChanges {
	/** New or different, a directory before what is in it. */
	readonly present: readonly string[];
	/** Gone, without what was below a directory that is gone. */
	readonly removed: readonly string[];
}

/** @param kinds of files that are of interest */
export function parseTree(output: string, kinds: ReadonlySet<string>): Tree {
	const files = new Map<string, string>();
	for (const line of output.split('\n')) {
		const [name = '', ...words] = line.split(' ').filter((word) => word !== '');
		if (!name.startsWith('.')) continue;
		const kind = words.find((word) => word.startsWith('type='))?.slice('type='.length) ?? '';
		if (kinds.has(kind)) files.set(unquote(name).replace(/^\.\/?/, ''), words.join(' '));
	}
	return files;
}

/** Bytes that are no plain characters are octal: `\040`. */
function unquote(name: string): string {
	return name.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

export function compareTrees(tree: Tree, below: Tree): TreeChanges {
	const present = [...tree].filter(([path, words]) => below.get(path) !== words).map(([path]) => path);
	const gone = new Set([...below.keys()].filter((path) => !tree.has(path)));
	const removed = [...gone].filter((path) => !gone.has(path.slice(0, Math.max(path.lastIndexOf('/'), 0))));
	return { present: present.sort(), removed: removed.sort() };
}
