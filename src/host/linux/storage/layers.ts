/** The read-only files of layers: made beside their place and moved there when they are complete. */
import { closeSync, createReadStream, existsSync, mkdirSync, readFileSync, renameSync, rmdirSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { IMAGE_TEXTS } from '#errors/image-texts.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import type { ApplyOptions } from '#host/driver.ts';
import { blobFile, damagedLayer, layersIn, shortDigest } from '#host/registry/layout.ts';
import { isImageTree } from '#host/registry/recognition.ts';
import { isId } from '#model/ids.ts';
import type { LayerSource } from '#model/layer.ts';
import type { LayerPart } from '#model/parts/files.ts';
import { extractArchive } from '#os/archive/extract.ts';
import { openSource, PATIENCE } from '#os/archive/source.ts';
import { hasCode } from '#os/errno.ts';
import { syncFileSystem } from '#os/linux/files/durable.ts';
import { openRoot, writeInRoot } from '#os/linux/files/inroot.ts';
import { isMountPoint } from '#os/linux/mounts.ts';
import type { PartHandler } from '../handler.ts';
import type { Paths } from '../paths.ts';
import type { Remove } from './disposal.ts';
import { makeDistribution } from './distribution.ts';
import { listNames, removeFiles } from './files.ts';
import { discardLost, keepLost } from './lost.ts';
import { makeUpper } from './storage.ts';

type Progress = (text: string) => void;

/** A layer that is unpacked from a layout. */
interface BlobPart extends Pick<LayerPart, 'below'> {
	readonly source: Extract<LayerSource, { kind: 'blob' }>;
}

interface Filling {
	readonly progress: Progress;
	readonly signal: AbortSignal | undefined;
}

/** Upstream servers of systemd-resolved; its own address is of no use in another network stack. */
const RESOLVED = '/run/systemd/resolve/resolv.conf';

export class LinuxLayers implements PartHandler<'layer'> {
	readonly #paths: Paths;
	readonly #patience: number;
	readonly #removeFiles: Remove;

	/**
	 * @param patience milliseconds that a server of archives or packages may take to connect, and between two pieces of data
	 * @param remove for what is unmade
	 */
	constructor(paths: Paths, patience = PATIENCE, remove: Remove = removeFiles) {
		this.#paths = paths;
		this.#patience = patience;
		this.#removeFiles = remove;
	}

	async make(part: LayerPart, { progress = () => {}, signal }: ApplyOptions): Promise<void> {
		const { source } = part;
		// Only root goes below: what is setuid in a layer must not be within reach of the host's users.
		mkdirSync(this.#paths.layers(), { recursive: true, mode: 0o700 });
		if (source.kind === 'commit') return this.#commit(part, source.container);
		const place = this.#paths.layer(part.layer);
		if (existsSync(place)) return;
		const partial = this.#paths.halfMadeLayer(part.layer);
		const files = join(partial, 'root');
		try {
			await removeFiles(partial);
			mkdirSync(partial, { mode: 0o700 });
			await this.#fill(part, files, { progress, signal });
			signal?.throwIfAborted();
			copyFromHost(part, files, progress);
			// After a power failure a name without its data would be a layer with empty files.
			await syncFileSystem(files);
			await rename(files, place);
			await removeFiles(partial);
		} catch (error) {
			// What cannot be removed now is seen by the next observation; the reason of the failure is worth more.
			await this.unmake(part).catch(() => {});
			throw error;
		}
	}

	/** The changes of the container are the layer; it gets an empty directory for new ones. */
	async #commit({ layer, below }: LayerPart, container: string): Promise<void> {
		const place = this.#paths.layer(layer);
		const upper = this.#paths.containerChanges(container);
		if (!existsSync(place)) {
			if (isMountPoint(this.#paths.containerRoot(container))) throw stillMounted(container);
			await syncFileSystem(upper);
			renameSync(upper, place);
		}
		makeUpper(this.#paths, container, [layer, ...below]);
	}

	async unmake({ layer, source }: LayerPart, { lost }: ApplyOptions = {}): Promise<void> {
		const place = this.#paths.layer(layer);
		const one = { kind: 'layer', id: layer } as const;
		if (lost === 'discard') return discardLost(this.#paths, one);
		if (lost === 'keep') keepLost(this.#paths, one, place);
		else if (source.kind === 'commit' && existsSync(this.#paths.container(source.container)))
			giveBack(place, this.#paths.containerChanges(source.container));
		await this.#remove(layer);
	}

	/** Out of its place first: what lies there is complete. */
	async #remove(layer: string): Promise<void> {
		const place = this.#paths.layer(layer);
		const partial = this.#paths.halfMadeLayer(layer);
		if (existsSync(place)) {
			await this.#removeFiles(partial);
			mkdirSync(partial, { mode: 0o700 });
			renameSync(place, join(partial, 'root'));
		}
		await this.#removeFiles(partial);
	}

	describe(verb: 'make' | 'unmake', { layer, source, dns, localtime }: LayerPart): string[] {
		const place = this.#paths.layer(layer);
		if (verb === 'unmake') return [`rm -rf ${place}`];
		return [
			...this.#describeSource(source, place),
			...(dns ? [`cp /etc/resolv.conf ${place}/etc/resolv.conf`] : []),
			...(localtime ? [`cp /etc/localtime ${place}/etc/localtime`] : []),
		];
	}

	#describeSource(source: LayerSource, place: string): string[] {
		switch (source.kind) {
			case 'archive':
				return [`tar -xf ${source.url} -C ${place}`];
			case 'distribution':
				return [`mmdebstrap --variant=extract ... ${place}`];
			case 'dataset':
				return [];
			case 'empty':
				return [`mkdir ${place}`];
			case 'blob':
				return [`tar -xf ${this.#paths.layout(source.layout)}/blobs/sha256/... -C ${place}`];
			case 'commit':
				return [`mv ${this.#paths.containerChanges(source.container)} ${place}`];
		}
	}

	/** Ids of layers that have files, complete or left over from a daemon that was killed. */
	observe(): string[] {
		const ids = listNames(this.#paths.layers()).map((name) => name.replace(/\.partial$/, ''));
		return [...new Set(ids)].filter(isId);
	}

	async #unpackBlob({ source, below }: BlobPart, directory: string, { progress, signal }: Filling): Promise<void> {
		const layout = this.#paths.layout(source.layout);
		const digest = layersIn(layout)[source.position] ?? '';
		const file = blobFile(layout, digest);
		progress(`${shortDigest(digest)}: unpacking\n`);
		await mkdir(directory, { mode: 0o755 });
		const archive = { bytes: createReadStream(file, { highWaterMark: 256 * 1024 }), size: undefined };
		const lower = below.map((id) => this.#paths.layer(id));
		const { entries, digest: unpacked } = await extractArchive(archive, directory, {
			...{ below: lower, signal },
			onProgress: (count) => progress(`${shortDigest(digest)}: unpacking, ${count} files\n`),
		});
		if (`sha256:${unpacked}` !== source.diffId) throw damagedLayer(digest, source.diffId);
		progress(`${shortDigest(digest)}: done, ${entries} files\n`);
	}

	async #fill({ source, below, update }: LayerPart, partial: string, { progress, signal }: Filling): Promise<void> {
		if (update)
			throw new KleeneError({
				code: 'UNSUPPORTED_HERE',
				what: 'cannot update an image while creating it',
				why: 'this host has no freebsd-update(8)',
				hint: 'leave --update out: what fetch-auto fetches is current',
			});
		if (source.kind === 'dataset')
			throw new KleeneError({
				code: 'UNSUPPORTED_HERE',
				what: `cannot create an image from the dataset ${source.dataset}`,
				why: 'this host keeps images in directories, not in ZFS',
				hint: 'make a tar archive of it and use "klee image create fetch file:///path/root.tar"',
				message: IMAGE_TEXTS.noDataset,
			});
		if (source.kind === 'distribution')
			return makeDistribution(partial, { progress, signal, patience: this.#patience });
		if (source.kind === 'blob') return this.#unpackBlob({ source, below }, partial, { progress, signal });
		if (source.kind !== 'archive') return void mkdirSync(partial, { mode: 0o755 });
		const archive = await openSource(source.url, { signal, patience: this.#patience });
		progress('Unpacking contents and creating image...\n');
		await mkdir(partial, { mode: 0o755 });
		const onProgress = (entries: number) => progress(`Extracted ${entries} files...\n`);
		const { devices } = await extractArchive(archive, partial, { onProgress, signal });
		if (isImageTree(listNames(partial))) throw imageInside(source.url);
		if (devices > 0) progress(`Left out ${devices} device nodes: a container has a /dev of its own.\n`);
		progress('Succesfully extracted binaries, creating image...\n');
	}
}

/** On the host it would have been recognised before. */
function imageInside(url: string): KleeneError {
	return new KleeneError({
		code: 'IMAGE_FAILED',
		what: `cannot create an image from ${url}`,
		why: 'it is an archive of an image (OCI or Docker), not of a root file system',
		hint: 'download it, and load it with "klee image load -i FILE"',
	});
}

/** After a commit that is undone. @throws SystemCallError where the container has changes of its own again */
function giveBack(layer: string, upper: string): void {
	if (!existsSync(layer)) return;
	if (existsSync(upper)) rmdirSync(upper);
	renameSync(layer, upper);
}

function stillMounted(container: string): KleeneError {
	return new KleeneError({
		code: 'CONTAINER_RUNNING',
		what: `cannot make a layer of the changes of container ${container}`,
		why: 'its root file system is mounted, and what is written there would change the layer',
		hint: 'stop the container first',
	});
}

function copyFromHost({ dns, localtime }: LayerPart, partial: string, progress: Progress): void {
	const files = [...(dns ? ['/etc/resolv.conf'] : []), ...(localtime ? ['/etc/localtime'] : [])];
	if (files.length === 0) return;
	const root = openRoot(partial);
	try {
		for (const path of files) {
			const content = readHost(path);
			if (content) writeInRoot(root, path, content);
			else progress(`${path} not found on host, skipping...\n`);
		}
	} finally {
		closeSync(root);
	}
}

function readHost(path: string): Buffer | undefined {
	const content = readOptional(path);
	const servers = content?.toString().match(/^\s*nameserver\s+\S+/gm) ?? [];
	if (path === '/etc/resolv.conf' && servers.length > 0 && servers.every((line) => /\s127\./.test(line)))
		return readOptional(RESOLVED) ?? content;
	return content;
}

function readOptional(path: string): Buffer | undefined {
	try {
		return readFileSync(path);
	} catch (error) {
		if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
		throw error;
	}
}
