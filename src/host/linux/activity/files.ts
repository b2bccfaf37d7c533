import { closeSync, constants, fstatSync, lstatSync, readlinkSync, type Stats } from 'node:fs';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { explainExhaustion } from '#errors/exhaustion.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import type { HostFiles } from '#host/driver/activity.ts';
import type { FileStatus, FilesRequest } from '#model/activity/files.ts';
import { ArchiveError } from '#os/archive/archive-error.ts';
import { extractArchive } from '#os/archive/extract.ts';
import { isOfKernel, packTree } from '#os/archive/packing/pack-tree.ts';
import { hasCode } from '#os/errno.ts';
import { O_PATH, withDescriptor } from '#os/linux/files/directory.ts';
import { openInRoot, openRoot } from '#os/linux/files/inroot.ts';

/** Files of containers, looked up as the container itself would find them: nothing leads out of its root. */
export class LinuxFiles implements HostFiles {
	readonly #rootOf: (container: string) => string | undefined;

	/** @param rootOf path of the root file system of a container; undefined when it has just ended */
	constructor(rootOf: (container: string) => string | undefined) {
		this.#rootOf = rootOf;
	}

	async status({ container, path, follow }: FilesRequest & { readonly follow: boolean }): Promise<FileStatus> {
		return this.#inRoot({ container, path }, (root) => {
			if (follow) return withDescriptor(openInRoot(root, path, O_PATH), (fd) => statusOf(fstatSync(fd)));
			const { parent, name } = split(path);
			return withDescriptor(openInRoot(root, parent, O_PATH | constants.O_DIRECTORY), (fd) =>
				statusAt(`/proc/self/fd/${fd}/${name}`),
			);
		});
	}

	async *read({ container, path }: FilesRequest): AsyncGenerator<Buffer> {
		await this.status({ container, path, follow: false });
		this.#requireFiles({ container, path });
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

	/** Files of these have no size, and reading some of them fails or waits for ever. */
	#requireFiles({ container, path }: FilesRequest): void {
		const { parent, name } = split(path);
		const isKernels = this.#inRoot({ container, path }, (root) =>
			withDescriptor(openInRoot(root, parent, O_PATH | constants.O_DIRECTORY), (fd) =>
				isOfKernel(
					lstatSync(`/proc/self/fd/${fd}/${name}`).isDirectory()
						? `/proc/self/fd/${fd}/${name}`
						: `/proc/self/fd/${fd}`,
				),
			),
		);
		if (!isKernels) return;
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: `cannot copy ${path.slice(0, 200)} of container ${container}`,
			why: 'it holds no files, but the state of the kernel and of processes (proc, sysfs or cgroups)',
			hint: `read it where it is: klee exec ${container} cat ${path.slice(0, 200)}`,
		});
	}

	#openRoot(container: string): number {
		const root = this.#rootOf(container);
		try {
			if (root !== undefined) return openRoot(root);
		} catch (error) {
			if (!hasCode(error, 'ENOENT', 'ESRCH', 'ENOTDIR')) throw error;
		}
		throw new KleeneError({
			code: 'CONTAINER_NOT_RUNNING',
			what: `cannot see the files of container ${container}`,
			why: 'it has just ended',
			hint: 'try again',
			message: 'container not running',
		});
	}

	#inRoot<T>({ container, path }: FilesRequest, task: (root: number) => T): T {
		try {
			return withDescriptor(this.#openRoot(container), task);
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

function statusAt(path: string): FileStatus {
	const status = lstatSync(path);
	return { ...statusOf(status), ...(status.isSymbolicLink() ? { target: readlinkSync(path) } : {}) };
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
