/** The writable files of containers, and overlayfs that puts them on top of the layers of an image. */
import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { KleeneError } from '#errors/kleene-error.ts';
import type { ApplyOptions } from '#host/driver.ts';
import { isId } from '#model/ids.ts';
import type { PartOf } from '#model/part.ts';
import { hasCode } from '#os/errno.ts';
import { isMountPoint, listMounts, unmountAllInBackground } from '#os/linux/mounts.ts';
import type { PartHandler } from '../handler.ts';
import type { Paths } from '../paths.ts';
import type { Remove } from './disposal.ts';
import { listIds, listNames, removalFailed, removeFiles } from './files.ts';
import { discardLost, keepLost } from './lost.ts';
import { layersOf, mountOverlay, overlayOptions } from './overlay.ts';

type RootFiles = PartOf<'root-files'>;
type RootMount = PartOf<'root-mount'>;

export class LinuxStorage {
	readonly rootFiles: PartHandler<'root-files'> = {
		make: (part) => this.#makeFiles(part),
		unmake: (part, options) => this.#unmakeFiles(part, options),
		describe: (verb, part) => this.#describeFiles(verb, part),
	};

	readonly rootMount: PartHandler<'root-mount'> = {
		make: (part) => this.#mount(part),
		unmake: (part) => unmountAllInBackground(this.#paths.containerRoot(part.container)),
		describe: (verb, part) => this.#describeMount(verb, part),
	};

	readonly #paths: Paths;
	readonly #remove: Remove;

	constructor(paths: Paths, remove: Remove = removeFiles) {
		this.#paths = paths;
		this.#remove = remove;
	}

	/** Ids of containers that have files of their own, complete or half removed. */
	observeFiles(): string[] {
		return listIds(this.#paths.containers()).filter((id) => {
			const names = listNames(this.#paths.container(id));
			return names.length === 0 || ['upper', 'work', 'root'].some((name) => names.includes(name));
		});
	}

	/** Ids of containers whose root is mounted. */
	observeMounts(): string[] {
		const containers = this.#paths.containers();
		const ids = listMounts()
			.map(({ target }) => target)
			.filter((target) => basename(target) === 'root' && dirname(dirname(target)) === containers)
			.map((target) => basename(dirname(target)));
		return [...new Set(ids)].filter(isId);
	}

	#makeFiles({ container, layers }: RootFiles): void {
		const { work, root } = this.#directories(container);
		// Only root goes below: what becomes setuid in a container must not be within reach of the host's users.
		mkdirSync(this.#paths.containers(), { recursive: true, mode: 0o700 });
		mkdirSync(this.#paths.container(container), { recursive: true, mode: 0o700 });
		mkdirSync(work, { recursive: true, mode: 0o700 });
		mkdirSync(root, { recursive: true, mode: 0o700 });
		makeUpper(this.#paths, container, layers);
	}

	async #unmakeFiles({ container }: RootFiles, { lost }: ApplyOptions): Promise<void> {
		const one = { kind: 'container', id: container } as const;
		if (lost === 'discard') return discardLost(this.#paths, one);
		const { upper, root } = this.#directories(container);
		if (lost !== 'keep' || !existsSync(upper)) return this.#removeFiles(container);
		await removeMountPoint(root);
		rmSync(this.#paths.exit(container), { force: true });
		keepLost(this.#paths, one, this.#paths.container(container));
	}

	async #removeFiles(container: string): Promise<void> {
		const { upper, work, root } = this.#directories(container);
		await removeMountPoint(root);
		await this.#remove(upper);
		await this.#remove(work);
		await this.#remove(this.#paths.log(container));
		rmSync(this.#paths.exit(container), { force: true });
		// Of a run whose end could not remove it: without it the directory goes, too.
		rmSync(this.#paths.resolvConf(container), { force: true });
		// The sandbox of the container has its files here too and takes them away itself.
		await ignore(rmdir(this.#paths.container(container)), 'ENOENT', 'ENOTEMPTY');
	}

	#mount({ container, layers }: RootMount): void {
		const { root, upper, work } = this.#directories(container);
		refuseSpecial(this.#paths.root);
		if (isMountPoint(root)) {
			requireLayers(root, layers, container);
			return;
		}
		try {
			mkdirSync(root, { recursive: true, mode: 0o700 });
			mountOverlay(this.#paths, root, { layers, changes: { upper, work } });
		} catch (error) {
			throw mountFailed(container, error);
		}
	}

	#directories(container: string): { upper: string; work: string; root: string } {
		const base = this.#paths.container(container);
		const upper = this.#paths.containerChanges(container);
		return { upper, work: join(base, 'work'), root: this.#paths.containerRoot(container) };
	}

	#describeFiles(verb: 'make' | 'unmake', { container }: RootFiles): string[] {
		const { upper, work, root } = this.#directories(container);
		return verb === 'make' ? [`mkdir -p ${upper} ${work} ${root}`] : [`rm -rf ${upper} ${work} ${root}`];
	}

	#describeMount(verb: 'make' | 'unmake', { container, layers }: RootMount): string[] {
		const { root, upper, work } = this.#directories(container);
		if (verb === 'unmake') return [`umount ${root}`];
		const { text, from } = overlayOptions(this.#paths, { layers, changes: { upper, work } });
		const mount = `mount -t overlay -o ${text} overlay ${root}`;
		return from === undefined ? [mount] : [`cd ${from}`, mount];
	}
}

/** The directory that the changes of a container go to, empty, where there is none yet. */
export function makeUpper(paths: Paths, container: string, layers: readonly string[]): void {
	const upper = paths.containerChanges(container);
	const { mode, uid, gid } = statSync(paths.layer(layers[0] ?? ''));
	if (mkdirSync(upper, { recursive: true, mode: 0o700 }) === undefined) return;
	// The root directory of a container shows owner and mode of its upper directory.
	chownSync(upper, uid, gid);
	chmodSync(upper, mode & 0o7777);
}

function requireLayers(root: string, layers: readonly string[], container: string): void {
	const mounted = listMounts().findLast(({ target }) => target === root);
	if (mounted?.type === 'overlay' && layersOf(mounted).join() === layers.join()) return;
	throw new KleeneError({
		code: 'HOST_FAILED',
		what: `cannot mount the root file system of container ${container}`,
		why: `${root} has something else mounted: ${mounted?.type} of ${mounted?.options.get('lowerdir') ?? mounted?.source}`,
		hint: `stop the container, or unmount it with: umount ${root}`,
	});
}

/** It says EBUSY while something is mounted, and then nothing is lost yet. */
async function removeMountPoint(root: string): Promise<void> {
	try {
		await ignore(rmdir(root), 'ENOENT');
	} catch (error) {
		throw removalFailed(root, error);
	}
}

/** Kernels differ in how these are escaped in the options of overlayfs, and some do not unescape them everywhere. */
function refuseSpecial(root: string): void {
	if (!/[,:\\"]/.test(root)) return;
	throw new KleeneError({
		code: 'CONFIG_INVALID',
		what: `cannot keep containers below ${root}`,
		why: 'overlayfs does not support a path with a comma, a colon, a quote or a backslash',
		hint: 'give the daemon a root directory without these characters',
	});
}

/** Reasons by error code, for errors without a better message. */
function mountFailed(container: string, error: unknown): unknown {
	const what = `cannot mount the root file system of container ${container}`;
	if (hasCode(error, 'ENODEV'))
		return new KleeneError({
			code: 'UNSUPPORTED_HERE',
			what,
			why: 'this kernel has no overlayfs',
			hint: 'load it (modprobe overlay), or use a kernel with CONFIG_OVERLAY_FS',
			cause: error,
		});
	if (hasCode(error, 'EINVAL'))
		return new KleeneError({
			code: 'UNSUPPORTED_HERE',
			what,
			why: 'overlayfs refuses the file system below the root directory of the daemon (dmesg has its reason)',
			hint: 'put the root directory on ext4, xfs or btrfs, not on another overlay or a network file system',
			cause: error,
		});
	return error;
}

async function ignore(running: Promise<void>, ...codes: readonly string[]): Promise<void> {
	try {
		await running;
	} catch (error) {
		if (!hasCode(error, ...codes)) throw error;
	}
}
