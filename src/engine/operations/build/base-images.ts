import { isKleeneError, KleeneError } from '#errors/kleene-error.ts';
import { newId } from '#model/ids.ts';
import { EMPTY_CONFIG } from '#model/image.ts';
import { requireImage } from '../../identify.ts';
import type { ImageOperations, ImageRequest } from '../image/images.ts';
import type { BuildHold } from './build-hold.ts';
import type { BuildTools } from './builder.ts';
import type { StageState } from './stage-build.ts';

/** Images that the stages of one build begin with or copy from. They stay until the build has ended. */
export class BaseImages {
	readonly #tools: BuildTools;
	readonly #images: ImageOperations;
	readonly #hold: BuildHold;

	constructor(tools: BuildTools, images: ImageOperations, hold: BuildHold) {
		this.#tools = tools;
		this.#images = images;
		this.#hold = hold;
	}

	/** @throws KleeneError NO_SUCH_IMAGE */
	image(reference: string): StageState {
		const { store, driver } = this.#tools.context;
		try {
			const { image, layer } = requireImage(store, reference, driver.facts());
			this.#hold.image(image.id);
			return { image, layer, config: image.config };
		} catch (error) {
			throw isKleeneError(error) && error.code === 'NO_SUCH_IMAGE' ? imageMissing(reference, error) : error;
		}
	}

	/** An image of one empty layer, made once. */
	async scratch(): Promise<StageState> {
		const { context, layers } = this.#tools;
		const found = layers.cached(null, SCRATCH.cacheKey);
		const image = found && context.store.images.ofLayer(found.id)[0];
		const id = image?.id ?? newId();
		this.#hold.image(id);
		if (!image) await this.#images.create({ ...SCRATCH, id }, () => {});
		return { ...this.image(id), config: EMPTY_CONFIG };
	}
}

/** The image of one empty layer of `FROM scratch`. */
const SCRATCH: ImageRequest & { readonly cacheKey: string } = {
	source: { kind: 'empty' },
	cacheKey: 'scratch',
	tag: '',
	...{ autotag: false, dns: false, localtime: false, update: false },
};

/** In the words of the wire contract. FROM does not pull. */
function imageMissing(reference: string, { why }: KleeneError): KleeneError {
	const [, snapshot] = reference.split('@', 2);
	return new KleeneError({
		code: 'NO_SUCH_IMAGE',
		what: `cannot use image ${reference}`,
		why: snapshot === undefined ? 'there is no such image' : why,
		hint: `pull it with "klee pull ${reference}", or see "klee image ls" for those that are there`,
		message: snapshot === undefined ? `could not find image ${reference}` : `invalid snapshot @${snapshot}`,
	});
}
