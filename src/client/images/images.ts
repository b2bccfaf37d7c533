import type { Readable } from 'node:stream';
import type {
	Image,
	ImageCreateConfig,
	ImagePullConfig,
	ImagePushConfig,
	PrunableImages,
	RegistryLogin,
} from '#api/images.ts';
import { TAR } from '#api/media-types.ts';
import type { IdResponse } from '#api/shapes.ts';
import type { HttpTransport } from '../http.ts';
import { streamImage } from './image-streams.ts';

export interface ImagesClient {
	list(): Promise<Image[]>;
	inspect(image: string): Promise<Image>;
	/** @returns the identifier as given, or the id: as the daemon answers */
	remove(image: string): Promise<string>;
	/** @returns the full id */
	tag(image: string, nametag: string): Promise<string>;
	/** @param options.all tagged ones too */
	prune(options: { readonly all: boolean }): Promise<string[]>;
	/** What `prune` would do. */
	prunable(options: { readonly all: boolean }): Promise<PrunableImages>;
	/**
	 * @param onProgress text as it comes, in pieces of any size
	 * @returns the id, when the image is there
	 */
	create(config: ImageCreateConfig, onProgress: (text: Buffer) => void): Promise<string>;
	/** @returns the id */
	pull(config: ImagePullConfig, onProgress: (text: Buffer) => void): Promise<string>;
	/** @returns the digest of the manifest */
	push(config: ImagePushConfig, onProgress: (text: Buffer) => void): Promise<string>;
	/** Checks credentials with a registry; the daemon keeps them. */
	login(login: RegistryLogin): Promise<void>;
	logout(registry: string): Promise<void>;
	/** An image as an archive, in pieces. */
	save(image: string, format: 'docker' | 'oci'): AsyncGenerator<Buffer>;
	/** Images of an archive. @returns their ids */
	load(archive: Readable): Promise<string[]>;
}

const CREATION = {
	path: '/images/create',
	failed: 'image creation failed',
	doing: 'create the image',
	headed: true,
};
const PULL = { path: '/images/pull', failed: 'pull failed', doing: 'pull the image' };
const PUSH = { path: '/images/push', failed: 'push failed', doing: 'push the image' };

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
		prunable: ({ all }) =>
			http.call<PrunableImages>({
				method: 'GET',
				path: ['images', 'prunable'],
				query: { all },
				doing: 'list unused images',
			}),
		prune: ({ all }) =>
			http.call<string[]>({ method: 'POST', path: ['images', 'prune'], query: { all }, doing: 'remove unused images' }),
		create: (configuration, onProgress) => streamImage(http, { ...CREATION, configuration }, onProgress),
		pull: (configuration, onProgress) => streamImage(http, { ...PULL, configuration }, onProgress),
		push: (configuration, onProgress) => streamImage(http, { ...PUSH, configuration }, onProgress),
		login: async (body) => {
			await http.call({ method: 'POST', path: ['registries', 'login'], body, doing: `log in to ${body.registry}` });
		},
		save: (image, format) =>
			http.stream({
				method: 'GET',
				path: ['images', image, 'archive'],
				query: { format },
				doing: `save image ${image}`,
			}),
		load: async (archive) => {
			const call = { method: 'POST', path: ['images', 'load'], doing: 'load the archive' } as const;
			return JSON.parse(await http.upload(call, TAR, archive)) as string[];
		},
		logout: async (registry) => {
			const path = ['registries', 'logout'];
			await http.call({ method: 'POST', path, query: { registry }, doing: `log out of ${registry}` });
		},
	};
}
