import { CLOSE, STREAMS_SUBPROTOCOL } from '#api/frames.ts';
import type { Image, ImageCreateConfig } from '#api/images.ts';
import type { IdResponse } from '#api/shapes.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import type { HttpTransport } from './http.ts';
import { refusalInFrame } from './refusal.ts';
import { type Ending, failureOf, openWire, parseMessage, type Wire } from './wire.ts';

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
	let wire: Wire | undefined;
	let refusal: KleeneError | undefined;
	const progress = new Progress(onProgress, () => wire?.isEnding() === true);
	wire = await openWire(http, {
		path: '/images/create',
		subprotocol: STREAMS_SUBPROTOCOL,
		configuration,
		onFrame: (data) => {
			refusal = wire?.agreed ? refusalIn(data) : undefined;
			if (!refusal) progress.take(data);
		},
	});
	const ending = await wire.ended;
	if (ending.code === CLOSE.finished && ending.reason) {
		progress.flush();
		return ending.reason.data;
	}
	if (refusal) progress.flush();
	throw refusal ?? failureFrom(ending, progress);
}

/** The whole refusal, from daemons that know our frames. */
function refusalIn(frame: Buffer): KleeneError | undefined {
	const message = parseMessage(frame.toString('utf8'));
	if (message?.msg_type !== 'error') return undefined;
	const told = refusalInFrame(message.data, 'create the image');
	return told && new KleeneError({ code: told.code, what: FAILED, why: `${told.what}: ${told.why}`, hint: told.hint });
}

const FAILED = 'image creation failed';

/** The frame before the end has the whole reason, where the close frame has room for its beginning. */
function failureFrom(ending: Ending, progress: Progress): KleeneError {
	const failure = failureOf(ending, FAILED);
	const beginning = failure.message.replace(`${FAILED}: `, '').replace(/…$/, '');
	const lastFrame = progress.held?.toString('utf8').trimEnd() ?? '';
	if (lastFrame === '' || !lastFrame.startsWith(beginning)) {
		progress.flush();
		return failure;
	}
	progress.drop();
	const [, why = lastFrame, hint = failure.hint] = /^(.*?)(?:\nhint: (.*))?$/s.exec(lastFrame) ?? [];
	return new KleeneError({ code: 'IMAGE_FAILED', what: FAILED, why, hint });
}

/** Longer than a reason and the close frame that follows it are apart, shorter than anybody notices. */
const HOLD_MILLISECONDS = 20;

/** Progress but for the starting frame and, where it can be told, the reason of a failure. */
class Progress {
	readonly #onProgress: (text: Buffer) => void;
	#started = false;
	/** The last frame, not yet passed on. */
	held: Buffer | undefined;
	#timer: NodeJS.Timeout | undefined;
	readonly #isOver: () => boolean;

	/** @param isOver whether no frame follows: the end then says what the last one was */
	constructor(onProgress: (text: Buffer) => void, isOver: () => boolean) {
		this.#onProgress = onProgress;
		this.#isOver = isOver;
	}

	take(frame: Buffer): void {
		this.flush();
		if (this.#started) this.held = frame;
		this.#started = true;
		this.#timer = setTimeout(() => {
			if (!this.#isOver()) this.flush();
		}, HOLD_MILLISECONDS);
	}

	flush(): void {
		const { held } = this;
		this.drop();
		if (held) this.#onProgress(held);
	}

	drop(): void {
		clearTimeout(this.#timer);
		this.held = undefined;
	}
}
