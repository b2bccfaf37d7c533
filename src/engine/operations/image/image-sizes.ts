import { messageOf } from '#errors/kleene-error.ts';
import type { Image } from '#model/image.ts';
import type { EngineContext } from '../../context.ts';

/** A step in the making of an image with what it added. */
export interface HistoryView {
	/** `''`: a layer that nothing is told of. */
	readonly instruction: string;
	/** Id; `''`: it changed the configuration alone. */
	readonly layer: string;
	readonly created: string;
	/** Bytes; null: unknown. */
	readonly size: number | null;
}

export interface ImageView {
	readonly image: Image;
	/** Bytes of all its layers, shared ones too; null: unknown. */
	readonly size: number | null;
	/** Oldest first, with every layer. */
	readonly history: readonly HistoryView[];
}

/** Images that a prune would remove, and the bytes that would be free afterwards. */
export interface Prunable {
	readonly images: readonly Image[];
	readonly bytes: number;
}

/** Sizes of layers are measured when they are asked for the first time, and kept: layers do not change. */
export class ImageSizes {
	readonly #context: EngineContext;

	constructor(context: EngineContext) {
		this.#context = context;
	}

	async views(images: readonly Image[]): Promise<ImageView[]> {
		const { layers } = this.#context.store;
		await this.#measure(images.flatMap(({ layer }) => layers.chainIds(layer)));
		return images.map((image) => this.#view(image));
	}

	#view(image: Image): ImageView {
		const chain = this.#context.store.layers.chain(image.layer).toReversed();
		const sizes = new Map(chain.map(({ id, size }) => [id, size]));
		const told = new Set(image.history.map(({ layer }) => layer));
		const untold = chain.filter(({ id }) => !told.has(id));
		const whole = chain.every(({ size }) => size !== null);
		return {
			image,
			size: whole ? chain.reduce((total, { size }) => total + (size ?? 0), 0) : null,
			history: [
				...untold.map(({ id, created, size }) => ({ instruction: '', layer: id, created, size })),
				...image.history.map((entry) => ({
					...entry,
					size: entry.layer === '' ? 0 : (sizes.get(entry.layer) ?? null),
				})),
			],
		};
	}

	/** Where the host cannot tell, it is asked again the next time. */
	async #measure(ids: readonly string[]): Promise<void> {
		const { store, driver, log } = this.#context;
		const unknown = [...new Set(ids)].filter((id) => store.layers.get(id)?.size === null);
		if (unknown.length === 0) return;
		try {
			for (const [id, size] of await driver.transport.measure(unknown)) store.layers.setSize(id, size);
		} catch (error) {
			log.warn({ error: messageOf(error) }, 'cannot measure layers');
		}
	}

	/** Of images that no container was made from, and that no build under way uses. @param all tagged ones too */
	async prunable(all: boolean): Promise<Prunable> {
		const { store, holds } = this.#context;
		const chainOf = (layer: string) => store.layers.chainIds(layer);
		const isUsed = (id: string) => holds.has('image', id) || store.images.containersOf(id).length > 0;
		const goes = ({ id, name }: Image) => (all || name === '') && !isUsed(id);
		const images = store.images.list();
		const [going, staying] = [images.filter(goes), images.filter((image) => !goes(image))];
		const kept = [...staying, ...store.containers.list()].flatMap(({ layer }) => chainOf(layer));
		const free = new Set(going.flatMap(({ layer }) => chainOf(layer))).difference(new Set(kept));
		await this.#measure([...free]);
		const bytes = [...free].reduce((total, id) => total + (store.layers.get(id)?.size ?? 0), 0);
		return { images: going, bytes };
	}
}
