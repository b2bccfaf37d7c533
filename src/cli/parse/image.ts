import type { ImageCreateConfig } from '#api/images.ts';
import { usageError } from '../failure.ts';

export interface ImageCreateOptions {
	readonly tag?: string;
	readonly dns: boolean;
	readonly localtime: boolean;
	readonly update: boolean;
	readonly autotag: boolean;
}

/** Method and, for all but `fetch-auto`, source: a URL for `fetch`, a dataset for the others. */
export function imageConfig(
	method: ImageCreateConfig['method'],
	source: string | undefined,
	options: ImageCreateOptions,
): ImageCreateConfig {
	const automatic = method === 'fetch-auto';
	if (!automatic && source === undefined)
		throw usageError(
			`The SOURCE argument is needed when creating images using the '${method}' method.`,
			'nothing says what the image is made of',
			method === 'fetch' ? 'add a URL, e.g. file:///root/base.txz' : 'add the name of a dataset',
		);
	return {
		method,
		tag: options.tag ?? '',
		url: method === 'fetch' ? (source ?? '') : '',
		zfs_dataset: method.startsWith('zfs-') ? (source ?? '') : '',
		dns: options.dns,
		localtime: options.localtime,
		update: options.update,
		autotag: automatic && options.autotag && options.tag === undefined,
	};
}
