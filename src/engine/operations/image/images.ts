import { KleeneError } from '#errors/kleene-error.ts';
import { newId } from '#model/ids.ts';
import { EMPTY_CONFIG, type Image, type ImageSource } from '#model/image.ts';
import { make } from '#model/step.ts';
import type { StoreChange } from '#model/store-change.ts';
import type { EngineContext } from '../../context.ts';
import { findImage, noSuchImage, parseNametag } from '../../identify.ts';
import { imageLock } from '../../locks.ts';
import type { Layers } from './layers.ts';

export interface ImageRequest {
	readonly source: ImageSource | { readonly kind: 'empty' };
	/** `''`: untagged, or named after the release with `autotag`. */
	readonly tag: string;
	readonly autotag: boolean;
	readonly dns: boolean;
	readonly localtime: boolean;
	readonly update: boolean;
	/** Of its layer, for the cache of builds. */
	readonly cacheKey?: string;
	/** Of the image and its layer. */
	readonly id?: string;
}

/** An image to be made of layers. */
export interface NewImage extends Pick<Image, 'layer' | 'config'>, Partial<Pick<Image, 'id' | 'history' | 'digest'>> {
	/** `NAME[:TAG]`; `''`: untagged. */
	readonly nametag: string;
}

/** The command of a base image: the thin-VM pattern. */
const BASE_COMMAND = ['/bin/sh', '/etc/rc'];

export class ImageOperations {
	readonly #context: EngineContext;
	readonly #layers: Layers;

	constructor(context: EngineContext, layers: Layers) {
		this.#context = context;
		this.#layers = layers;
	}

	list(): Image[] {
		return this.#context.store.images.list();
	}

	inspect(identifier: string): Image {
		return findImage(this.#context.store, identifier);
	}

	/**
	 * @param progress called with text for the user while it goes on
	 * @param signal undoes what is made so far; its reason is thrown
	 */
	async create(request: ImageRequest, progress: (text: string) => void, signal?: AbortSignal): Promise<string> {
		const { driver, executor } = this.#context;
		const { source, dns, localtime, update, cacheKey = '' } = request;
		const automatic = request.autotag && request.tag === '' && source.kind === 'distribution';
		const nametag = automatic ? driver.facts().release.replaceAll(' ', '-') : request.tag;
		const base = source.kind === 'empty' ? {} : { cmd: BASE_COMMAND, user: 'root' };
		// The layer of a base image has the id of the image.
		const layer = this.#layers.draft(null, { cacheKey, ...(request.id === undefined ? {} : { id: request.id }) });
		const { id } = layer;
		const image = this.draft({ id, nametag, layer: id, config: { ...EMPTY_CONFIG, ...base } });
		const wanted = { source, dns, localtime, ...(update ? { update } : {}) };
		const steps = [make({ kind: 'layer', layer: id, below: [], ...wanted })];
		const done: StoreChange[] = [
			{ kind: 'layer-created', layer },
			{ kind: 'image-created', image },
		];
		await executor.build({ subject: `image ${id}`, steps, done }, { progress, ...(signal ? { signal } : {}) });
		return id;
	}

	/** Validates and completes an image of layers. Nothing is stored yet. */
	draft({ nametag, ...made }: NewImage): Image {
		const { driver, timestamp } = this.#context;
		const { name, tag } = parseNametag(nametag);
		this.#requireFreeName(name);
		const dataset = `${driver.facts().places.layers}/${made.layer}`;
		return { id: newId(), history: [], digest: '', ...made, name, tag, created: timestamp(), dataset };
	}

	/**
	 * Finds the image that these layers and settings have made before: one of that name, or one that has none.
	 *
	 * @param wanted without a name: whatever name it has
	 */
	alike({ nametag, layer, config, history = [] }: NewImage): Image | undefined {
		const { name, tag } = parseNametag(nametag);
		const content = (one: Pick<Image, 'config' | 'history'>) =>
			JSON.stringify([one.config, one.history.map(({ instruction, layer }) => [instruction, layer])]);
		const wanted = content({ config, history });
		const same = this.#context.store.images.ofLayer(layer).filter((image) => content(image) === wanted);
		const named = same.find((image) => image.name === name && image.tag === tag);
		return named ?? same.find((image) => name === '' || image.name === '');
	}

	/** Records an image whose layers are there: from now on they stay. Another image with its nametag loses that. */
	record(image: Image): void {
		this.#context.recorder.record([{ kind: 'image-created', image }]);
	}

	/** @returns the identifier as given, as the contract has it. */
	async remove(identifier: string): Promise<string> {
		const { store, locks } = this.#context;
		const message = `Error: No such image: ${identifier}\n`;
		const { id } = findImage(store, identifier, message);
		await locks.run(imageLock(id), async () => {
			const image = store.images.get(id);
			if (!image) throw noSuchImage(identifier, message);
			const users = store.images.containersOf(id);
			if (users.length > 0) throw inUse(image, users);
			if (!(await this.#discard(image))) throw inBuild(image);
		});
		return identifier;
	}

	/**
	 * The row goes first, so that a container recorded meanwhile is refused. Callers hold the lock of the image,
	 * found unused.
	 *
	 * @returns false where a build uses it: it stays
	 */
	#discard({ id, layer }: Image): Promise<boolean> {
		const { executor, holds } = this.#context;
		return this.#layers.releasing(layer, { image: id }, async ({ begun: released, steps }) => {
			if (holds.has('image', id)) return false;
			const begun = [{ kind: 'image-removed', image: id } as const, ...released];
			await executor.teardown({ subject: `image ${id}`, chains: [steps], begun, done: [] });
			return true;
		});
	}

	/** Removes images that no container was made from and no build uses: untagged ones, or all. */
	async prune(all: boolean): Promise<string[]> {
		const { store, locks } = this.#context;
		const removed: string[] = [];
		for (const { id } of store.images.list())
			await locks.run(imageLock(id), async () => {
				const image = store.images.get(id);
				if (!image || !(all || image.name === '') || store.images.containersOf(id).length > 0) return;
				if (await this.#discard(image)) removed.push(id);
			});
		return removed;
	}

	tag(identifier: string, nametag: string): string {
		const { store } = this.#context;
		const image = findImage(store, identifier);
		const { name, tag } = parseNametag(nametag);
		this.#requireFreeName(name, image.id);
		store.images.setNametag(image.id, name, tag);
		return image.id;
	}

	/** The id of another image is no name: a command that names that one would get this one. Nametags move, so they are free. */
	#requireFreeName(name: string, id?: string): void {
		const holder = this.#context.store.images.get(name);
		if (!holder || holder.id === id) return;
		throw new KleeneError({
			code: 'NAME_TAKEN',
			what: `cannot use the name ${name}`,
			why: `it is the id of ${holder.name === '' ? 'another image' : `image ${holder.name}:${holder.tag}`}`,
			hint: 'choose another name',
		});
	}
}

function inBuild({ id, name }: Image): KleeneError {
	return new KleeneError({
		code: 'IN_USE',
		what: `cannot remove image ${name || id}`,
		why: 'a build uses it',
		hint: 'wait until the build has ended',
	});
}

function inUse({ id, name }: Image, users: readonly string[]): KleeneError {
	return new KleeneError({
		code: 'IN_USE',
		what: `cannot remove image ${name || id}`,
		why: `containers were made from it: ${users.join(', ')}`,
		hint: 'remove them first with "klee rmc"',
		message: `could not remove image ${id} since it is used for containers:\n${users.join('\n')}`,
	});
}
