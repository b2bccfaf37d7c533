/** Data of images on their way: fetched by skopeo into a layout of its own for each. */
import { mkdirSync } from 'node:fs';
import type { LayoutPart } from '#model/parts/layout.ts';
import type { ImageLocation } from '#model/registry/remote-image.ts';
import type { ApplyOptions } from '../driver.ts';
import { FetchWatch } from './fetch-watch.ts';
import { IN_LAYOUT, makeLayout } from './layout.ts';
import { type RegistryPlaces, removeData } from './places.ts';
import type { Skopeo } from './skopeo.ts';

export class Layouts {
	readonly #places: RegistryPlaces;
	readonly #skopeo: Skopeo;

	constructor(places: RegistryPlaces, skopeo: Skopeo) {
		this.#places = places;
		this.#skopeo = skopeo;
	}

	async make(
		{ layout, location, skip, fetch = [] }: LayoutPart,
		{ progress = () => {}, signal }: ApplyOptions,
	): Promise<void> {
		const place = this.#places.layout(layout);
		try {
			await removeData(place);
			mkdirSync(this.#places.layouts(), { recursive: true, mode: 0o700 });
			makeLayout(place, skip);
			const watch = new FetchWatch(place, fetch, progress);
			const words = [...insecure(location), skopeoName(location), `oci:${place}:${IN_LAYOUT}`];
			const what = `cannot ${location.kind === 'registry' ? 'pull' : 'load'} ${titleOf(location)}`;
			try {
				await this.#skopeo.copy(words, what, { signal, onOutput: (line) => watch.onOutput(line) });
				watch.close(true);
			} finally {
				watch.close(false);
			}
		} catch (error) {
			await removeData(place).catch(() => {});
			throw error;
		}
	}

	async unmake({ layout }: LayoutPart): Promise<void> {
		await removeData(this.#places.layout(layout));
	}

	describe(verb: 'make' | 'unmake', { layout, location }: LayoutPart): string[] {
		const place = this.#places.layout(layout);
		return [verb === 'make' ? `skopeo copy ${skopeoName(location)} oci:${place}:${IN_LAYOUT}` : `rm -rf ${place}`];
	}

	/** What a daemon that was killed left: nothing stands on it. */
	async clear(): Promise<void> {
		await removeData(this.#places.layouts());
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
