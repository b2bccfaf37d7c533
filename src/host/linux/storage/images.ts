/** The read-only files of images: made beside their place and moved there when they are complete. */
import { closeSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { IMAGE_TEXTS } from '#errors/image-texts.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import type { ApplyOptions } from '#host/driver.ts';
import type { ImageFilesPart } from '#model/parts/files.ts';
import { extractArchive } from '#os/archive/extract.ts';
import { openSource, PATIENCE } from '#os/archive/source.ts';
import { hasCode } from '#os/errno.ts';
import { syncFileSystem } from '#os/linux/files/durable.ts';
import { openRoot, writeInRoot } from '#os/linux/files/inroot.ts';
import type { PartHandler } from '../handler.ts';
import type { Paths } from '../paths.ts';
import { makeDistribution } from './distribution.ts';
import { listIds, removeFiles } from './files.ts';
import { discardLost, keepLost } from './lost.ts';

type Progress = (text: string) => void;

interface Filling {
	readonly progress: Progress;
	readonly signal: AbortSignal | undefined;
}

/** Upstream servers of systemd-resolved; its own address is of no use in another network stack. */
const RESOLVED = '/run/systemd/resolve/resolv.conf';

export class LinuxImages implements PartHandler<'image-files'> {
	readonly #paths: Paths;
	readonly #patience: number;

	/** @param patience milliseconds that a server of archives or packages may take to connect, and between two pieces of data */
	constructor(paths: Paths, patience = PATIENCE) {
		this.#paths = paths;
		this.#patience = patience;
	}

	async make(part: ImageFilesPart, { progress = () => {}, signal }: ApplyOptions): Promise<void> {
		const place = this.#paths.image(part.image);
		if (existsSync(place)) return;
		const partial = `${place}.partial`;
		try {
			// Only root goes below: what is setuid in an image must not be within reach of the host's users.
			mkdirSync(this.#paths.images(), { recursive: true, mode: 0o700 });
			mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
			await removeFiles(partial);
			await this.#fill(part, partial, { progress, signal });
			signal?.throwIfAborted();
			copyFromHost(part, partial, progress);
			// After a power failure a name without its data would be an image with empty files.
			await syncFileSystem(partial);
			await rename(partial, place);
		} catch (error) {
			// What cannot be removed now is seen by the next observation; the reason of the failure is worth more.
			await this.unmake(part).catch(() => {});
			throw error;
		}
	}

	async unmake({ image }: ImageFilesPart, { lost }: ApplyOptions = {}): Promise<void> {
		const place = dirname(this.#paths.image(image));
		const one = { kind: 'image', id: image } as const;
		if (lost === 'discard') return discardLost(this.#paths, one);
		if (lost === 'keep' && existsSync(this.#paths.image(image))) return keepLost(this.#paths, one, place);
		await removeFiles(place);
	}

	describe(verb: 'make' | 'unmake', { image, source, dns, localtime }: ImageFilesPart): string[] {
		const place = this.#paths.image(image);
		if (verb === 'unmake') return [`rm -rf ${dirname(place)}`];
		return [
			source.kind === 'archive' ? `tar -xf ${source.url} -C ${place}` : `mmdebstrap --variant=extract ... ${place}`,
			...(dns ? [`cp /etc/resolv.conf ${place}/etc/resolv.conf`] : []),
			...(localtime ? [`cp /etc/localtime ${place}/etc/localtime`] : []),
		];
	}

	/** Ids of images that have files, complete or left over from a daemon that was killed. */
	observe(): string[] {
		return listIds(this.#paths.images());
	}

	async #fill({ source, update }: ImageFilesPart, partial: string, { progress, signal }: Filling): Promise<void> {
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
		const archive = await openSource(source.url, { signal, patience: this.#patience });
		progress('Unpacking contents and creating image...\n');
		await mkdir(partial, { mode: 0o755 });
		const onProgress = (entries: number) => progress(`Extracted ${entries} files...\n`);
		const { devices, capabilitiesLost } = await extractArchive(archive, partial, { onProgress, signal });
		if (devices > 0) progress(`Left out ${devices} device nodes: a container has a /dev of its own.\n`);
		if (capabilitiesLost > 0)
			progress(`Left out the capabilities of ${capabilitiesLost} files: they could not be read.\n`);
		progress('Succesfully extracted binaries, creating image...\n');
	}
}

function copyFromHost({ dns, localtime }: ImageFilesPart, partial: string, progress: Progress): void {
	const files = [...(dns ? ['/etc/resolv.conf'] : []), ...(localtime ? ['/etc/localtime'] : [])];
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
