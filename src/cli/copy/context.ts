/** The files of a build: a directory of this machine without what its `.dockerignore` leaves out, and the Dockerfile. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import dockerignore from '@balena/dockerignore';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import { packPath } from './pack.ts';

export interface BuildContext {
	readonly archive: Readable;
	/** Path of the Dockerfile in it. */
	readonly dockerfile: string;
}

/** Name of a Dockerfile that is not below the directory. */
const ELSEWHERE = '.dockerfile-of-klee';

/**
 * @param directory path
 * @param file path of the Dockerfile, relative to the directory or to the working directory; `-`: standard input
 */
export async function packContext(directory: string, file: string): Promise<BuildContext> {
	if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory())
		throw refused(
			directory,
			'it is no directory',
			'name the directory with the files of the build, e.g. "klee build ."',
		);
	const { path, text } = file === '-' ? { path: undefined, text: await readInput() } : find(directory, file);
	const dockerfile = path ?? ELSEWHERE;
	const more = text === undefined ? new Map<string, string>() : new Map([[dockerfile, text]]);
	const leavesOut = ignoring(directory, new Set([dockerfile, '.dockerignore']));
	const archive = packPath(directory, { as: '.', owners: false, more, ...(leavesOut ? { leavesOut } : {}) });
	return { archive, dockerfile };
}

/** Below the directory it goes with the others, from elsewhere it is sent besides. */
function find(
	directory: string,
	file: string,
): { readonly path: string | undefined; readonly text: string | undefined } {
	const place = [resolve(directory, file), resolve(file)].find((one) => existsSync(one));
	if (place === undefined)
		throw refused(directory, `there is no file ${file}`, 'name the Dockerfile with --file, or "-" for standard input');
	const inside = relative(resolve(directory), place);
	if (inside !== '' && !inside.startsWith('..')) return { path: inside, text: undefined };
	try {
		return { path: undefined, text: readFileSync(place, 'utf8') };
	} catch (error) {
		throw refused(directory, `${file} cannot be read: ${messageOf(error)}`, 'check the Dockerfile');
	}
}

/** @param kept paths that are sent in any case */
function ignoring(
	directory: string,
	kept: ReadonlySet<string>,
): ((path: string, isDirectory: boolean) => boolean) | undefined {
	const place = resolve(directory, '.dockerignore');
	if (!existsSync(place)) return undefined;
	const patterns = readFileSync(place, 'utf8');
	const ignore = dockerignore.default({ ignorecase: false }).add(patterns);
	// What is below a directory that is left out may be named again by an exception.
	const hasExceptions = /^\s*!/m.test(patterns);
	return (path, isDirectory) => {
		if (kept.has(path) || [...kept].some((one) => one.startsWith(`${path}/`))) return false;
		return !(isDirectory && hasExceptions) && ignore.ignores(path);
	};
}

async function readInput(): Promise<string> {
	let text = '';
	for await (const chunk of process.stdin) text += chunk;
	return text;
}

function refused(directory: string, why: string, hint: string): KleeneError {
	return new KleeneError({ code: 'INVALID_ARGUMENT', what: `cannot build from ${directory}`, why, hint });
}
