/** COPY, ADD and WORKDIR: files put into the root of a container that does not run. */
import { closeSync, constants, createReadStream, fstatSync, mkdirSync, readSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { isKleeneError, messageOf } from '#errors/kleene-error.ts';
import type { ApplyOptions } from '#host/driver.ts';
import type { CopiedFilesPart } from '#model/parts/files.ts';
import { ArchiveError } from '#os/archive/archive-error.ts';
import { ARCHIVE_HEAD, looksLikeArchive } from '#os/archive/decompress.ts';
import { extractArchive } from '#os/archive/extract.ts';
import { hasCode } from '#os/errno.ts';
import { type CopyOptions, CopyRefused, copyTree, makeDirectory, putFile } from '#os/linux/files/copy-tree.ts';
import { withDescriptor } from '#os/linux/files/directory.ts';
import { openInRoot, openRoot } from '#os/linux/files/inroot.ts';
import { type BytePath, below, fromText, statusOf, toText } from '#os/linux/files/selection.ts';
import { isMountPoint, unmountAll } from '#os/linux/mounts.ts';
import type { PartHandler } from '../handler.ts';
import type { Paths } from '../paths.ts';
import { lookUp } from '../sandbox/bundle/users.ts';
import type { Remove } from '../storage/disposal.ts';
import { removeFiles } from '../storage/files.ts';
import { mountOverlay } from '../storage/overlay.ts';
import { failed, type LinuxBuilds, matching } from './contexts.ts';

export class CopiedFiles implements PartHandler<'copied-files'> {
	readonly #paths: Paths;
	readonly #builds: LinuxBuilds;
	readonly #remove: Remove;

	constructor(paths: Paths, builds: LinuxBuilds, remove: Remove = removeFiles) {
		this.#paths = paths;
		this.#builds = builds;
		this.#remove = remove;
	}

	async make(part: CopiedFilesPart, { signal }: ApplyOptions): Promise<void> {
		const root = this.#paths.containerRoot(part.container);
		const changes = {
			upper: this.#paths.containerChanges(part.container),
			work: this.#paths.containerWork(part.container),
		};
		try {
			mkdirSync(root, { recursive: true, mode: 0o700 });
			if (!isMountPoint(root)) mountOverlay(this.#paths, root, { layers: part.layers, changes });
			const to = openRoot(root);
			try {
				await this.#fill(part, { to, owner: await this.#ownerOf(root, part.owner), signal });
			} finally {
				closeSync(to);
			}
		} catch (error) {
			throw translated(error, part);
		} finally {
			await this.unmake(part);
		}
	}

	async unmake({ container }: CopiedFilesPart): Promise<void> {
		unmountAll(this.#paths.containerRoot(container));
		const from = this.#paths.copyOrigin(container);
		unmountAll(from);
		await rmdir(from).catch((error: unknown) => {
			if (!hasCode(error, 'ENOENT')) throw error;
		});
		await this.#remove(`${from}.archive`);
	}

	describe(verb: 'make' | 'unmake', part: CopiedFilesPart): string[] {
		const root = this.#paths.containerRoot(part.container);
		const sources = [...(part.from?.sources ?? []), ...part.files.map(({ name }) => name)];
		return verb === 'make' ? [`cp -R ${sources.join(' ')} ${root}${part.destination}`] : [`umount ${root}`];
	}

	async #ownerOf(root: string, owner: string): Promise<{ uid: number; gid: number }> {
		if (owner === '') return { uid: 0, gid: 0 };
		const { uid, gid } = await lookUp(root, owner);
		// A number alone is its own group too, as in Docker.
		return { uid, gid: /^\d+$/.test(owner) ? uid : gid };
	}

	async #fill(part: CopiedFilesPart, { to, owner, signal }: Target): Promise<void> {
		const { from, files, mode } = part;
		const options = { owner, signal, ...(mode === undefined ? {} : { mode }) };
		const destination = fromText(part.destination.replace(/^\/+|\/+$/g, ''));
		if (!from && files.length === 0) return makeDirectory({ root: to, path: destination }, options);
		const many = (from?.sources.length ?? 0) + files.length > 1;
		const into = part.destination.endsWith('/') || many || statusOf(to, destination)?.isDirectory() === true;
		if (from) await this.#withOrigin(part, (root) => this.#copy(root, part, { to, destination, into, options }));
		for (const { name, content } of files)
			putFile({ root: to, path: into ? below(destination, fromText(name)) : destination }, content, options);
	}

	async #copy(root: number, { container, from, unpack }: CopiedFilesPart, target: Place): Promise<void> {
		const { to, destination, options } = target;
		const paths: BytePath[] = [];
		for (const source of from?.sources ?? []) paths.push(...(await matching(root, source)));
		const into = target.into || paths.length > 1;
		for (const path of new Set(paths)) {
			const directory = statusOf(root, path)?.isDirectory() === true;
			if (!directory && unpack && isArchive(root, path)) {
				await this.#unpack({ root, path }, target, container);
				continue;
			}
			const place = directory || !into ? destination : below(destination, path.split('/').at(-1) ?? '');
			await copyTree({ root, path }, { root: to, path: place }, options);
		}
	}

	/** Owners are those of the archive. Unpacked beside the root first, as it holds links of its own. */
	async #unpack(archive: { root: number; path: BytePath }, { to, destination, options }: Place, container: string) {
		const { owner: _, ...rest } = options;
		const directory = `${this.#paths.copyOrigin(container)}.archive`;
		await removeFiles(directory);
		mkdirSync(directory, { mode: 0o700 });
		const fd = openInRoot(archive.root, `/${toText(archive.path)}`, constants.O_RDONLY);
		const bytes = createReadStream('', { fd });
		try {
			await extractArchive({ bytes, size: undefined }, directory, { signal: options.signal });
			const root = openRoot(directory);
			await copyTree({ root, path: '' }, { root: to, path: destination }, rest).finally(() => closeSync(root));
		} finally {
			bytes.destroy();
			await removeFiles(directory);
		}
	}

	async #withOrigin({ container, from }: CopiedFilesPart, run: (root: number) => Promise<void>): Promise<void> {
		if (!from) return;
		const { origin } = from;
		const [only = '', ...more] = origin.kind === 'layers' ? origin.layers : [];
		let directory = this.#paths.copyOrigin(container);
		if (origin.kind !== 'layers') directory = this.#builds.directoryOf(origin);
		else if (more.length === 0) directory = this.#paths.layer(only);
		else {
			mkdirSync(directory, { recursive: true, mode: 0o700 });
			mountOverlay(this.#paths, directory, { layers: origin.layers });
		}
		const root = openRoot(directory);
		try {
			await run(root);
		} finally {
			closeSync(root);
		}
	}
}

interface Target {
	readonly to: number;
	readonly owner: CopyOptions['owner'];
	readonly signal: AbortSignal | undefined;
}

interface Place {
	readonly to: number;
	readonly destination: BytePath;
	/** It is a directory. */
	readonly into: boolean;
	readonly options: CopyOptions;
}

function isArchive(root: number, path: BytePath): boolean {
	return withDescriptor(openInRoot(root, `/${toText(path)}`, constants.O_RDONLY | constants.O_NONBLOCK), (fd) => {
		const head = Buffer.alloc(ARCHIVE_HEAD);
		const length = fstatSync(fd).isFile() ? readSync(fd, head, 0, head.length, 0) : 0;
		return looksLikeArchive(head.subarray(0, length));
	});
}

function translated(error: unknown, part: CopiedFilesPart): unknown {
	if (isKleeneError(error)) return error;
	const what = `cannot copy to ${part.destination}`;
	if (error instanceof CopyRefused) return failed(what, error.message, 'choose another destination, or leave it out');
	if (error instanceof ArchiveError) return failed(what, error.message, 'make the archive again, or use COPY');
	if (hasCode(error, 'ENOSPC', 'EDQUOT'))
		return failed(what, 'the disk is full', 'make room on the disk of the daemon');
	return failed(what, messageOf(error), 'check the instruction');
}
