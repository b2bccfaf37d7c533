/** Files below a root that patterns name, looked up as inside of it. */
import { closeSync, constants, fstatSync, type Stats } from 'node:fs';
import { hasCode } from '../../errno.ts';
import { listDirectory, O_PATH, openAt, RESOLVE, withDescriptor } from './directory.ts';
import { type Segment, segmentsOf } from './wildcards.ts';

/** Directories in directories that are looked into. */
export const DEEPEST = 200;

/** A path below a root: one character for each byte, without a slash at either end; `''`: the root itself. */
export type BytePath = string;

export const toBytes = (path: BytePath): Buffer => Buffer.from(path, 'latin1');
export const fromText = (text: string): BytePath => Buffer.from(text).toString('latin1');
/** For people; bytes that are no UTF-8 are replaced. */
export const toText = (path: BytePath): string => toBytes(path).toString('utf8');

/**
 * @param root descriptor of the root
 * @returns in the order of their bytes; none where nothing matches
 */
export async function select(root: number, pattern: string): Promise<BytePath[]> {
	const found = new Set<BytePath>();
	await descend(root, '', segmentsOf(pattern), found);
	return [...found].sort();
}

async function descend(root: number, at: BytePath, segments: readonly Segment[], found: Set<BytePath>): Promise<void> {
	const [first, ...rest] = segments;
	if (first === undefined) {
		if (statusOf(root, at) !== undefined) found.add(at);
		return;
	}
	if (first === '**') {
		await descend(root, at, rest, found);
		for (const name of await namesIn(root, at, 'directories')) await descend(root, below(at, name), segments, found);
		return;
	}
	if (typeof first === 'string') return descend(root, inside(at, fromText(first)), rest, found);
	for (const name of await namesIn(root, at, 'all'))
		if (first.test(toText(name))) await descend(root, below(at, name), rest, found);
}

export function below(directory: BytePath, name: BytePath): BytePath {
	return directory === '' ? name : `${directory}/${name}`;
}

/** `..` ends at the root. */
function inside(directory: BytePath, name: BytePath): BytePath {
	return name === '..' ? directory.split('/').slice(0, -1).join('/') : below(directory, name);
}

/** Names in a directory that is there, links to directories are not followed; sorted. */
async function namesIn(root: number, path: BytePath, which: 'all' | 'directories'): Promise<BytePath[]> {
	if (path.split('/').length > DEEPEST) return [];
	const fd = openDirectory(root, path);
	if (fd === undefined) return [];
	try {
		const names: BytePath[] = [];
		for await (const { name, directory } of listDirectory(fd))
			if (which === 'all' || directory) names.push(name.toString('latin1'));
		return names.sort();
	} finally {
		closeSync(fd);
	}
}

function openDirectory(root: number, path: BytePath): number | undefined {
	try {
		const how = { flags: constants.O_RDONLY | constants.O_DIRECTORY, resolve: RESOLVE.inRoot | RESOLVE.noMagicLinks };
		return openAt(root, toBytes(`/${path}`), how);
	} catch (error) {
		if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
		throw error;
	}
}

/** Of the thing at the end of a path, where it is a link of what it leads to inside the root; undefined: nothing. */
export function statusOf(root: number, path: BytePath): Stats | undefined {
	try {
		const how = { flags: O_PATH, resolve: RESOLVE.inRoot | RESOLVE.noMagicLinks };
		return withDescriptor(openAt(root, toBytes(`/${path}`), how), (fd) => fstatSync(fd));
	} catch (error) {
		if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
		throw error;
	}
}
