import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, posix } from 'node:path';
import type { KleeneClient } from '#client/client.ts';
import { isKleeneError, KleeneError } from '#errors/kleene-error.ts';
import { usageError } from '../../failure.ts';
import type { Action } from '../../invocation.ts';
import { bytes, whenWritable } from '../../render/output.ts';

export interface CopyOptions {
	/** Keep owners. */
	readonly archive?: boolean;
}

interface Place {
	readonly container: string;
	readonly path: string;
}

/** Where a file of a name goes to: into a directory, under its name or another one. */
interface Target {
	readonly directory: string;
	readonly as: string;
}

type Kind = 'file' | 'directory' | 'missing';

export const copy: Action<CopyOptions> = async ({ args: [source = '', destination = ''], options, client }) => {
	const [from, to] = [parsePlace(source), parsePlace(destination)];
	if (from && !to) await copyOut(client, from, destination);
	else if (to && !from) await copyIn(client, source, to, options.archive ?? false);
	else
		throw usageError(
			`cannot copy from ${source} to ${destination}`,
			from ? 'both are in containers' : 'neither is in a container',
			'write CONTAINER:PATH for exactly one of them, e.g. klee cp web:/etc/hosts . ; ./a:b is a file here',
		);
};

/** A path of this machine that has a colon begins with `/` or `.`. */
function parsePlace(text: string): Place | undefined {
	const [, container, path] = /^([^/.:][^/:]*):(.*)$/s.exec(text) ?? [];
	if (container === undefined || path === undefined) return undefined;
	return { container, path: path.startsWith('/') ? path : `/${path}` };
}

async function copyOut(client: KleeneClient, { container, path }: Place, destination: string): Promise<void> {
	const archive = client.activity.readFiles(container, path);
	if (destination === '-') {
		for await (const piece of archive) if (!bytes('stdout', piece)) await whenWritable();
		return;
	}
	const { kind } = await client.activity.fileStatus(container, path, false);
	if (kind === 'other') throw special(`${container}:${path}`);
	const there = kindHere(destination);
	const place = there === 'missing' ? destination : realpathSync(destination);
	const target = targetFor(path, { isDirectory: kind === 'directory', destination: place, there });
	const { unpack } = await import('../../copy/unpack.ts');
	await unpack(archive, target.directory, target.as);
}

async function copyIn(client: KleeneClient, source: string, to: Place, owners: boolean): Promise<void> {
	const { container, path } = to;
	if (source === '-') return client.activity.writeFiles(container, path, process.stdin);
	const status = lstatSync(source, { throwIfNoEntry: false });
	if (!status) throw missing(source, 'there is no such file or directory');
	if (!status.isFile() && !status.isDirectory() && !status.isSymbolicLink()) throw special(source);
	const destination = await followLinks(client, { container, path });
	const there = await kindInside(client, { container, path: destination });
	const target = targetFor(source, { isDirectory: status.isDirectory(), destination, there });
	const { packPath } = await import('../../copy/pack.ts');
	await client.activity.writeFiles(container, target.directory, packPath(source, { as: target.as, owners }));
}

/** As cp(1): into a directory that is there, otherwise as the destination; `DIR/.` stands for the files of a directory. */
function targetFor(
	source: string,
	{ isDirectory, destination, there }: { isDirectory: boolean; destination: string; there: Kind },
): Target {
	const contents = isDirectory && /(^|\/)\.$/.test(source);
	const name = basename(posix.normalize(source)) || '.';
	if (there === 'directory') return { directory: destination, as: contents || name === '..' ? '.' : name };
	if (isDirectory && there === 'file') throw missing(destination, 'a directory cannot take the place of a file');
	if (!isDirectory && destination.endsWith('/')) throw missing(destination, 'there is no such directory');
	const bare = destination.replace(/(.)\/+$/, '$1');
	return { directory: dirname(bare), as: basename(bare) };
}

function kindHere(path: string): Kind {
	const status = existsSync(path) ? statSync(path) : undefined;
	if (status) return status.isDirectory() ? 'directory' : 'file';
	if (existsSync(dirname(path))) return 'missing';
	throw missing(path, `there is no directory ${dirname(path)}`);
}

/** Of Linux: `MAXSYMLINKS`. */
const MOST_LINKS = 40;

/** Path that the last link of a chain leads to, as the container sees it; it may be missing. */
async function followLinks(client: KleeneClient, { container, path }: Place): Promise<string> {
	let place = path;
	for (let count = 0; count < MOST_LINKS; count += 1) {
		const bare = place.replace(/(.)\/+$/, '$1');
		const status = await client.activity.fileStatus(container, bare, false).catch((error: unknown) => {
			if (isKleeneError(error) && error.code === 'NO_SUCH_FILE') return undefined;
			throw error;
		});
		// Daemons before this one do not tell.
		if (status?.target === undefined) return place;
		place = posix.resolve(dirname(bare), status.target);
	}
	throw missing(path, 'links go round in a circle there');
}

async function kindInside(client: KleeneClient, { container, path }: Place): Promise<Kind> {
	try {
		const { kind } = await client.activity.fileStatus(container, path, true);
		return kind === 'directory' ? 'directory' : 'file';
	} catch (error) {
		if (isKleeneError(error) && error.code === 'NO_SUCH_FILE') return 'missing';
		throw error;
	}
}

function special(path: string): KleeneError {
	return new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `cannot copy ${path}`,
		why: 'it is a FIFO, a socket or a device, which has no content',
		hint: 'copy the directory that it is in, or make it there with mkfifo or mknod',
	});
}

function missing(path: string, why: string): KleeneError {
	return new KleeneError({
		code: 'NO_SUCH_FILE',
		what: `cannot copy ${path}`,
		why,
		hint: 'check the path, or make the directory first',
	});
}
