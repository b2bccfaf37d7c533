/** Volumes: directories beside those of containers, and what becomes of them when a container is to mount them. */
import { closeSync, constants, mkdirSync, readFileSync, rmSync, type Stats, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { KleeneError } from '#errors/kleene-error.ts';
import type { ApplyOptions } from '#host/driver.ts';
import type { PartOf } from '#model/part.ts';
import { isVolumeName } from '#model/volume.ts';
import { hasCode } from '#os/errno.ts';
import { run } from '#os/exec.ts';
import { O_PATH } from '#os/linux/files/directory.ts';
import { syncFileSystem } from '#os/linux/files/durable.ts';
import { openInRoot } from '#os/linux/files/inroot.ts';
import { unmountAll } from '#os/linux/mounts.ts';
import type { PartHandler } from '../handler.ts';
import type { Paths } from '../paths.ts';
import type { Remove } from './disposal.ts';
import { listNames, removeFiles } from './files.ts';
import { discardLost, keepLost } from './lost.ts';
import { mountOverlay } from './overlay.ts';

type VolumeFiles = PartOf<'volume-files'>;
type MountPoint = PartOf<'mount-point'>;

/** Milliseconds that copying the files of an image may take. */
const COPYING = 60 * 60 * 1000;

export class LinuxVolumes {
	readonly files: PartHandler<'volume-files'> = {
		make: (part) => this.#makeFiles(part),
		unmake: (part, options) => this.#removeFiles(part, options),
		describe: (verb, { volume }) => [`${verb === 'make' ? 'mkdir -p' : 'rm -rf'} ${this.#paths.volume(volume)}`],
	};

	/** Places to mount on are made by the runtime, inside of the container's own mount namespace. */
	readonly mountPoints: PartHandler<'mount-point'> = {
		make: (part) => (part.mount.type === 'nullfs' ? requireSource(part) : this.#fill(part)),
		unmake: (part) => this.#takeBack(part),
		describe: (verb, part) => this.#describeMountPoint(verb, part),
	};

	readonly #paths: Paths;
	readonly #remove: Remove;

	constructor(paths: Paths, remove: Remove = removeFiles) {
		this.#paths = paths;
		this.#remove = remove;
	}

	/** Names of those that have files. */
	observe(): string[] {
		return listNames(this.#paths.volumes()).filter(isVolumeName);
	}

	#makeFiles({ volume }: VolumeFiles): void {
		// Only root goes below: what becomes setuid in a container must not be within reach of the host's users.
		mkdirSync(this.#paths.volumes(), { recursive: true, mode: 0o700 });
		makeEmpty(this.#paths.volume(volume));
	}

	async #removeFiles({ volume }: VolumeFiles, { lost }: ApplyOptions): Promise<void> {
		const one = { kind: 'volume', id: volume } as const;
		if (lost === 'discard') return discardLost(this.#paths, one);
		if (lost === 'keep') keepLost(this.#paths, one, this.#paths.volume(volume));
		else await this.#remove(this.#paths.volume(volume));
		rmSync(this.#paths.filling(volume), { force: true });
	}

	/** Nobody else has the volume meanwhile. A note beside it tells what was put into it from what was in it before. */
	async #fill(part: MountPoint): Promise<void> {
		const { container, mount, fill } = part;
		if (!fill) return;
		const note = new Note(this.#paths.filling(mount.source));
		if (note.says(container, 'filled')) return;
		const place = this.#paths.volume(mount.source);
		if (note.says(container, 'filling')) await this.#empty(place);
		if (listNames(place).length > 0) return;
		return this.#withFiles(part, (files) => this.#copy(part, { files, note, place }));
	}

	/** Of a chain of layers they are seen through a mount at the place of the root of the container, which does not run. */
	async #withFiles({ container, layers }: MountPoint, run: (directory: string) => Promise<void>): Promise<void> {
		const [only = '', ...more] = layers;
		if (more.length === 0) return run(this.#paths.layer(only));
		const root = this.#paths.containerRoot(container);
		mkdirSync(root, { recursive: true, mode: 0o700 });
		mountOverlay(this.#paths, root, { layers });
		return run(root).finally(() => unmountAll(root));
	}

	async #copy(part: MountPoint, { files, note, place }: { files: string; note: Note; place: string }): Promise<void> {
		const { container } = part;
		const from = openDestination(files, part);
		if (from === undefined) return;
		try {
			note.write(container, 'filling');
			// Through the descriptor, so that no link of the image leads anywhere else; `/.` is the directory itself.
			const source = `/proc/${process.pid}/fd/${from}/.`;
			await run(['cp', '-a', '--no-target-directory', source, place], { timeout: COPYING });
			await syncFileSystem(place);
			note.write(container, 'filled');
		} catch (error) {
			await this.#takeBack(part).catch(() => {});
			throw error;
		} finally {
			closeSync(from);
		}
	}

	/** After a container was not created after all. */
	async #takeBack({ container, mount }: MountPoint): Promise<void> {
		if (mount.type === 'nullfs') return;
		const note = new Note(this.#paths.filling(mount.source));
		if (!note.says(container)) return;
		await this.#empty(this.#paths.volume(mount.source));
		note.remove();
	}

	/** As it was made, owner and mode too. */
	async #empty(place: string): Promise<void> {
		await this.#remove(place);
		makeEmpty(place);
	}

	#describeMountPoint(verb: 'make' | 'unmake', { layers, mount, fill }: MountPoint): string[] {
		if (mount.type === 'nullfs') return verb === 'make' ? [`stat ${mount.source}`] : [];
		const place = this.#paths.volume(mount.source);
		if (!fill) return [];
		return verb === 'make'
			? [`cp -a ${this.#paths.layer(layers[0] ?? '')}${mount.destination}/. ${place}`]
			: [`rm -rf ${place}/*`];
	}
}

/** For which container a volume was filled, and whether that came to its end. */
class Note {
	readonly #file: string;

	constructor(file: string) {
		this.#file = file;
	}

	says(container: string, state?: 'filling' | 'filled'): boolean {
		const [written, whose] = this.#read().split(' ');
		return whose === container && (state === undefined || state === written);
	}

	write(container: string, state: 'filling' | 'filled'): void {
		mkdirSync(dirname(this.#file), { recursive: true, mode: 0o700 });
		writeFileSync(this.#file, `${state} ${container}`, { mode: 0o600, flush: true });
	}

	remove(): void {
		rmSync(this.#file, { force: true });
	}

	#read(): string {
		try {
			return readFileSync(this.#file, 'utf8');
		} catch (error) {
			if (hasCode(error, 'ENOENT')) return '';
			throw error;
		}
	}
}

function makeEmpty(place: string): void {
	try {
		mkdirSync(place, { mode: 0o755 });
	} catch (error) {
		if (!hasCode(error, 'EEXIST') || !statSync(place).isDirectory()) throw error;
	}
}

/** The directory of the image that a volume is to be mounted on; undefined where there is none yet. */
function openDestination(image: string, { mount }: MountPoint): number | undefined {
	try {
		return openInRoot(image, mount.destination, O_PATH | constants.O_DIRECTORY);
	} catch (error) {
		if (hasCode(error, 'ENOENT')) return undefined;
		if (!hasCode(error, 'ENOTDIR', 'ELOOP')) throw error;
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: `cannot mount volume ${mount.source} at ${mount.destination}`,
			why: hasCode(error, 'ELOOP') ? 'links of the image go round in a circle there' : 'the image has a file there',
			hint: 'mount it at a directory, or at a path that the image does not have',
			cause: error,
		});
	}
}

function requireSource({ mount: { source, destination } }: MountPoint): void {
	const refuse = (message: string, why: string) =>
		new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: `cannot mount ${source} at ${destination}`,
			why,
			hint: `make it on the host first, e.g. mkdir -p ${source}, or correct the path; a name without "/" is a volume`,
			message,
		});
	let found: Stats;
	try {
		found = statSync(source);
	} catch (error) {
		const name = ((error as NodeJS.ErrnoException).code ?? 'unknown').toLowerCase();
		throw refuse(`error ocurred while determining source type: :${name}`, `the host has no ${source} (${name})`);
	}
	if (!found.isDirectory() && !found.isFile())
		throw refuse(
			'could not determine source type, must be either directory or regular file',
			`${source} is neither a directory nor a regular file`,
		);
}
