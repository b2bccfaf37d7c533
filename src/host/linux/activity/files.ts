import { closeSync, constants, fstatSync, lstatSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { explainExhaustion } from '#errors/exhaustion.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import type { HostFiles } from '#host/driver/activity.ts';
import type { FileStatus, FilesRequest } from '#model/activity/files.ts';
import { ArchiveError } from '#os/archive/archive-error.ts';
import { extractArchive } from '#os/archive/extract.ts';
import { packTree } from '#os/archive/pack-tree.ts';
import { hasCode } from '#os/errno.ts';
import { O_PATH, withDescriptor } from '#os/linux/files/directory.ts';
import { openInRoot, openRoot } from '#os/linux/files/inroot.ts';

/** Files of containers, looked up as the container itself would find them: nothing leads out of its root. */
export class LinuxFiles implements HostFiles {
	readonly #rootOf: (container: string) => string;

	/** @param rootOf path of the root file system of a container */
	constructor(rootOf: (container: string) => string) {
		this.#rootOf = rootOf;
	}

	async status({ container, path, follow }: FilesRequest & { readonly follow: boolean }): Promise<FileStatus> {
		return this.#inRoot({ container, path }, (root) => {
			if (follow) return withDescriptor(openInRoot(root, path, O_PATH), (fd) => statusOf(fstatSync(fd)));
			const { parent, name } = split(path);
			return withDescriptor(openInRoot(root, parent, O_PATH | constants.O_DIRECTORY), (fd) =>
				statusOf(lstatSync(`/proc/self/fd/${fd}/${name}`)),
			);
		});
	}

	async *read({ container, path }: FilesRequest): AsyncGenerator<Buffer> {
		await this.status({ container, path, follow: false });
		const { parent, name } = split(path);
		const flags = O_PATH | constants.O_DIRECTORY;
		const base = this.#inRoot({ container, path }, (root) => openInRoot(root, parent, flags));
		try {
			yield* packTree(base, Buffer.from(name), Buffer.from(name));
		} finally {
			closeSync(base);
		}
	}

	async write({ container, path, archive, signal }: Parameters<HostFiles['write']>[0]): Promise<void> {
		const flags = constants.O_RDONLY | constants.O_DIRECTORY;
		const directory = this.#inRoot({ container, path }, (root) => openInRoot(root, path, flags));
		const bytes = Readable.from(archive, { objectMode: false });
		try {
			await extractArchive({ bytes, size: undefined }, `/proc/self/fd/${directory}`, { signal });
		} catch (error) {
			throw refusal(container, path, error);
		} finally {
			closeSync(directory);
		}
	}

	#inRoot<T>({ container, path }: FilesRequest, task: (root: number) => T): T {
		try {
			return withDescriptor(openRoot(this.#rootOf(container)), task);
		} catch (error) {
			const notDirectory = hasCode(error, 'ENOTDIR');
			if (!notDirectory && !hasCode(error, 'ENOENT', 'ELOOP')) throw error;
			throw new KleeneError({
				code: 'NO_SUCH_FILE',
				what: `cannot find ${path.slice(0, 200)} in container ${container}`,
				why: notDirectory ? 'a part of the path is not a directory' : 'there is no such file or directory',
				hint: `see what there is with "klee exec ${container} ls"`,
			});
		}
	}
}

function split(path: string): { readonly parent: string; readonly name: string } {
	const whole = posix.normalize(`/${path}`).replace(/(.)\/$/, '$1');
	return whole === '/' ? { parent: '/', name: '.' } : { parent: posix.dirname(whole), name: posix.basename(whole) };
}

function statusOf(status: Stats): FileStatus {
	const kind = status.isFile()
		? 'file'
		: status.isDirectory()
			? 'directory'
			: status.isSymbolicLink()
				? 'symlink'
				: 'other';
	return { kind, size: status.size, mode: status.mode & 0o7777 };
}

function refusal(container: string, path: string, error: unknown): unknown {
	const what = `cannot copy to ${path.slice(0, 200)} in container ${container}`;
	if (error instanceof ArchiveError && hasCode(error.cause, 'EXDEV'))
		return new KleeneError({
			code: 'HOSTILE_ARCHIVE',
			what,
			why: 'it would reach into another file system that is mounted below',
			hint: 'copy to a directory of that file system',
			cause: error,
		});
	if (!(error instanceof ArchiveError)) return error;
	if (error.problem === 'full')
		return new KleeneError({ what, ...explainExhaustion('disk'), why: error.message, cause: error });
	const hostile = error.problem === 'hostile';
	return new KleeneError({
		code: hostile ? 'HOSTILE_ARCHIVE' : 'INVALID_ARGUMENT',
		what,
		why: error.message,
		hint: hostile
			? 'remove in the container what is in the way, or copy elsewhere'
			: 'send a tar archive, and see the reason',
		cause: error,
	});
}
