/** Archives of images on their way in and out, in files of their own. */
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { KleeneError } from '#errors/kleene-error.ts';
import { newId } from '#model/ids.ts';
import type { IncomingImage, Received } from '#model/registry/remote-image.ts';
import { type RegistryPlaces, removeData } from './places.ts';
import { type Recognised, recognise } from './recognition.ts';

export class Archives {
	readonly #places: RegistryPlaces;

	constructor(places: RegistryPlaces) {
		this.#places = places;
	}

	/** A path for an archive, below a directory that a daemon empties when it starts. */
	place(): string {
		mkdirSync(this.#places.layouts(), { recursive: true, mode: 0o700 });
		return `${this.#places.layout(newId())}.tar`;
	}

	/** The content of a file, which is removed afterwards. */
	async *content(path: string): AsyncGenerator<Buffer> {
		try {
			yield* createReadStream(path, { highWaterMark: 256 * 1024 });
		} finally {
			await removeData(path);
		}
	}

	/** @throws KleeneError for what is no archive of images */
	async receive(data: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<Received> {
		const path = this.place();
		const forget = () => removeData(path);
		try {
			await pipeline(data, createWriteStream(path, { mode: 0o600 }), signal ? { signal } : {});
			const recognised = await recognise(path);
			if (!recognised) throw noArchive();
			return { images: imagesIn(path, recognised), forget };
		} catch (error) {
			await forget();
			throw error;
		}
	}

	/** Images in an archive on the host; undefined where it is none of images, or not here. @param url `file:///path` */
	async look(url: string): Promise<readonly IncomingImage[] | undefined> {
		const path = pathOf(url);
		const recognised = path === undefined ? undefined : await recognise(path);
		return path !== undefined && recognised ? imagesIn(path, recognised) : undefined;
	}
}

function imagesIn(path: string, { format, images }: Recognised): IncomingImage[] {
	// It ends the path in the words of skopeo.
	if (path.includes(':'))
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: `cannot load ${path}`,
			why: 'skopeo does not support a path with a colon',
			hint: 'give the archive another name',
		});
	return images.map(({ reference, nametag }) => {
		const chosen = reference === undefined ? {} : { name: reference };
		return { location: { kind: 'archive', format, path, ...chosen }, nametag };
	});
}

function pathOf(url: string): string | undefined {
	if (!/^file:\/{3}/i.test(url)) return undefined;
	try {
		return fileURLToPath(url);
	} catch {
		return undefined;
	}
}

function noArchive(): KleeneError {
	return new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: 'cannot load the archive',
		why: 'it is neither an OCI archive nor one of "docker save", or it is truncated',
		hint: 'compare its size with that of the original; an archive of a root file system becomes an image with "klee image create fetch URL"',
	});
}
