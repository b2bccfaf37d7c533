import { KleeneError } from '#errors/kleene-error.ts';
import { newId } from '#model/ids.ts';
import type { Image, ImageSource } from '#model/image.ts';
import { make, unmake } from '#model/step.ts';
import type { EngineContext } from '../context.ts';
import { findImage, parseNametag } from '../identify.ts';

export interface ImageRequest {
	readonly source: ImageSource;
	/** `''`: untagged, or named after the release with `autotag`. */
	readonly tag: string;
	readonly autotag: boolean;
	readonly dns: boolean;
	readonly localtime: boolean;
	readonly update: boolean;
}

/** The command of a base image: the thin-VM pattern. */
const BASE_COMMAND = ['/bin/sh', '/etc/rc'];

export class ImageOperations {
	readonly #context: EngineContext;

	constructor(context: EngineContext) {
		this.#context = context;
	}

	list(): Image[] {
		return this.#context.store.images.list();
	}

	inspect(identifier: string): Image {
		return findImage(this.#context.store, identifier);
	}

	/** @param progress called with text for the user while it goes on. */
	async create(request: ImageRequest, progress: (text: string) => void): Promise<string> {
		const { store, driver, executor, timestamp, log } = this.#context;
		const { source, dns, localtime, update } = request;
		const { release, places } = driver.facts();
		const automatic = request.autotag && request.tag === '' && source.kind === 'distribution';
		const nametag = parseNametag(automatic ? release.replaceAll(' ', '-') : request.tag);
		const id = newId();
		const image: Image = {
			id,
			...nametag,
			cmd: BASE_COMMAND,
			env: [],
			user: 'root',
			instructions: [],
			created: timestamp(),
			dataset: `${places.images}/${id}`,
		};
		const wanted = { source, dns, localtime, ...(update ? { update } : {}) };
		const steps = [make({ kind: 'image-files', image: id, ...wanted })];
		await executor.build({ subject: `image ${id}`, steps }, () => store.images.insert(image), { progress });
		log.info({ image: id, ...nametag }, 'image created');
		return id;
	}

	/** @returns the identifier as given, as the contract has it. */
	async remove(identifier: string): Promise<string> {
		const { store } = this.#context;
		const image = findImage(store, identifier, `Error: No such image: ${identifier}\n`);
		await this.#discard(image);
		return identifier;
	}

	#discard(image: Image): Promise<void> {
		const { store, executor, locks } = this.#context;
		return locks.run(`image ${image.id}`, async () => {
			const users = store.images.containersOf(image.id);
			if (users.length > 0)
				throw new KleeneError({
					code: 'IN_USE',
					what: `cannot remove image ${image.name || image.id}`,
					why: `containers were made from it: ${users.join(', ')}`,
					mend: 'remove them first with "klee rmc"',
					message: `could not remove image ${image.id} since it is used for containers:\n${users.join('\n')}`,
				});
			const source: ImageSource = { kind: 'distribution' };
			const steps = [unmake({ kind: 'image-files', image: image.id, source, dns: false, localtime: false })];
			await executor.teardown({ subject: `image ${image.id}`, steps }, () => store.images.delete(image.id));
		});
	}

	/** Removes images that no container was made from: untagged ones, or all. */
	async prune(all: boolean): Promise<string[]> {
		const { store } = this.#context;
		const candidates = store.images
			.list()
			.filter(({ name, id }) => (all || name === '') && store.images.containersOf(id).length === 0);
		for (const image of candidates) await this.#discard(image);
		return candidates.map(({ id }) => id);
	}

	tag(identifier: string, nametag: string): string {
		const { store } = this.#context;
		const image = findImage(store, identifier);
		const { name, tag } = parseNametag(nametag);
		store.images.setNametag(image.id, name, tag);
		return image.id;
	}
}
