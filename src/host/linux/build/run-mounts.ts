/** `RUN --mount`: files put together on the host, for the runtime to bind them into a container. */
import { chmodSync, chownSync, closeSync, constants, fstatSync, mkdirSync, type Stats, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileOrigin } from '#model/build/files.ts';
import type { NumericOwner, RunMount } from '#model/build/run-mounts.ts';
import type { RunMountsPart } from '#model/parts/files.ts';
import { hasCode } from '#os/errno.ts';
import { O_PATH } from '#os/linux/files/directory.ts';
import { openInRoot, openRoot } from '#os/linux/files/inroot.ts';
import { isMountPoint, mountPrivately, unmountAll } from '#os/linux/mounts.ts';
import type { PartHandler } from '../handler.ts';
import type { Paths } from '../paths.ts';
import type { Remove } from '../storage/disposal.ts';
import { listNames, removeFiles } from '../storage/files.ts';
import { mountOverlay, SAFE_OPTIONS } from '../storage/overlay.ts';
import { failed, type LinuxBuilds } from './contexts.ts';
import { type MountPlace, makePlaces, removePlaces } from './mount-places.ts';

/** Source: mount(2). */
const MS = { nosuid: 2, nodev: 4, bind: 4096 } as const;

export class RunMounts implements PartHandler<'run-mounts'> {
	readonly #paths: Paths;
	readonly #builds: LinuxBuilds;
	readonly #remove: Remove;

	constructor(paths: Paths, builds: LinuxBuilds, remove: Remove = removeFiles) {
		this.#paths = paths;
		this.#builds = builds;
		this.#remove = remove;
	}

	async make(part: RunMountsPart): Promise<void> {
		const { container, mounts } = part;
		try {
			mkdirSync(this.#paths.runMounts(container), { recursive: true, mode: 0o700 });
			const places = mounts.map(({ destination }, index): MountPlace => {
				return { destination, kind: this.#prepare(part, index) };
			});
			makePlaces(this.#paths.containerRoot(container), places, this.#listOf(container));
		} catch (error) {
			await this.unmake(part).catch(() => {});
			throw error;
		}
	}

	async unmake({ container }: RunMountsPart): Promise<void> {
		const [directory, root] = [this.#paths.runMounts(container), this.#paths.containerRoot(container)];
		if (isMountPoint(root)) removePlaces(root, this.#listOf(container));
		// What is bound to others goes first: it has the shortest name.
		for (const name of listNames(directory).toSorted((one, other) => one.length - other.length))
			unmountAll(join(directory, name));
		await this.#remove(directory);
	}

	describe(verb: 'make' | 'unmake', { container, mounts }: RunMountsPart): string[] {
		return mounts.map(({ source }, index) => {
			const place = this.#paths.runMount(container, index);
			return verb === 'make' ? `mount ${wordsOf(source)} ${place}` : `umount ${place}`;
		});
	}

	#listOf(container: string): string {
		return join(this.#paths.runMounts(container), 'made.json');
	}

	/** @returns what it is */
	#prepare({ container, mounts }: RunMountsPart, index: number): MountPlace['kind'] {
		const place = this.#paths.runMount(container, index);
		const mount = mounts[index] as RunMount;
		const { source } = mount;
		switch (source.kind) {
			case 'cache':
				bind(this.#cache(source.cache, source.owner), place, 'directory');
				return 'directory';
			case 'tmpfs':
				mountMemory(place, source.size === undefined ? 'mode=1777' : `mode=1777,size=${source.size}`);
				return 'directory';
			case 'secret':
				this.#secret(place, source);
				return 'file';
			case 'bind':
				return this.#bind(place, mount, source);
		}
	}

	#cache(name: string, owner: NumericOwner): string {
		const directory = this.#paths.buildCache(name);
		mkdirSync(this.#paths.buildCaches(), { recursive: true, mode: 0o700 });
		// Only the build that makes it says whose it is.
		if (mkdirSync(directory, { recursive: true, mode: 0o700 }) !== undefined) own(directory, owner);
		return directory;
	}

	/** In memory alone. */
	#secret(place: string, { build, id, owner }: Extract<RunMount['source'], { kind: 'secret' }>): void {
		const content = this.#builds.secret(build, id);
		if (content === undefined) throw failed(`cannot mount secret ${id}`, 'its build has ended', 'build it again');
		const memory = `${place}.memory`;
		mountMemory(memory, 'mode=0700');
		const file = join(memory, 'secret');
		writeFileSync(file, content, { mode: 0o400 });
		own(file, owner);
		bind(file, place, 'file');
	}

	/** Looked up inside its origin, so that no link and no `..` leads out of it. */
	#bind(place: string, { readOnly }: RunMount, { origin, path }: { origin: FileOrigin; path: string }) {
		const root = openRoot(this.#origin(place, origin, readOnly));
		try {
			const fd = openInRoot(root, path, O_PATH);
			try {
				const kind = requireKind(fstatSync(fd), path);
				bind(`/proc/${process.pid}/fd/${fd}`, place, kind);
				return kind;
			} finally {
				closeSync(fd);
			}
		} catch (error) {
			if (!hasCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) throw error;
			const hint = 'check its path, which is relative to the context or the stage, and .dockerignore';
			throw failed(`cannot mount ${path}`, 'there is no such file', hint);
		} finally {
			closeSync(root);
		}
	}

	/** A directory with the files of an origin. Changes go to a directory beside it, and with that. */
	#origin(place: string, origin: FileOrigin, readOnly: boolean): string {
		const [only = '', ...more] = origin.kind === 'layers' ? origin.layers : [];
		const directory = origin.kind === 'layers' ? this.#paths.layer(only) : this.#builds.directoryOf(origin);
		if (readOnly && more.length === 0) return directory;
		const merged = `${place}.from`;
		const [upper, work] = [`${place}.changes`, `${place}.work`];
		for (const one of readOnly ? [merged] : [merged, upper, work]) mkdirSync(one, { recursive: true, mode: 0o755 });
		const changes = readOnly ? {} : { changes: { upper, work } };
		if (origin.kind === 'layers') mountOverlay(this.#paths, merged, { layers: origin.layers, ...changes });
		else mountOver(directory, { upper, work, merged });
		return merged;
	}
}

/** By a descriptor: the path of a directory of the host may have characters that the options cannot. */
function mountOver(directory: string, { upper, work, merged }: Record<'upper' | 'work' | 'merged', string>): void {
	const fd = openRoot(directory);
	try {
		const lower = `/proc/${process.pid}/fd/${fd}`;
		const options = [`lowerdir=${lower}`, `upperdir=${upper}`, `workdir=${work}`, ...SAFE_OPTIONS].join(',');
		mountPrivately({ type: 'overlay', source: 'overlay', target: merged, options });
	} finally {
		closeSync(fd);
	}
}

function bind(source: string, place: string, kind: MountPlace['kind']): void {
	if (kind === 'directory') mkdirSync(place, { recursive: true, mode: 0o700 });
	else writeFileSync(place, '', { mode: 0o600 });
	mountPrivately({ type: 'none', source, target: place, options: '', flags: MS.bind });
}

function mountMemory(place: string, options: string): void {
	mkdirSync(place, { recursive: true, mode: 0o700 });
	mountPrivately({ type: 'tmpfs', source: 'tmpfs', target: place, options, flags: MS.nosuid | MS.nodev });
}

function own(path: string, { uid, gid, mode }: NumericOwner): void {
	chownSync(path, uid, gid);
	chmodSync(path, mode);
}

function requireKind(status: Stats, path: string): MountPlace['kind'] {
	if (status.isDirectory()) return 'directory';
	if ((status.mode & constants.S_IFMT) === constants.S_IFREG) return 'file';
	throw failed(`cannot mount ${path}`, 'it is neither a directory nor a regular file', 'choose another source');
}

function wordsOf(source: RunMount['source']): string {
	switch (source.kind) {
		case 'cache':
			return `--bind build-cache/${source.cache}`;
		case 'bind':
			return `--bind ${source.path.slice(1) || '.'}`;
		case 'tmpfs':
			return '-t tmpfs tmpfs';
		case 'secret':
			return `--bind ${source.id}`;
	}
}
