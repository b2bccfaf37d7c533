import { CLOSE } from '#api/frames.ts';
import type { Image, ImageCreateConfig } from '#api/images.ts';
import type { IdResponse } from '#api/shapes.ts';
import type { HttpTransport } from './http.ts';
import { failureOf, openWire } from './wire.ts';

export interface ImagesClient {
	list(): Promise<Image[]>;
	inspect(image: string): Promise<Image>;
	/** @returns the identifier as given, or the id: as the daemon answers */
	remove(image: string): Promise<string>;
	/** @returns the full id */
	tag(image: string, nametag: string): Promise<string>;
	/** @param options.all tagged ones too */
	prune(options: { readonly all: boolean }): Promise<string[]>;
	/**
	 * @param onProgress text as it comes, in pieces of any size
	 * @returns the id, when the image is there
	 */
	create(config: ImageCreateConfig, onProgress: (text: Buffer) => void): Promise<string>;
}

export function imagesClient(http: HttpTransport): ImagesClient {
	return {
		list: () => http.call<Image[]>({ method: 'GET', path: ['images', 'list'], doing: 'list images' }),
		inspect: (image) =>
			http.call<Image>({ method: 'GET', path: ['images', image, 'inspect'], doing: `inspect image ${image}` }),
		remove: async (image) =>
			(await http.call<IdResponse>({ method: 'DELETE', path: ['images', image], doing: `remove image ${image}` })).id,
		tag: async (image, nametag) =>
			(
				await http.call<IdResponse>({
					method: 'POST',
					path: ['images', image, 'tag'],
					query: { nametag },
					doing: `tag image ${image}`,
				})
			).id,
		prune: ({ all }) =>
			http.call<string[]>({ method: 'POST', path: ['images', 'prune'], query: { all }, doing: 'remove unused images' }),
		create: (config, onProgress) => createImage(http, config, onProgress),
	};
}

async function createImage(
	http: HttpTransport,
	configuration: ImageCreateConfig,
	onProgress: (text: Buffer) => void,
): Promise<string> {
	let started = false;
	const wire = await openWire(http, {
		path: '/images/create',
		configuration,
		onFrame: (data) => {
			if (started) onProgress(data);
			started = true;
		},
	});
	const ending = await wire.ended;
	if (ending.code === CLOSE.finished && ending.reason) return ending.reason.data;
	throw failureOf(ending, 'image creation failed');
}
