/** Contexts of builds that clients sent, and the origins of files that builds copy. */
import { createHash } from 'node:crypto';
import { closeSync, constants, mkdirSync, readlinkSync } from 'node:fs';
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import type { HostBuilds } from '#host/driver/builds.ts';
import type { FileOrigin, FileSelection } from '#model/build/files.ts';
import { isId } from '#model/ids.ts';
import { ArchiveError } from '#os/archive/archive-error.ts';
import { extractArchive } from '#os/archive/extract.ts';
import { hasCode } from '#os/errno.ts';
import { digestTree } from '#os/linux/files/digest-tree.ts';
import { O_PATH, withDescriptor } from '#os/linux/files/directory.ts';
import { openInRoot, openRoot, readInRoot } from '#os/linux/files/inroot.ts';
import { type BytePath, select } from '#os/linux/files/selection.ts';
import type { Paths } from '../paths.ts';
import type { Remove } from '../storage/disposal.ts';
import { listNames, removeFiles } from '../storage/files.ts';

/** See `CacheMounts`. */
const CACHE_NAME = /^[0-9a-f]{32}(-\d{1,6})?$/;

export class LinuxBuilds implements HostBuilds {
	readonly #paths: Paths;
	readonly #remove: Remove;
	/** By builds. */
	readonly #secrets = new Map<string, ReadonlyMap<string, Buffer>>();

	constructor(paths: Paths, remove: Remove = removeFiles) {
		this.#paths = paths;
		this.#remove = remove;
	}

	async receive(context: string, archive: Readable, signal?: AbortSignal): Promise<void> {
		const directory = this.#paths.buildContext(context);
		mkdirSync(directory, { recursive: true, mode: 0o700 });
		try {
			await extractArchive({ bytes: archive, size: undefined }, directory, { signal });
		} catch (error) {
			await removeFiles(directory);
			throw error instanceof ArchiveError ? refused(error) : error;
		}
	}

	async discard(context: string): Promise<void> {
		await this.#remove(this.#paths.buildContext(context));
	}

	contexts(): string[] {
		return listNames(this.#paths.buildContexts()).filter(isId);
	}

	async read(origin: FileOrigin, path: string): Promise<string | undefined> {
		try {
			return readInRoot(this.directoryOf(origin), path);
		} catch (error) {
			if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
			throw failed(`cannot read ${path}`, messageOf(error), 'check the context of the build');
		}
	}

	async digest({ origin, sources }: FileSelection): Promise<string> {
		if (origin.kind === 'layers')
			return createHash('sha256')
				.update(JSON.stringify([origin.layers, sources]))
				.digest('hex');
		const root = openRoot(this.directoryOf(origin));
		try {
			const hash = createHash('sha256');
			for (const source of sources) hash.update(await digestTree(root, await matching(root, source)));
			return hash.digest('hex');
		} finally {
			closeSync(root);
		}
	}

	keepSecrets(build: string, secrets: ReadonlyMap<string, Buffer> | undefined): void {
		if (secrets && secrets.size > 0) this.#secrets.set(build, secrets);
		else this.#secrets.delete(build);
	}

	secret(build: string, id: string): Buffer | undefined {
		return this.#secrets.get(build)?.get(id);
	}

	async caches(): Promise<string[]> {
		return listNames(this.#paths.buildCaches()).filter((name) => CACHE_NAME.test(name));
	}

	/** @param cache a name of `caches` */
	async removeCache(cache: string): Promise<void> {
		if (CACHE_NAME.test(cache)) await this.#remove(this.#paths.buildCache(cache));
	}

	/** @throws Error for layers, which have no directory of their own */
	directoryOf(origin: FileOrigin): string {
		switch (origin.kind) {
			case 'context':
				return this.#paths.buildContext(origin.context);
			case 'directory':
				return origin.path;
			case 'layers':
				throw new Error('layers are no directory');
		}
	}
}

/** Target of a symbolic link below a root; undefined where there is none. */
function linkAt(root: number, path: string): string | undefined {
	try {
		const directory = openInRoot(root, posix.dirname(`/${path}`), O_PATH | constants.O_DIRECTORY);
		return withDescriptor(directory, (fd) => readlinkSync(`/proc/self/fd/${fd}/${posix.basename(path)}`));
	} catch {
		return undefined;
	}
}

/** Paths that a pattern names. @throws KleeneError where there is none */
export async function matching(root: number, source: string): Promise<BytePath[]> {
	const found = await select(root, source);
	if (found.length > 0) return found;
	const target = linkAt(root, source);
	if (target !== undefined) {
		const hint = 'copy what it leads to into the context, or copy the directory that it is in, which keeps links';
		throw failed(`cannot copy ${source}`, `it is a link to ${target}, which is not in the context`, hint);
	}
	const hint = 'check its path, which is relative to the context, and .dockerignore';
	throw failed(`cannot copy ${source}`, 'there is no such file', hint);
}

export function failed(what: string, why: string, hint: string): KleeneError {
	return new KleeneError({ code: 'BUILD_FAILED', what, why, hint });
}

function refused(error: ArchiveError): KleeneError {
	const code = error.problem === 'hostile' ? 'HOSTILE_ARCHIVE' : 'BUILD_FAILED';
	return new KleeneError({
		code,
		what: 'cannot use the context of the build',
		why: error.message,
		hint: error.problem === 'full' ? 'make room on the disk of the daemon' : 'send a tar archive',
		cause: error,
	});
}
