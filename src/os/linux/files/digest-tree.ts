/** Digests of files as a build sees them: names, kinds, permissions and content; neither times nor owners. */
import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, createReadStream, fstatSync, readFileSync, type Stats } from 'node:fs';
import { listDirectory, O_PATH, openAt, RESOLVE, readLinkAt } from './directory.ts';
import { type BytePath, below, DEEPEST, toBytes } from './selection.ts';

/** Files of this many bytes are read at once: a stream costs more than that. */
const SMALL = 64 * 1024;

const IN_ROOT = RESOLVE.inRoot | RESOLVE.noMagicLinks;

/**
 * @param root descriptor of the root
 * @param paths files and directories below it, with all that is in them
 * @returns SHA-256, hexadecimal
 */
export async function digestTree(root: number, paths: readonly BytePath[]): Promise<string> {
	const hash = createHash('sha256');
	for (const path of paths) {
		const fd = openAt(root, toBytes(`/${path}`), { flags: O_PATH, resolve: IN_ROOT });
		try {
			// Of a directory its contents are copied, not its name.
			const name = path.split('/').at(-1) ?? '';
			await addEntry(hash, { fd, status: fstatSync(fd), path, shown: fstatSync(fd).isDirectory() ? '' : name });
		} finally {
			closeSync(fd);
		}
	}
	return hash.digest('hex');
}

interface Entry {
	readonly fd: number;
	readonly status: Stats;
	readonly path: BytePath;
	/** Its name in the digest. */
	readonly shown: BytePath;
}

async function addEntry(hash: Hash, entry: Entry): Promise<void> {
	const { fd, status, shown } = entry;
	// Each field has its length before it: no two trees give the same bytes.
	addField(hash, shown, (status.mode & 0o170000).toString(8));
	if (status.isSymbolicLink()) return addField(hash, readLinkAt({ base: fd, name: '' }).toString('latin1'));
	addField(hash, (status.mode & 0o7777).toString(8));
	if (status.isDirectory()) return addContents(hash, entry);
	if (!status.isFile()) return;
	const content = createHash('sha256');
	const place = `/proc/self/fd/${fd}`;
	if (status.size <= SMALL) content.update(readFileSync(place));
	else for await (const chunk of createReadStream(place)) content.update(chunk);
	addField(hash, content.digest('latin1'));
}

async function addContents(hash: Hash, { fd, path, shown }: Entry): Promise<void> {
	if (path.split('/').length > DEEPEST) return;
	const flags = constants.O_RDONLY | constants.O_DIRECTORY;
	const directory = openAt(fd, '.', { flags, resolve: RESOLVE.beneath });
	try {
		const names: BytePath[] = [];
		for await (const { name } of listDirectory(directory)) names.push(name.toString('latin1'));
		for (const name of names.sort()) {
			const inner = below(path, name);
			const how = { flags: O_PATH | constants.O_NOFOLLOW, resolve: RESOLVE.beneath | RESOLVE.noSymlinks };
			const entry = openAt(directory, toBytes(name), how);
			try {
				const status = fstatSync(entry);
				await addEntry(hash, { fd: entry, status, path: inner, shown: below(shown, name) });
			} finally {
				closeSync(entry);
			}
		}
	} finally {
		closeSync(directory);
	}
}

function addField(hash: Hash, ...texts: readonly string[]): void {
	for (const text of texts) hash.update(`${text.length}:`).update(text, 'latin1');
}
