/** Data of images on their way: fetched by skopeo into a layout of its own for each. */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { ApplyOptions } from '#host/driver.ts';
import type { LayoutPart } from '#model/parts/layout.ts';
import type { Blob, ImageLocation } from '#model/registry/remote-image.ts';
import type { PartHandler } from '../handler.ts';
import type { Paths } from '../paths.ts';
import { listNames, removeFiles } from '../storage/files.ts';
import { IN_LAYOUT, makeLayout } from './layout.ts';
import type { Skopeo } from './skopeo.ts';

/** Milliseconds between two looks at how much has come. */
const LOOK = 1000;

export class Layouts implements PartHandler<'layout'> {
	readonly #paths: Paths;
	readonly #skopeo: Skopeo;

	constructor(paths: Paths, skopeo: Skopeo) {
		this.#paths = paths;
		this.#skopeo = skopeo;
	}

	async make({ layout, location, skip }: LayoutPart, { progress = () => {}, signal }: ApplyOptions): Promise<void> {
		const place = this.#paths.layout(layout);
		try {
			await removeFiles(place);
			mkdirSync(this.#paths.layouts(), { recursive: true, mode: 0o700 });
			makeLayout(place, skip);
			const watch = new Watch(place, skip, progress);
			const words = [...insecure(location), skopeoName(location), `oci:${place}:${IN_LAYOUT}`];
			const what = `cannot ${location.kind === 'registry' ? 'pull' : 'load'} ${titleOf(location)}`;
			await this.#skopeo
				.copy(words, what, { signal, onOutput: (line) => watch.onOutput(line) })
				.finally(() => watch.close());
		} catch (error) {
			await removeFiles(place).catch(() => {});
			throw error;
		}
	}

	async unmake({ layout }: LayoutPart): Promise<void> {
		await removeFiles(this.#paths.layout(layout));
	}

	describe(verb: 'make' | 'unmake', { layout, location }: LayoutPart): string[] {
		const place = this.#paths.layout(layout);
		return [verb === 'make' ? `skopeo copy ${skopeoName(location)} oci:${place}:${IN_LAYOUT}` : `rm -rf ${place}`];
	}

	/** What a daemon that was killed left: nothing stands on it. */
	async clear(): Promise<void> {
		await removeFiles(this.#paths.layouts());
	}
}

export function insecure(location: ImageLocation): string[] {
	return location.kind === 'registry' && location.insecure ? ['--src-tls-verify=false'] : [];
}

/** In the words of containers-transports(5). */
export function skopeoName(location: ImageLocation): string {
	if (location.kind === 'registry') return `docker://${location.reference}`;
	const chosen = location.name === undefined ? '' : `:${location.name}`;
	return `${location.format}-archive:${location.path}${chosen}`;
}

export function titleOf(location: ImageLocation): string {
	return location.kind === 'registry' ? location.reference : location.path;
}

/** Tells which layers come, and how much of them has come. */
class Watch {
	readonly #blobs: string;
	readonly #skipped: number;
	readonly #skip: ReadonlySet<string>;
	readonly #progress: (text: string) => void;
	readonly #timer: NodeJS.Timeout;
	#told = 0;

	constructor(layout: string, skip: readonly Blob[], progress: (text: string) => void) {
		this.#blobs = join(layout, 'blobs', 'sha256');
		this.#skipped = skip.reduce((total, { size }) => total + size, 0);
		this.#skip = new Set(skip.map(({ digest }) => digest));
		this.#progress = progress;
		this.#timer = setInterval(() => this.#look(), LOOK);
	}

	onOutput(line: string): void {
		const [, digest] = /^Copying blob (sha256:[0-9a-f]{64})/.exec(line) ?? [];
		if (digest !== undefined && !this.#skip.has(digest)) this.#progress(`${shortDigest(digest)}: fetching\n`);
	}

	#look(): void {
		const sizes = listNames(this.#blobs).map(
			(name) => statSync(join(this.#blobs, name), { throwIfNoEntry: false })?.size ?? 0,
		);
		const megabytes = Math.floor((sizes.reduce((total, size) => total + size, 0) - this.#skipped) / 1_000_000);
		if (megabytes <= this.#told) return;
		this.#told = megabytes;
		this.#progress(`Fetched ${megabytes} MB...\n`);
	}

	close(): void {
		clearInterval(this.#timer);
	}
}

export function shortDigest(digest: string): string {
	return digest.replace('sha256:', '').slice(0, 12);
}
